import { codePoint } from '@fanfold/contracts/codePointFixtures';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { audience, startIssuer } from './http/tokenFixtures.ts';
import { endpoint, type Request } from './http.ts';
import { answerOf, apiRequest, contextWith } from './invocationFixtures.ts';
import { listOf, listQuery } from './list.ts';
import { captureLog } from './logFixtures.ts';
import { Refusal } from './refusal.ts';

let issuer: Awaited<ReturnType<typeof startIssuer>>;
let authorization: string;
const logged = captureLog();

beforeAll(async () => {
  issuer = await startIssuer();
  vi.stubEnv('TOKEN_ISSUER', issuer.url);
  vi.stubEnv('TOKEN_AUDIENCE', audience);
  authorization = `Bearer ${await issuer.token()}`;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await issuer.stop();
});

const thing = z.strictObject({ name: z.string().max(20), size: z.int().min(1).default(1) });
const json = { 'content-type': 'application/json' };

let seen: Request | undefined;
const create = endpoint({ scope: 'things:write', body: thing, idempotent: true }, async (request) => {
  seen = request;
  return { status: 201, body: { object: 'thing', ...request.body } };
});
const list = endpoint({ scope: 'things:read', query: z.strictObject(listQuery) }, async (request) => {
  seen = request;
  return { status: 200, body: listOf({ items: [], hasMore: false }) };
});

type Handler = typeof create;
type Parts = Parameters<typeof apiRequest>[0] & { headers?: Record<string, string> };

/** Sends a request that is in order, but for the parts that are given. */
async function send(handler: Handler, parts: Parts = {}) {
  seen = undefined;
  const headers = { authorization, ...parts.headers };
  return answerOf(await handler(apiRequest({ ...parts, headers }), contextWith()));
}
const post = (parts: Parts = {}) =>
  send(create, {
    method: 'POST',
    body: '{"name":"chair"}',
    ...parts,
    headers: { ...json, 'idempotency-key': 'key-1', ...parts.headers },
  });

const failing = (error: unknown) =>
  endpoint({ scope: 'things:read' }, async () => {
    throw error;
  });

describe('A request that is in order', () => {
  test('comes to the handler with its caller, its checked parts, its time and its trace', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const { status, headers, body } = await post({
      pathParameters: { id: 'thing_1' },
      headers: { 'idempotency-key': '"key 1"', traceparent },
    });
    expect({ status, body }).toEqual({ status: 201, body: { object: 'thing', name: 'chair', size: 1 } });
    expect(seen).toEqual({
      caller: { merchantId: 'acme', subject: 'user-1' },
      path: { id: 'thing_1' },
      query: {},
      idempotencyKey: 'key 1',
      body: { name: 'chair', size: 1 },
      now: expect.any(Date),
      trace: { correlationid: headers['Request-Id'], causationid: headers['Request-Id'], traceparent },
      remainingTimeMs: expect.any(Function),
    });
    expect(seen?.remainingTimeMs()).toBeGreaterThan(29_000);
    expect(seen?.remainingTimeMs()).toBeLessThanOrEqual(30_000);
  });

  test('is answered with JSON that nobody may keep, under an id of its own', async () => {
    const [one, other] = [await post(), await post()];
    expect(one.headers).toEqual({
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'Request-Id': expect.stringMatching(/^req_[0-9a-f]{32}$/),
    });
    expect(other.headers['Request-Id']).not.toBe(one.headers['Request-Id']);
  });

  test('says when it was answered before, and only then', async () => {
    for (const replayed of [true, false, undefined]) {
      const handler = endpoint({ scope: 'things:read' }, async () => ({
        status: 200,
        body: {},
        ...(replayed !== undefined && { replayed }),
      }));
      const { headers } = await send(handler);
      expect(headers['Idempotent-Replayed']).toBe(replayed ? 'true' : undefined);
    }
  });

  test('may come without a body where nothing in it is required', async () => {
    const handler = endpoint(
      { scope: 'things:write', body: z.strictObject({ size: z.int().default(3) }) },
      async ({ body }) => ({ status: 200, body }),
    );
    expect((await send(handler, { method: 'POST' })).body).toEqual({ size: 3 });
    expect((await send(handler, { method: 'POST', body: '' })).body).toEqual({ size: 3 });
  });

  test('may have a body in Base64', async () => {
    const body = Buffer.from('{"name":"größe"}').toString('base64');
    expect((await post({ body, isBase64Encoded: true })).body).toMatchObject({ name: 'größe' });
  });

  test.each([
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset=UTF-8',
    'application/json ; charset="utf-8"',
  ])('may say of its body: %s', async (contentType) => {
    expect((await post({ headers: { 'content-type': contentType } })).status).toBe(201);
  });

  test('may leave out what its body is', async () => {
    const { status, body } = await send(create, {
      body: '{"name":"chair"}',
      headers: { 'idempotency-key': 'key-1' },
    });
    expect({ status, body }).toMatchObject({ status: 201, body: { name: 'chair' } });
  });

  test('may have a body of exactly 32 KiB', async () => {
    const body = `${' '.repeat(32 * 1024 - 16)}{"name":"chair"}`;
    expect((await post({ body })).status).toBe(201);
  });

  test('may have a larger body where the endpoint says so, up to what it says', async () => {
    const large = endpoint({ scope: 'things:write', body: thing, maxBodyBytes: 40 * 1024 }, async () => ({
      status: 201,
      body: null,
    }));
    const sent = (bytes: number) =>
      send(large, { body: `${' '.repeat(bytes - 16)}{"name":"chair"}`, headers: json });
    expect((await sent(40 * 1024)).status).toBe(201);
    expect((await sent(40 * 1024 + 1)).body).toMatchObject({
      code: 'body_too_large',
      detail: 'The body has 40961 bytes; 40960 are allowed.',
    });
  });

  test('may name a page of a list, whose limit is 10 unless it says otherwise', async () => {
    expect((await send(list)).body).toEqual({ object: 'list', data: [], hasMore: false });
    expect(seen?.query).toEqual({ limit: 10 });
    await send(list, { queryStringParameters: { limit: '100', startingAfter: 'thing_9' } });
    expect(seen?.query).toEqual({ limit: 100, startingAfter: 'thing_9' });
  });

  test('leaves one line in the log, with its route and its merchant and nothing of its content', async () => {
    const { headers } = await post({ body: '{"name":"Ada Example"}' });
    expect(logged()).toMatchObject([
      {
        level: 'INFO',
        message: 'request',
        requestId: headers['Request-Id'],
        merchantId: 'acme',
        route: 'POST /things/{id}',
        status: 201,
        durationMs: expect.any(Number),
      },
    ]);
    expect(JSON.stringify(logged())).not.toMatch(/Ada|key-1|Bearer/);
  });

  test('leaves nothing of itself in the log of the next one', async () => {
    await post();
    await send(create, { headers: { authorization: '' } });
    expect(logged().at(-1)).toMatchObject({ status: 401 });
    expect(logged().at(-1)).not.toHaveProperty('merchantId');
  });
});

describe('A request is checked in this order:', () => {
  const wrong: Parts = {
    queryStringParameters: { unknown: '1' },
    headers: { 'idempotency-key': '', 'content-type': 'text/plain' },
    body: 'x'.repeat(33 * 1024),
  };
  const right = { queryStringParameters: {}, headers: { ...json, 'idempotency-key': 'key-1' } };

  test('who asks', async () => {
    expect(await post({ ...wrong, headers: { ...wrong.headers, authorization: '' } })).toMatchObject({
      status: 401,
    });
  });

  test('whether they may', async () => {
    const reader = `Bearer ${await issuer.token({ scope: 'things:read' })}`;
    expect(await post({ ...wrong, headers: { ...wrong.headers, authorization: reader } })).toMatchObject({
      status: 403,
    });
  });

  test('the query', async () => {
    expect((await post(wrong)).body).toMatchObject({
      status: 422,
      code: 'invalid_request',
      errors: [{ pointer: '#/unknown', detail: 'is unknown' }],
    });
  });

  test('the Idempotency-Key', async () => {
    const { body } = await post({ ...wrong, queryStringParameters: right.queryStringParameters });
    expect(body).toMatchObject({ status: 400, code: 'idempotency_key_missing' });
  });

  test('the size of the body', async () => {
    const { body } = await post({
      body: wrong.body ?? '',
      headers: { ...right.headers, 'content-type': 'text/plain' },
    });
    expect(body).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test('its type', async () => {
    const { body } = await post({ body: '{', headers: { 'content-type': 'text/plain' } });
    expect(body).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  test('whether it can be read', async () => {
    expect((await post({ body: '{"size":0,}' })).body).toMatchObject({ status: 400, code: 'invalid_json' });
  });

  test('whether it fits', async () => {
    expect((await post({ body: '{"size":0}' })).body).toMatchObject({ status: 422, code: 'invalid_request' });
  });
});

describe('A refusal', () => {
  test('is a problem as in RFC 9457, with a code, the id of the request and what is wrong with each field', async () => {
    const { status, headers, body } = await post({ body: '{"name":1,"size":0,"colour":"red"}' });
    expect(status).toBe(422);
    expect(headers).toMatchObject({
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
    });
    expect(body).toEqual({
      type: 'urn:fanfold:problem:invalid_request',
      title: 'Unprocessable Content',
      status: 422,
      detail: 'The body is invalid. See errors for what to change.',
      instance: `/requests/${headers['Request-Id']}`,
      code: 'invalid_request',
      requestId: headers['Request-Id'],
      errors: [
        { pointer: '#/name', detail: expect.any(String) },
        { pointer: '#/size', detail: expect.any(String) },
        { pointer: '#/colour', detail: 'is unknown' },
      ],
    });
  });

  test('by the handler is shown with its members and headers', async () => {
    const refusal = new Refusal(402, 'card_declined', 'The card was declined.', {
      members: { declineCode: 'insufficient_funds' },
      headers: { 'Idempotent-Replayed': 'true' },
    });
    const { status, headers, body } = await send(failing(refusal));
    expect(status).toBe(402);
    expect(headers['Idempotent-Replayed']).toBe('true');
    expect(body).toMatchObject({
      title: 'Payment Required',
      code: 'card_declined',
      declineCode: 'insufficient_funds',
    });
    expect(body).not.toHaveProperty('errors');
    expect(logged()).toMatchObject([{ level: 'INFO', message: 'request', status: 402 }]);
  });

  test.each([400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 503])(
    'with the status %d has its title',
    async (status) => {
      const { body } = await send(failing(new Refusal(status, 'code', 'Message.')));
      expect(body.title).toMatch(/^[A-Z][a-z]+( [A-Z][a-z]+)*$/);
      expect(body.title).not.toBe('Error');
    },
  );

  test('with a status that has no title here is an error', async () => {
    expect((await send(failing(new Refusal(418, 'teapot', 'No.')))).body).toMatchObject({
      title: 'Error',
      status: 418,
    });
  });

  test('names at most 20 fields', async () => {
    const body = JSON.stringify(Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`field${i}`, i])));
    expect((await post({ body })).body.errors).toHaveLength(20);
  });

  test('comes for a body where none is expected', async () => {
    const { body } = await send(list, { headers: json, body: '{"limit":1}' });
    expect(body).toMatchObject({
      status: 422,
      errors: [{ pointer: '#/limit', detail: 'is unknown' }],
    });
  });

  test.each([
    ['a list', '[]'],
    ['a text', '"chair"'],
    ['a number', '1'],
    ['null', 'null'],
  ])('comes for a body that is %s', async (_what, body) => {
    expect((await post({ body })).body).toMatchObject({ status: 422, errors: [{ pointer: '#' }] });
  });

  test('comes for a body that is missing, with the fields that are required', async () => {
    expect((await post({ body: '' })).body).toMatchObject({ status: 422, errors: [{ pointer: '#/name' }] });
  });

  test.each([
    ['one byte more than 32 KiB', { body: `"${'x'.repeat(32 * 1024 - 1)}"` }],
    ['more than 32 KiB in UTF-8, though not in characters', { body: `"${'€'.repeat(11 * 1024)}"` }],
    [
      'more than 32 KiB within Base64',
      { body: Buffer.from('x'.repeat(32 * 1024 + 1)).toString('base64'), isBase64Encoded: true },
    ],
  ])('comes for a body of %s', async (_what, parts) => {
    expect((await post(parts)).body).toMatchObject({
      status: 413,
      code: 'body_too_large',
      detail: expect.stringMatching(/^The body has \d+ bytes; 32768 are allowed\.$/),
    });
  });

  test.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['application/jsonp'],
    ['application/vnd.api+json'],
    ['application/json; charset=iso-8859-1'],
    ['application/json, text/plain'],
    ['multipart/form-data; boundary=application/json'],
  ])('comes for a body that says it is %j', async (contentType) => {
    expect(await post({ headers: { 'content-type': contentType } })).toMatchObject({ status: 415 });
  });

  test.each(['gzip', 'br', 'identity, gzip', 'x'])(
    'comes for a body with the encoding %s, whatever its size, and says what is taken',
    async (encoding) => {
      const body = Buffer.from('x'.repeat(33 * 1024)).toString('base64');
      const answer = await post({ body, isBase64Encoded: true, headers: { 'content-encoding': encoding } });
      expect(answer).toMatchObject({
        status: 415,
        headers: { 'Accept-Encoding': 'identity' },
        body: {
          code: 'unsupported_content_encoding',
          detail: 'Send the body as it is, without a Content-Encoding.',
        },
      });
      expect((await post({ headers: { 'content-encoding': 'identity' } })).status).toBe(201);
    },
  );

  test('comes for what was no UTF-8 before the gateway made U+FFFD of it', async () => {
    expect((await post({ body: '{"name":"caf\ufffd"}' })).body).toMatchObject({
      status: 400,
      code: 'invalid_json',
      detail: 'The body is not valid UTF-8.',
    });
  });

  test('comes for bytes that are not UTF-8', async () => {
    const body = Buffer.from([0x22, 0xff, 0x22]).toString('base64');
    expect((await post({ body, isBase64Encoded: true })).body).toMatchObject({
      status: 400,
      code: 'invalid_json',
      detail: 'The body is not valid UTF-8.',
    });
  });

  test.each([
    ['limit', ['0', '101', '-1', '1.5', '', ' 5', '1e1', '010', 'ten', '5,6', '1000']],
    ['startingAfter', ['', 'x'.repeat(201)]],
    ['page', ['2']],
  ])('comes for a list whose %s is wrong', async (name, values) => {
    for (const value of values) {
      const { body } = await send(list, { queryStringParameters: { [name]: value } });
      expect(body, value).toMatchObject({
        status: 422,
        detail: 'The query is invalid. See errors for what to change.',
        errors: [{ pointer: `#/${name}` }],
      });
    }
  });

  test('for a card number repeats it neither to the caller nor in the log', async () => {
    const answers = [
      await post({ body: '{"name":"4111 1111 1111 1111"}' }),
      await post({ body: '{"4111111111111111":"x"}' }),
      await post({ body: '{"size":4111111111111111}' }),
    ];
    for (const { body } of answers) expect(body).toMatchObject({ status: 422, code: 'card_number_refused' });
    expect(JSON.stringify([answers, logged()])).not.toMatch(/4111 ?1111/);
  });
});

test('Whatever a client sends as a body, it is taken or refused, and never a failure', async () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((body) => Buffer.from(body).toString('base64'));
  const text = fc.oneof(
    fc.string({ unit: codePoint }),
    fc.json({ stringUnit: codePoint }),
    fc
      .record({ name: fc.jsonValue(), size: fc.jsonValue() }, { requiredKeys: [] })
      .map((body) => JSON.stringify(body)),
  );
  const parts = fc.oneof(
    bytes.map((body) => ({ body, isBase64Encoded: true })),
    text.map((body) => ({ body })),
  );
  await fc.assert(
    fc.asyncProperty(parts, async (sent) => {
      const { status } = await post(sent);
      expect([201, 400, 413, 422]).toContain(status);
    }),
  );
});

describe('A failure that is no refusal', () => {
  const internalError = {
    status: 500,
    title: 'Internal Server Error',
    code: 'internal_error',
    detail: 'Something went wrong here. Repeat the request with the same key.',
  };

  test('is shown without any detail and logged with its stack', async () => {
    const { status, headers, body } = await send(failing(new TypeError('secret table does not exist')));
    expect(status).toBe(500);
    expect(headers['Content-Type']).toBe('application/problem+json');
    expect(body).toEqual({
      type: 'urn:fanfold:problem:internal_error',
      instance: `/requests/${headers['Request-Id']}`,
      requestId: headers['Request-Id'],
      ...internalError,
    });
    expect(logged()).toMatchObject([
      {
        level: 'ERROR',
        message: 'request failed',
        requestId: headers['Request-Id'],
        error: {
          name: 'TypeError',
          message: 'secret table does not exist',
          stack: expect.stringContaining('http.local.test.ts'),
        },
      },
      { level: 'INFO', message: 'request', status: 500 },
    ]);
  });

  test('leaves out of the log what it carries of a customer', async () => {
    const error = Object.assign(new Error('The conditional request failed'), {
      Item: { customer: { S: 'Ada Example' } },
      cause: new Error('Ada Example'),
    });
    await send(failing(error));
    expect(JSON.stringify(logged())).toContain('The conditional request failed');
    expect(JSON.stringify(logged())).not.toContain('Ada');
  });

  test.each([['a text'], [undefined], [null], [7]])(
    'is hidden as well when %j was thrown',
    async (thrown) => {
      const { body } = await send(failing(thrown));
      expect(body).toMatchObject(internalError);
      expect(logged()[0]).toMatchObject({ error: { name: typeof thrown, message: String(thrown) } });
    },
  );
});
