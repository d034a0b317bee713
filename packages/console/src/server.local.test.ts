import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it, test } from 'vitest';
import { addressOf, newToken } from './address.ts';
import type { LiveMessage } from './api.ts';
import { bundleScript } from './files.ts';
import { answerConsole, type Console, Refused, type ServedFile } from './server.ts';

const servers: Server[] = [];
const token = newToken();

/** A console of nothing. */
async function serve(changes: Partial<Console> = {}): Promise<string> {
  const behind = { token, calls: {}, watch: () => () => {}, ...changes } as Console;
  const server = createServer((request, response) => void answerConsole(request, response, behind));
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const authorization = `Bearer ${token}`;
const ofPage = { authorization, 'content-type': 'application/json' };

async function call(origin: string, name: string, body: string, headers: Record<string, string> = ofPage) {
  const response = await fetch(`${origin}/console/call/${name}`, { method: 'POST', headers, body });
  return { status: response.status, ...((await response.json()) as { message: string }) };
}

it('every token is another one, and is in no request that a browser makes for the address', () => {
  expect(newToken()).not.toBe(newToken());
  expect(new URL(addressOf('http://127.0.0.1:4000', token)).href.split('#')[0]).toBe(
    'http://127.0.0.1:4000/',
  );
});

it.each<[what: string, name: string, body: string, headers: Record<string, string>, status: number]>([
  ['no such call', 'nothing', '{}', ofPage, 404],
  ['an object’s own name', 'constructor', '{}', ofPage, 404],
  ['no JSON', 'place', '{', ofPage, 400],
  ['too much', 'place', `{"a":"${'x'.repeat(2_600_000)}"}`, ofPage, 400],
  ['a member that is not asked for', 'place', '{"a":1}', ofPage, 400],
  ['another value', 'pay', '{"merchant":"acme","what":"everything"}', ofPage, 400],
  ['a form of another page', 'place', '{}', { authorization, 'content-type': 'text/plain' }, 415],
  ['no token', 'place', '{}', { 'content-type': 'application/json' }, 401],
  ['a part of the token', 'place', '{}', { ...ofPage, authorization: authorization.slice(0, -1) }, 401],
])('a call is refused: %s', async (_, name, body, headers, status) => {
  const answered = await call(await serve(), name, body, headers);
  expect(answered.status).toBe(status);
  expect(answered.message).not.toBe('');
});

it('why something is refused, or fails, is told', async () => {
  const refusing = await serve({
    calls: { place: () => Promise.reject(new Refused('Not now.')) } as unknown as Console['calls'],
  });
  expect(await call(refusing, 'place', '{}')).toEqual({ status: 409, message: 'Not now.' });
  const failing = await serve({
    calls: { place: () => Promise.reject(new Error('It broke.')) } as unknown as Console['calls'],
  });
  expect(await call(failing, 'place', '{}')).toEqual({ status: 502, message: 'It broke.' });
});

it('nothing is watched before a page asks, nor after it has gone', async () => {
  const watched = Promise.withResolvers<(message: LiveMessage) => void>();
  const stopped = Promise.withResolvers<void>();
  const origin = await serve({
    watch(tell, merchantId) {
      expect(merchantId).toBe('acme');
      watched.resolve(tell);
      return stopped.resolve;
    },
  });
  const leave = new AbortController();
  const listening = fetch(`${origin}/console/live?merchant=acme`, {
    headers: { authorization },
    signal: leave.signal,
  });
  (await watched.promise)({ troubles: ['It "rains".\n\n'] });
  const response = await listening;
  const reader = response.body?.getReader();
  const chunk = new TextDecoder().decode((await reader?.read())?.value);
  expect(chunk).toBe('data: {"troubles":["It \\"rains\\".\\n\\n"]}\n\n');
  leave.abort();
  await stopped.promise;
});

it('the page runs no script but its own, loads nothing from elsewhere, and is in no frame', async () => {
  const origin = await serve();
  for (const path of ['/', '/console/main.js', '/console/page.css']) {
    const response = await fetch(`${origin}${path}`);
    expect(response.status, path).toBe(200);
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
    expect(policy).toContain(
      "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html",
    );
    expect(response.headers.get('cache-control')).toBe('no-store');
  }
  const page = await (await fetch(`${origin}/`)).text();
  expect(page).not.toMatch(/<script(?! type="module" src="\/console\/main\.js">)|style=|\son\w+=/);
  expect((await fetch(`${origin}/console/..%2fpackage.json`)).status).toBe(404);
  expect((await fetch(`${origin}/`, { method: 'DELETE' })).status).toBe(405);
});

it('a file is shown in a frame of the page to who knows its address, and saved if it is no PDF', async () => {
  const files: Record<string, ServedFile> = {
    shown: { contentType: 'application/pdf', fileName: 'INV-1.pdf', content: Buffer.from('%PDF-') },
    saved: { contentType: 'application/xml', fileName: 'INV-1.xml', content: Buffer.from('<a/>') },
  };
  const origin = await serve({ fileAt: (key) => files[key] });
  const pdf = await fetch(`${origin}/console/file/shown`);
  expect(await pdf.text()).toBe('%PDF-');
  expect(pdf.headers.get('content-type')).toBe('application/pdf');
  expect(pdf.headers.get('content-disposition')).toBe('inline; filename="INV-1.pdf"');
  expect(pdf.headers.get('content-security-policy')).toBe("frame-ancestors 'self'");
  expect(pdf.headers.get('x-content-type-options')).toBe('nosniff');
  const xml = await fetch(`${origin}/console/file/saved`);
  expect(xml.headers.get('content-disposition')).toBe('attachment; filename="INV-1.xml"');
  expect((await fetch(`${origin}/console/file/guessed`)).status).toBe(404);
  expect((await fetch(`${origin}/`)).headers.get('content-security-policy')).toContain("frame-src 'self'");
});

test('the script has at most 150 KB, compressed', async () => {
  expect(gzipSync(await bundleScript()).length).toBeLessThan(150_000);
});
