import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { unknownRoute } from './http.ts';
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
