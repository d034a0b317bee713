import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Gateway, startGateway } from '@fanfold/local-cloud/gateway';
import { httpApiOf } from '@fanfold/local-cloud/httpApi';
import { signToken } from '@fanfold/local-cloud/issuer';
import { lambdaFunctions } from '@fanfold/local-cloud/mappings';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, type Service, startService, twoChairs } from '../../fixtures/service.ts';

// The functions behind an HTTP API: what they make of requests as API Gateway hands them over.

captureLog();
let service: Service;
let gateway: Gateway;
let client: Client;
let authorization: string;
beforeAll(async () => {
  service = await startService();
  gateway = await startGateway({
    port: 0,
    api: httpApiOf(service.resources),
    invoke: (name, event) => {
      const { key } = lambdaFunctions(service.resources).find((known) => known.name === name) ?? {
        key: name,
      };
      return service.run(key, event);
    },
  });
  client = await service.clientOf('shop');
  authorization = await bearer('shop');
});
afterAll(() => Promise.all([gateway?.stop(), service?.stop()]));

async function bearer(merchantId: string): Promise<string> {
  const token = await signToken({
    issuer: String(process.env.TOKEN_ISSUER),
    subject: 'test',
    merchantId,
    scopes: ['payments:write', 'payments:read'],
    expiresInSeconds: 3_600,
  });
  return `Bearer ${token}`;
}

type Answer = { status: number | undefined; headers: IncomingMessage['headers']; body: Problem };
type Problem = { code: string; detail: string; id: string; requestId: string; status: number };

/** A request with a token, a key and a type, unless it has others. A header that is a list is sent once for each. */
async function send(
  method: string,
  path: string,
  body: string | Buffer = '',
  headers: Record<string, string | string[] | undefined> = {},
): Promise<Answer> {
  const given = { authorization, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
  const all = Object.entries({ ...given, ...headers }).filter(([, value]) => value !== undefined);
  // Not as one URL, whose `..` Node would take away.
  const sent = request(gateway.url, { method, path, headers: Object.fromEntries(all) as never });
  if (body.length > 0) sent.setHeader('content-length', Buffer.byteLength(body));
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const shown = await text(response);
  return {
    status: response.statusCode,
    headers: response.headers,
    body: shown === '' ? ({} as Problem) : JSON.parse(shown),
  };
}

function expectProblem(answer: Answer, status: number, code: string): void {
  expect(answer.body).toMatchObject({ status, code, requestId: answer.headers['request-id'] });
  expect([answer.status, answer.headers['content-type']]).toEqual([status, 'application/problem+json']);
}

const effectsOn = async (paymentId: string) =>
  (await service.providerRecords(paymentId)).map(({ operation }) => operation);

describe('A body that is no object', () => {
  test.each(['null', 'false', '0', '""', '[]', '"{}"', '"{\\"amount\\":1}"'])(
    'moves no money: %s',
    async (body) => {
      const captured = (await client.pay()).body.id;
      expectProblem(await send('POST', `/payments/${captured}/refunds`, body), 422, 'invalid_request');
      expect(await effectsOn(captured)).toEqual(['charge']);

      const authorized = (await client.pay({ captureMethod: 'manual' })).body.id;
      for (const operation of ['capture', 'cancel']) {
        const answer = await send('POST', `/payments/${authorized}/${operation}`, body);
        expectProblem(answer, 422, 'invalid_request');
      }
      expect(await effectsOn(authorized)).toEqual(['authorize']);
    },
  );

  test('but holds one, encoded again, is no payment', async () => {
    const body = JSON.stringify(JSON.stringify(twoChairs));
    expectProblem(await send('POST', '/payments', body), 422, 'invalid_request');
  });
});

describe('A payment', () => {
  test.each(['application/json', undefined])('in bytes that are no UTF-8 is refused (%s)', async (type) => {
    const latin1 = Buffer.from(JSON.stringify({ ...twoChairs, description: 'Café' }), 'latin1');
    const answer = await send('POST', '/payments', latin1, { 'content-type': type });
    expectProblem(answer, 400, 'invalid_json');
    expect(answer.body.detail).toBe('The body is not valid UTF-8.');
    const utf8 = latin1.toString('latin1');
    expect((await send('POST', '/payments', utf8, { 'content-type': type })).status).toBe(201);
  });

  test.each([';;;', 'json', 'application/json; charset=latin1', 'application/json, application/json'])(
    'of type %s is refused',
    async (type) => {
      const answer = await send('POST', '/payments', JSON.stringify(twoChairs), { 'content-type': type });
      expectProblem(answer, 415, 'unsupported_media_type');
    },
  );

  test('that is compressed is refused, and says what is taken', async () => {
    const answer = await send('POST', '/payments', 'x', { 'content-encoding': 'gzip' });
    expectProblem(answer, 415, 'unsupported_content_encoding');
    expect(answer.headers['accept-encoding']).toBe('identity');
  });

  test('with two tokens is nobody’s', async () => {
    const tokens = [authorization, await bearer('other')];
    const answer = await send('POST', '/payments', JSON.stringify(twoChairs), { authorization: tokens });
    expectProblem(answer, 401, 'unauthenticated');
  });

  test('with two keys is refused, with the same one twice too', async () => {
    for (const keys of [
      ['a', 'b'],
      ['a', 'a'],
      ['"a"', '"a"'],
    ]) {
      const answer = await send('POST', '/payments', JSON.stringify(twoChairs), { 'idempotency-key': keys });
      expectProblem(answer, 400, 'idempotency_key_invalid');
    }
    const key = { 'idempotency-key': '"a,a"' };
    expect((await send('POST', '/payments', JSON.stringify(twoChairs), key)).status).toBe(201);
  });

  test('is shown to no request with a body', async () => {
    expectProblem(await send('GET', '/payments', '{"a":1}'), 422, 'invalid_request');
    const plain = await send('GET', '/payments', 'a', { 'content-type': 'text/plain' });
    expectProblem(plain, 415, 'unsupported_media_type');
    expect((await send('GET', '/payments')).status).toBe(200);
  });

  test.each(['%ff', '%zz', '%', '..', '%2e%2e', 'a%252Fb', 'pay_1', '%00'])(
    'that cannot be is not found: %s',
    async (id) => {
      expectProblem(await send('GET', `/payments/${id}`), 404, 'not_found');
    },
  );
});

describe('The API', () => {
  const anyId = `pay_${'0'.repeat(32)}`;

  test.each([
    ['/payments', 'GET, POST'],
    [`/payments/${anyId}`, 'GET'],
    [`/payments/${anyId}/capture`, 'POST'],
    [`/payments/${anyId}/cancel`, 'POST'],
    [`/payments/${anyId}/refunds`, 'POST'],
  ])('says of %s that it has %s', async (path, allowed) => {
    for (const method of ['DELETE', 'PUT', 'PATCH', 'OPTIONS', 'QUERY', 'HEAD']) {
      const answer = await send(method, path, '', { origin: 'https://evil.example.com' });
      expect([answer.status, answer.headers.allow]).toEqual([405, allowed]);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      if (method !== 'HEAD') expectProblem(answer, 405, 'method_not_allowed');
    }
  });

  test.each(['FOO', 'get', 'CONNECT'])('answers the method %s as well', async (method) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write(`${method} /payments HTTP/1.1\r\nHost: api.test\r\n\r\n`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\n/);
    expect(answer).toContain('\r\nAllow: GET, POST\r\n');
    expect(answer).toContain('"code":"method_not_allowed"');
  });

  test.each(['/payments/', '//payments', '/nothing', '/', `/payments/${anyId}/`, '/payments/a%2Fb'])(
    'has no %s',
    async (path) => {
      expectProblem(await send('GET', path), 404, 'route_not_found');
    },
  );
});
