import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { fieldErrors, unknownRoute } from './http.ts';
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

describe('What is wrong with a field', () => {
  const errorsOf = (schema: z.ZodType, value: unknown) => {
    const { error } = schema.safeParse(value);
    return error ? fieldErrors(error) : [];
  };

  test('points to it, however deep', () => {
    const schema = z.object({ lines: z.array(z.object({ quantity: z.int().min(1, 'must be at least 1') })) });
    expect(errorsOf(schema, { lines: [{ quantity: 1 }, { quantity: 0 }] })).toEqual([
      { pointer: '#/lines/1/quantity', detail: 'must be at least 1' },
    ]);
  });

  test('points to a field that is not known, not to what holds it', () => {
    const schema = z.object({ customer: z.strictObject({}) });
    expect(errorsOf(schema, { customer: { a: 1, 'b/c': 2 } })).toEqual([
      { pointer: '#/customer/a', detail: 'is not known here' },
      { pointer: '#/customer/b~1c', detail: 'is not known here' },
    ]);
  });

  test('does not repeat the value', () => {
    const schema = z.strictObject({
      kind: z.enum(['a', 'b']),
      email: z.email(),
      name: z.string().max(3),
      amount: z.int().max(5),
      tags: z.record(z.string().max(3), z.string()),
    });
    const secret = 'secret';
    const errors = errorsOf(schema, {
      kind: secret,
      email: secret,
      name: secret,
      amount: 123_456,
      tags: { a: { secret } },
    });
    expect(errors).toHaveLength(5);
    expect(JSON.stringify(errors)).not.toMatch(/secret|123456/);
  });
});
