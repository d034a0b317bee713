import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseKey } from './key.ts';
import { verifyLog } from './log.ts';
import { entriesOf, filesOf, origin, Signer } from './logFixtures.ts';
import { urlReader } from './reader.ts';

const log = new Signer(origin);
const keys = [await parseKey(log.vkey)];
const files = filesOf(entriesOf(700), log);
const patience = { timeoutMs: 5000, attempts: 3, firstPauseMs: 1 };

let server: Server;
let answer: RequestListener;
let base: string;
beforeEach(async () => {
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/audit`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const serve: RequestListener = ({ url = '' }, response) => {
  const file = files.get(url.slice('/audit/'.length));
  response.writeHead(file ? 200 : 404).end(file ?? 'nothing here');
};

describe('a log that is served', () => {
  it('is verified, whatever fails for the time being', async () => {
    const asked = new Map<string, number>();
    let [open, most] = [0, 0];
    const several = Promise.withResolvers<void>();
    answer = async (request, response) => {
      most = Math.max(most, ++open);
      response.on('close', () => open--);
      if (open > 1) several.resolve();
      const { url = '' } = request;
      const times = (asked.get(url) ?? 0) + 1;
      asked.set(url, times);
      // What is read one file after the other waits here until it times out.
      if (url.includes('entries')) await several.promise;
      if (times === 1) response.writeHead(503).end('later');
      else if (times === 2 && url.includes('entries')) request.socket.destroy();
      else serve(request, response);
    };
    const report = await verifyLog(urlReader(`${base}/`, patience), { keys });
    expect(report.findings).toEqual([]);
    expect(new Set([...asked.keys()].map((url) => url.slice('/audit/'.length)))).toEqual(
      new Set(files.keys()),
    );
    expect(most).toBeLessThanOrEqual(14);
  });

  it('that lacks a file says so', async () => {
    answer = (request, response) =>
      request.url?.includes('entries/001') ? response.writeHead(404).end() : serve(request, response);
    const { findings } = await verifyLog(urlReader(base, patience), { keys });
    expect(findings).toMatchObject([{ kind: 'missing', where: 'tile/entries/001' }]);
  });

  it.each([
    [503, 'answered 503), after 3 attempts. Try again later.'],
    [403, '/audit/tile/1/000.p/2 was answered 403.'],
  ])('that answers %i is not reported as wrong: it cannot be read', async (status, message) => {
    answer = (request, response) =>
      request.url?.includes('tile/1') ? response.writeHead(status).end() : serve(request, response);
    await expect(verifyLog(urlReader(base, patience), { keys })).rejects.toThrow(message);
  });

  it('that does not answer is given up', async () => {
    answer = () => undefined;
    const impatient = { ...patience, timeoutMs: 50, attempts: 2 };
    await expect(urlReader(base, impatient).read('checkpoint', 10)).rejects.toThrow('after 2 attempts');
  });

  it('whose answer never ends is read no further than it can be of use', async () => {
    answer = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(1000)));
      };
      response.on('drain', more);
      more();
    };
    expect(await urlReader(base, patience).read('checkpoint', 2500)).toHaveLength(2501);
  });

  it('may be compressed, and is read no further than it can be of use for all that', async () => {
    answer = ({ url = '', headers }, response) => {
      expect(headers['accept-encoding']).toContain('gzip');
      const file = url.endsWith('huge') ? Buffer.alloc(50_000_000) : files.get(url.slice('/audit/'.length));
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(file ?? '', { level: 1 }));
    };
    const reader = urlReader(base, patience);
    expect(await reader.read('tile/entries/000', 1_000_000)).toEqual(files.get('tile/entries/000'));
    expect(await reader.read('huge', 8192)).toHaveLength(8193);
  });

  it('that is not there says why', async () => {
    server.close();
    await once(server, 'close');
    await expect(urlReader(base, patience).read('checkpoint', 10)).rejects.toThrow(
      /ECONNREFUSED.*after 3 attempts/,
    );
  });
});
