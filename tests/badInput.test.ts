import { signToken } from '@fanfold/local-cloud/issuer';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, clientOf, describedAnswer, twoChairs } from './client.ts';
import { type RunningStack, startDev } from './runningStack.ts';

/** What is sent to the APIs by mistake or on purpose: each a clear 4xx, and nothing of it is kept. */
let stack: RunningStack;
let merchant: Client;
let token: string;

const tokenFor = (changes: Partial<Parameters<typeof signToken>[0]> = {}) =>
  signToken({
    issuer: `http://127.0.0.1:${stack.base}`,
    subject: 'tests',
    merchantId: 'careless',
    scopes: ['payments:write', 'payments:read', 'invoices:read', 'audit:read'],
    expiresInSeconds: 600,
    ...changes,
  });

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
  merchant = await clientOf(stack.base, 'careless');
  token = await tokenFor();
}, 60_000);

afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

const send = async (init: RequestInit & { path?: string } = {}) => {
  const { path = '/payments', headers, ...rest } = init;
  const response = await fetch(`http://127.0.0.1:${stack.base + 1}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'idempotency-key': crypto.randomUUID(),
      ...headers,
    },
    ...rest,
  });
  return describedAnswer('payments', rest.method ?? 'POST', path, response);
};

/** The body of a good payment with one part of its text replaced. */
const withText = (found: string, replacement: string) => {
  const text = JSON.stringify(twoChairs());
  expect(text).toContain(found);
  return text.replace(found, replacement);
};

const expectProblem = (answer: Awaited<ReturnType<typeof send>>, status: number, code: string) => {
  expect(answer.body).toMatchObject({ status, code, requestId: answer.headers.get('request-id') });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:|\.mjs/);
};

describe('a body', () => {
  it.each<[name: string, body: () => string, status: number, code: string, pointer?: string]>([
    ['that is no JSON', () => '{"amount": ', 400, 'invalid_json'],
    ['beyond 32 KiB', () => withText('Two chairs', 'x'.repeat(33_000)), 413, 'body_too_large'],
    [
      'nested deeper than 20',
      () => withText('"web"', '['.repeat(30) + ']'.repeat(30)),
      400,
      'invalid_json',
      '#/metadata/channel',
    ],
    ['nested without end', () => '['.repeat(30_000), 400, 'invalid_json'],
    [
      'with a key twice',
      () => withText('"amount":', '"amount":1,"amount":'),
      400,
      'invalid_json',
      '#/amount',
    ],
    ['with __proto__', () => withText('"channel":', '"__proto__":'), 400, 'invalid_json', '#/metadata'],
    [
      'with a number beyond 2^53',
      () => withText('12100', '9007199254740993'),
      422,
      'invalid_request',
      '#/amount',
    ],
    ['with 1e400', () => withText('12100', '1e400'), 422, 'invalid_request', '#/amount'],
    ['with minus zero', () => withText('12100', '-0'), 422, 'invalid_request', '#/amount'],
    ['with amount zero', () => withText('12100', '0'), 422, 'invalid_request', '#/amount'],
    ['with a negative amount', () => withText('12100', '-12100'), 422, 'invalid_request', '#/amount'],
    ['with a fraction of a minor unit', () => withText('12100', '121.5'), 422, 'invalid_request', '#/amount'],
    ['with an amount as text', () => withText('12100', '"12100"'), 422, 'invalid_request', '#/amount'],
    [
      'with too large an amount',
      () => withText('12100', '1000000000000'),
      422,
      'invalid_request',
      '#/amount',
    ],
    ['with an unknown currency', () => withText('"EUR"', '"EUX"'), 422, 'invalid_request', '#/currency'],
    ['with a withdrawn currency', () => withText('"EUR"', '"DEM"'), 422, 'invalid_request', '#/currency'],
    [
      'with a currency without amounts',
      () => withText('"EUR"', '"XAU"'),
      422,
      'invalid_request',
      '#/currency',
    ],
    ['with a currency in lower case', () => withText('"EUR"', '"eur"'), 422, 'invalid_request', '#/currency'],
    ['with lines that do not add up', () => withText('5000', '4999'), 422, 'invalid_request', '#/amount'],
    [
      'with a line’s rate as a number',
      () => withText('"21.00"', '21'),
      422,
      'invalid_request',
      '#/lines/0/taxRate',
    ],
    [
      'with a lone surrogate',
      () => withText('Two chairs', '\\ud800'),
      422,
      'invalid_request',
      '#/description',
    ],
    [
      'with a control character',
      () => withText('Two chairs', '\\u0007'),
      422,
      'invalid_request',
      '#/description',
    ],
    [
      'with an unknown field',
      () => withText('"amount"', '"status":"captured","amount"'),
      422,
      'invalid_request',
      '#/status',
    ],
    [
      'without a customer’s name',
      () => withText('"name":"Ada Example",', ''),
      422,
      'invalid_request',
      '#/customer/name',
    ],
    [
      'with a country in words',
      () => withText('"BE"', '"Belgium"'),
      422,
      'invalid_request',
      '#/customer/address/country',
    ],
    ['of another shape', () => '[1,2,3]', 422, 'invalid_request', '#'],
    ['that is empty', () => '{}', 422, 'invalid_request', '#/amount'],
  ])('%s is refused', async (_name, body, status, code, pointer) => {
    const answer = await send({ body: body() });
    expectProblem(answer, status, code);
    if (pointer) expect(answer.body.errors.some((error) => error.pointer.startsWith(pointer))).toBe(true);
  });

  it.each([
    '4111111111111111',
    '4111 1111 1111 1111',
    'please charge 5500-0000-0000-0004 now',
    '３７８２８２２４６３１０００５',
  ])('with the card number %s in it is refused, and the number is in no output', async (number) => {
    for (const place of ['"Two chairs"', '"Ada Example"', '"order-1001"', '"web"', '"Chair"']) {
      const answer = await send({ body: withText(place, JSON.stringify(number)) });
      expectProblem(answer, 422, 'card_number_refused');
      expect(JSON.stringify(answer.body)).not.toContain(number);
    }
    expect(stack.output.join('\n')).not.toContain(number);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=latin1'])(
    'of content type "%s" is refused',
    async (type) => {
      const body = new Blob([JSON.stringify(twoChairs())]);
      expectProblem(await send({ body, headers: { 'content-type': type } }), 415, 'unsupported_media_type');
    },
  );
});

describe('an Idempotency-Key', () => {
  it('must be there', async () => {
    const answer = await send({
      body: JSON.stringify(twoChairs()),
      headers: { 'idempotency-key': '' },
    });
    expectProblem(answer, 400, 'idempotency_key_missing');
  });

  it.each(['x'.repeat(256), '"half quoted', 'ké'])('such as %s is refused', async (key) => {
    const answer = await send({ body: JSON.stringify(twoChairs()), headers: { 'idempotency-key': key } });
    expectProblem(answer, 400, 'idempotency_key_invalid');
  });
});

describe('an access token', () => {
  const get = (authorization: string) =>
    send({ method: 'GET', headers: { authorization }, body: null, path: '/payments' });
  const reassembled = (change: (parts: [string, string, string]) => string[]) =>
    `Bearer ${change(token.split('.') as [string, string, string]).join('.')}`;
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('must be there', async () => {
    const answer = await get('');
    expectProblem(answer, 401, 'unauthenticated');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it.each<[name: string, authorization: () => string | Promise<string>]>([
    ['of another kind', () => 'Basic dXNlcjpwYXNz'],
    ['of garbage', () => 'Bearer garbage'],
    ['unsigned', () => reassembled(([, claims]) => [encoded({ alg: 'none', typ: 'at+jwt' }), claims, ''])],
    [
      'with another’s claims',
      () => reassembled(([head, , signature]) => [head, encoded({ sub: 'x', merchant_id: 'y' }), signature]),
    ],
    [
      'with a broken signature',
      () => reassembled(([head, claims, signature]) => [head, claims, signature.toUpperCase()]),
    ],
    [
      'signed with a symmetric key',
      () => reassembled(([, claims, signature]) => [encoded({ alg: 'HS256' }), claims, signature]),
    ],
    ['that has expired', async () => `Bearer ${await tokenFor({ expiresInSeconds: -60 })}`],
    [
      'of another issuer',
      async () => `Bearer ${await tokenFor({ issuer: 'https://elsewhere.example.com' })}`,
    ],
    ['of a merchant with a strange id', async () => `Bearer ${await tokenFor({ merchantId: 'a#b' })}`],
  ])('%s is refused', async (_name, authorization) => {
    expectProblem(await get(await authorization()), 401, 'unauthenticated');
  });

  it('without the scope is refused', async () => {
    const answer = await get(`Bearer ${await tokenFor({ scopes: ['payments:write'] })}`);
    expectProblem(answer, 403, 'insufficient_scope');
  });
});

describe('a request', () => {
  it.each([
    ['GET', '/nothing'],
    ['POST', '/'],
    ['GET', '/payments/'],
  ])('%s %s is a route that is not there', async (method, path) => {
    expectProblem(await send({ method, path, body: null }), 404, 'route_not_found');
  });

  it.each([
    ['DELETE', '/payments', 'GET, POST'],
    ['OPTIONS', '/payments', 'GET, POST'],
    ['PUT', '/payments/pay_1', 'GET'],
    ['PATCH', '/payments/pay_1/capture', 'POST'],
  ])('%s %s is a method that the path has not', async (method, path, allowed) => {
    const answer = await send({ method, path, body: null });
    expectProblem(answer, 405, 'method_not_allowed');
    expect(answer.headers.get('allow')).toBe(allowed);
  });

  it.each(['limit=0', 'limit=101', 'limit=ten', 'limit=1&limit=2', 'startingAfter=', 'sort=amount'])(
    'for a list with ?%s is refused',
    async (query) => {
      expectProblem(
        await send({ method: 'GET', path: `/payments?${query}`, body: null }),
        422,
        'invalid_request',
      );
    },
  );

  it.each(['/payments', '/invoices', '/credit-notes', '/events'])(
    'for a list of %s that starts after what is not in it is a 404',
    async (list) => {
      const answer = await merchant.get(`${list}?startingAfter=pay_${'0'.repeat(32)}`);
      expectProblem(answer, 404, 'not_found');
      expect(answer.body.errors).toMatchObject([{ pointer: '#/startingAfter' }]);
    },
  );

  it.each(['pay_1', `pay_${'0'.repeat(32)}`, `pay_${'0'.repeat(5000)}`, '%00', '..%2f..%2fetc', 'PAY_', '🂡'])(
    'for a payment %s that is not there is a 404',
    async (id) => {
      const { status } = await send({ method: 'GET', path: `/payments/${id}`, body: null });
      expect(status).toBe(404);
    },
  );
});

it('nothing of all this was kept', async () => {
  expect(await merchant.all('/payments')).toEqual([]);
  expect(await merchant.all('/events')).toEqual([]);
});
