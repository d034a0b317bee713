import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Checkout, git } from '../../../scripts/checkout.ts';
import { handlerEdit, sharedEdit, timeEdits } from './edits.ts';

const shared = 'packages/runtime/src/http/accessToken.ts';
const files = {
  [shared]: "export const sentence = 'Send a token.';\n",
  'packages/runtime/src/accessToken.test.ts': "expect(sentence).toBe('Send a token.');\n",
  [handlerEdit.path]:
    'export const handler = async (name: string) => ({ statusCode: 401, headers: { for: name } });\n',
};

let checkout: Checkout;
let url = '';
let stop = async () => {};

/** A service that has reloaded whenever it is asked. */
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'edits-'));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  git(folder, 'init', '--quiet');
  git(folder, 'add', '.');
  const load = async (path: string) =>
    import(
      `data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(await readFile(join(folder, path), 'utf8')))}`
    );
  const server = createServer(async (_request, response) => {
    const { handler } = await load(handlerEdit.path);
    const { sentence } = await load(shared);
    const { statusCode, headers } = await handler('nobody');
    response.writeHead(statusCode, headers).end(JSON.stringify({ detail: sentence }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  checkout = {
    folder,
    read: (path: string) => readFile(join(folder, path), 'utf8'),
    write: (path: string, text: string) => writeFile(join(folder, path), text),
  } as Checkout;
  stop = async () => {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true });
  };
});
afterAll(() => stop());

describe('edits', () => {
  it('of a handler are seen in its answers, which are otherwise as before, and taken back', async () => {
    const text = handlerEdit.change(files[handlerEdit.path] as string, 7);
    const { handler } = await import(
      `data:text/javascript,${encodeURIComponent(stripTypeScriptTypes(text))}`
    );
    expect(await handler('somebody')).toEqual({
      statusCode: 401,
      headers: { for: 'somebody', 'x-edited': '7' },
    });
    expect(await timeEdits(checkout, url, handlerEdit, 2)).toEqual([expect.any(Number), expect.any(Number)]);
    expect(await checkout.read(handlerEdit.path)).toBe(files[handlerEdit.path]);
  });

  it('of what is shared are made where the sentence stands that an answer has, and taken back', async () => {
    const edit = await sharedEdit(checkout, url);
    expect(edit.path).toBe(shared);
    expect(await timeEdits(checkout, url, edit, 2)).toEqual([expect.any(Number), expect.any(Number)]);
    expect(await checkout.read(shared)).toBe(files[shared]);
  });

  it('of a handler that is written otherwise are refused', () => {
    expect(() => handlerEdit.change('export function handler() {}', 1)).toThrow(handlerEdit.path);
  });
});
