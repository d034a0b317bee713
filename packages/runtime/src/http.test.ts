import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { publicEndpoint, unknownRoute } from './http.ts';
import { answerOf, apiRequest, contextWith } from './invocationFixtures.ts';
import { captureLog } from './logFixtures.ts';

const logged = captureLog();

describe('What no route fits', () => {
  const ask = async (method: string, path: string) =>
    answerOf(await unknownRoute()(apiRequest({ method, route: path }), contextWith()));
  beforeEach(() => vi.stubEnv('ROUTES', 'GET /things,POST /things,GET /things/{id}'));
  afterEach(() => vi.unstubAllEnvs());

  test('is a problem like any other, for anybody', async () => {
    const answer = await ask('PATCH', '/nowhere');
    expect(answer).toMatchObject({
      status: 404,
      headers: { 'Content-Type': 'application/problem+json' },
      body: {
        type: 'urn:fanfold:problem:route_not_found',
        title: 'Not Found',
        code: 'route_not_found',
        detail: 'This API has no PATCH /nowhere; it has GET /things, POST /things, GET /things/{id}.',
        requestId: answer.headers['Request-Id'],
      },
    });
    expect(logged()).toMatchObject([{ message: 'request', status: 404, cold_start: expect.any(Boolean) }]);
  });

  test.each([
    ['DELETE', '/things', 'GET, POST'],
    ['HEAD', '/things/thing_1', 'GET'],
    ['OPTIONS', '/things', 'GET, POST'],
    ['get', '/things', 'GET, POST'],
  ])('but for its method is told what there is: %s %s', async (method, path, allowed) => {
    expect(await ask(method, path)).toMatchObject({
      status: 405,
      headers: { 'Content-Type': 'application/problem+json', Allow: allowed },
      body: {
        type: 'urn:fanfold:problem:method_not_allowed',
        title: 'Method Not Allowed',
        detail: `${path} has no ${method}; it has ${allowed}.`,
      },
    });
  });
});

describe('A file that can be compressed', () => {
  const text = Buffer.from('the same words again and again, '.repeat(100));
  const noise = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i));
  const send = async (file: Uint8Array, acceptEncoding?: string) => {
    const endpoint = publicEndpoint(async () => ({
      ...{ file, contentType: 'application/octet-stream', cacheControl: 'no-store' },
      isCompressible: true,
    }));
    const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding };
    const { body, headers: sent } = (await endpoint(apiRequest({ headers }), contextWith())) as {
      body: string;
      headers: Record<string, string>;
    };
    return { encoding: sent['Content-Encoding'], vary: sent.Vary, bytes: Buffer.from(body, 'base64') };
  };

  test.each(['gzip', 'br;q=1.0, gzip;q=0.8, *;q=0.1', 'identity, GZIP ; q=1', 'deflate,x-gzip'])(
    'is, for who says "Accept-Encoding: %s"',
    async (acceptEncoding) => {
      const { encoding, vary, bytes } = await send(text, acceptEncoding);
      expect([encoding, vary]).toEqual(['gzip', 'Accept-Encoding']);
      expect(bytes.length).toBeLessThan(text.length / 10);
      expect(gunzipSync(bytes)).toEqual(text);
    },
  );

  test.each([undefined, '', 'identity', 'br', 'gzip;q=0', 'gzip;q=0.000', 'gzipped', '*'])(
    'is sent as it is for who says "Accept-Encoding: %s"',
    async (acceptEncoding) => {
      expect(await send(text, acceptEncoding)).toEqual({
        encoding: undefined,
        vary: 'Accept-Encoding',
        bytes: text,
      });
    },
  );

  test('is sent as it is when it would not become smaller', async () => {
    expect(await send(noise, 'gzip')).toEqual({ encoding: undefined, vary: 'Accept-Encoding', bytes: noise });
  });
});
