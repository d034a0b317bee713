import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDevWithEcho } from '../../fixtures/devCheckout.ts';
import { copyOfEcho } from '../../fixtures/echoService.ts';
import { type Answer, headerOf, lines } from '../../fixtures/rawHttp.ts';
import { type ServiceProcess, startService } from '../../fixtures/serviceProcess.ts';
import { signToken } from '../stack/issuer.ts';
import { freeBasePort } from '../stack/ports.ts';

// A service as `dev` runs it and as `serverless offline` in its folder runs it, from the socket to the function and back, held to
// what an HTTP API of API Gateway does with payload format 2.0. `gateway.local.test.ts` has every case of the gateway alone. Marked are:
//   documented: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, -quotas.html,
//     -develop-routes.html, -cors.html
//   recorded: AWS was seen to do it; the records are named in the README
//   not documented: nobody published what AWS does, and this is what the gateway here does

const repository = join(import.meta.dirname, '../../../..');
/** Ports, counted from the base port. */
const ports = { payments: 1, echo: 2 };

type Running = { keyFile?: string; stop(): Promise<unknown> };

const ways: [name: string, start: (base: number) => Promise<Running>][] = [
  ['dev', (base) => startDevWithEcho(base, ['bus', 'payments'], ports.echo)],
  ['serverless offline', startAlone],
];

/** Each in its folder, beside each other. */
async function startAlone(base: number): Promise<Running> {
  const echo = await copyOfEcho({ 'localPort: 1': `localPort: ${ports.echo}` });
  const output: string[] = [];
  const services: ServiceProcess[] = [join(repository, 'services/payments'), echo].map((folder) =>
    startService(folder, { FANFOLD_PORT: String(base) }, (line) => output.push(line)),
  );
  const stop = async () => {
    await Promise.all(services.map((service) => service.stop()));
    await rm(echo, { recursive: true, force: true });
  };
  await Promise.all(services.map(({ ready }) => ready)).catch(async (error: Error) => {
    await stop();
    throw new Error(`${error.message}\n${output.join('\n')}`);
  });
  return { stop };
}

describe.each(ways)('A service that %s runs', (_, start) => {
  let running: Running | undefined;
  let echo: string;
  let payments: string;
  let token: string;
  beforeAll(async () => {
    const base = await freeBasePort();
    running = await start(base);
    echo = `http://127.0.0.1:${base + ports.echo}`;
    payments = `http://127.0.0.1:${base + ports.payments}`;
    const merchant = { subject: 'tests', merchantId: 'acme', expiresInSeconds: 600 };
    token = await signToken(
      {
        ...merchant,
        issuer: `http://127.0.0.1:${base}`,
        scopes: ['payments:write', 'payments:read'],
      },
      running.keyFile,
    );
  }, 90_000);
  afterAll(() => running?.stop());

  /** The event that a function got. */
  async function mirrored(requestLine: string, headers?: string[], body?: string) {
    const answer = await lines(echo, requestLine, headers, body);
    expect(answer.status, answer.body).toBe(200);
    return JSON.parse(answer.body) as APIGatewayProxyEventV2;
  }

  describe('gets the path', () => {
    test.each([
      ['space%20value', 'space value', 'recorded'],
      ['unicode-%CE%BB', 'unicode-λ', 'recorded'],
      ['a%2Fb', 'a/b', 'recorded'],
      ['a%252Fb', 'a/b', 'recorded'],
      ['question%3Fvalue', 'question', 'recorded'],
      ['a+b', 'a+b', 'not documented'],
      ['a//b', 'a//b', 'not documented'],
      ['%ff', '%ff', 'not documented'],
      ['%', '%', 'not documented'],
    ])('%s as %s (%s)', async (sent, path) => {
      expect(await mirrored(`GET /mirror-files/${sent}?marker=1`)).toMatchObject({
        version: '2.0',
        routeKey: 'GET /mirror-files/{path+}',
        rawPath: `/mirror-files/${path}`,
        rawQueryString: 'marker=1',
        pathParameters: { path },
        requestContext: { http: { method: 'GET', path: `/mirror-files/${path}` } },
      });
    });

    test('with the route that fits most exactly (documented)', async () => {
      expect((await mirrored('GET /mirror')).routeKey).toBe('GET /mirror');
      expect(await mirrored('GET /mirror/a%252Fb')).toMatchObject({
        routeKey: 'GET /mirror/{id}',
        pathParameters: { id: 'a/b' },
      });
    });
  });

  describe('gets of a request', () => {
    test('the query as it was sent, and decoded; what is there twice is joined by commas (documented)', async () => {
      const event = await mirrored('GET /mirror?a=1&a=2&to=https%3A%2F%2Fx%2Fy&plus=a+b&empty=&flag');
      expect(event.rawQueryString).toBe('a=1&a=2&to=https%3A%2F%2Fx%2Fy&plus=a+b&empty=&flag');
      expect(event.queryStringParameters).toEqual({
        a: '1,2',
        to: 'https://x/y',
        plus: 'a b',
        empty: '',
        flag: '',
      });
      expect(await mirrored('GET /mirror')).not.toHaveProperty('queryStringParameters');
    });

    test('headers in lower case, joined by commas where they are there twice (documented)', async () => {
      const { headers } = await mirrored('GET /mirror', [
        'X-Thing: A, b',
        'x-THING: c',
        'Keep-Alive: timeout=5',
      ]);
      expect(headers).toMatchObject({ host: 'api.test', 'x-thing': 'A, b,c' });
      // Recorded: what is meant for the gateway is not for the function.
      expect(headers).not.toHaveProperty('keep-alive');
    });

    test('each cookie by itself, and none among the headers (documented; of several headers recorded)', async () => {
      const event = await mirrored('GET /mirror', ['Cookie: session=abc; theme=dark', 'Cookie: third=3']);
      expect(event.cookies).toEqual(['session=abc', 'theme=dark', 'third=3']);
      expect(event.headers).not.toHaveProperty('cookie');
      expect(await mirrored('GET /mirror')).not.toHaveProperty('cookies');
    });

    test('the id that the answer names, and no other client than the real one', async () => {
      const answer = await lines(echo, 'GET /mirror', ['X-Forwarded-For: 1.2.3.4']);
      const { requestContext, headers } = JSON.parse(answer.body) as APIGatewayProxyEventV2;
      expect(headerOf(answer, 'apigw-requestid')).toEqual([requestContext.requestId.toLowerCase()]);
      expect([requestContext.http.sourceIp, headers['x-forwarded-for']]).toEqual(['127.0.0.1', '127.0.0.1']);
    });
  });

  describe('gets a body', () => {
    test.each([
      ['application/json', 'recorded'],
      ['Application/JSON; charset=UTF-8', 'recorded'],
      ['text/csv', 'recorded'],
    ])('of type %s as text, never parsed (%s)', async (type) => {
      expect(await mirrored('POST /mirror', [`Content-Type: ${type}`], ' {"a":1,"a":2} ')).toMatchObject({
        body: ' {"a":1,"a":2} ',
        isBase64Encoded: false,
      });
    });

    test.each([
      ['Content-Type: application/octet-stream', 'documented'],
      ['Content-Type: application/x-www-form-urlencoded', 'recorded'],
      ['Content-Type: text/plain; charset=iso-8859-1', 'recorded'],
      ['X-No-Type: 1', 'recorded'],
      // Malformed.
      ['Content-Type: ;;;', 'not documented'],
      ['Content-Type: application/json, application/json', 'not documented'],
      ['Content-Type: json', 'not documented'],
    ])('with %s in Base64, every byte as it was (%s)', async (header) => {
      const everyByte = String.fromCharCode(...Array(256).keys());
      const { body = '', isBase64Encoded } = await mirrored('POST /mirror', [header], everyByte);
      expect(isBase64Encoded).toBe(true);
      expect(Buffer.from(body, 'base64').toString('latin1')).toBe(everyByte);
    });

    test('that is no UTF-8 with U+FFFD in the place of what is none (not documented)', async () => {
      const { body } = await mirrored(
        'POST /mirror',
        ['Content-Type: application/json'],
        '{"name":"caf\xe9"}',
      );
      expect(body).toBe('{"name":"caf\ufffd"}');
    });

    test('of as much as Lambda takes, and is not run for more than it or the gateway takes (documented)', async () => {
      const type = ['Content-Type: text/plain'];
      const mebibytes = (count: number) => 'x'.repeat(count * 1024 * 1024);
      expect((await mirrored('POST /mirror', type, 'x'.repeat(2_000_000))).body).toHaveLength(2_000_000);
      for (const body of [mebibytes(6), `${mebibytes(10)}x`]) {
        expectMessage(await lines(echo, 'POST /mirror', type, body), 413, 'Request Entity Too Large');
      }
    });
  });

  describe('answers', () => {
    const result = (value: unknown) =>
      lines(echo, 'POST /answer', ['Content-Type: application/json'], JSON.stringify(value));

    test('with status, headers, cookies one by one and decoded Base64 (documented)', async () => {
      const answer = await result({
        statusCode: 201,
        headers: { 'Content-Type': 'image/x', 'X-Number': 1 },
        cookies: ['a=1', 'b=2'],
        body: Buffer.from('\0é', 'latin1').toString('base64'),
        isBase64Encoded: true,
      });
      expect(answer.status).toBe(201);
      expect(Buffer.from(answer.body)).toEqual(Buffer.from(Buffer.from('\0é', 'latin1').toString()));
      expect(headerOf(answer, 'content-type')).toEqual(['image/x']);
      expect(headerOf(answer, 'x-number')).toEqual(['1']);
      expect(headerOf(answer, 'set-cookie')).toEqual(['a=1', 'b=2']);
    });

    test('200 with the JSON of a result that has no status code (documented)', async () => {
      const answer = await result({ name: 'John' });
      expect([answer.status, answer.body]).toEqual([200, '{"name":"John"}']);
      expect(headerOf(answer, 'content-type')).toEqual(['application/json']);
    });

    test('500 for a result that is none (recorded)', async () => {
      expectMessage(await result({ statusCode: 200.5 }), 500, 'Internal Server Error');
    });
  });

  describe('is not run', () => {
    test.each(['GET /nowhere', 'PUT /mirror', 'GET /mirror/', 'OPTIONS /mirror'])(
      'for what fits no route, where there is no $default: %s (documented)',
      async (requestLine) => expectMessage(await lines(echo, requestLine), 404, 'Not Found'),
    );

    test('for a path that cannot be decoded a second time (recorded)', async () => {
      expectMessage(await lines(echo, 'GET /mirror/percent%25done'), 400, 'Bad Request');
    });

    test('for a request line and headers of more than 10,240 bytes (documented; the status is not)', async () => {
      const answer = await lines(echo, 'GET /mirror', [`X-Thing: ${'x'.repeat(10_240)}`]);
      expectMessage(answer, 431, 'Request Header Fields Too Large');
    });

    test('for what is no HTTP (not documented)', async () => {
      expectMessage(await lines(echo, 'GET /mir ror'), 400, 'Bad Request');
    });
  });

  test('shows a web page nothing, as its template allows none: OPTIONS with Origin is a request like others (documented)', async () => {
    const page = ['Origin: https://shop.example.com', 'Access-Control-Request-Method: POST'];
    for (const [url, requestLine] of [
      [echo, 'OPTIONS /mirror'],
      [echo, 'GET /mirror'],
      [payments, 'OPTIONS /payments'],
    ] as const) {
      const { headers } = await lines(url, requestLine, page);
      expect(headers.filter(([name]) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  describe('says itself, in application/problem+json, what is wrong with', () => {
    test.each([
      ['GET /nowhere', 404],
      ['GET /payments/', 404],
      ['OPTIONS /payments', 405],
      ['DELETE /payments', 405],
      ['POST /payments', 401],
    ])('%s: %d', async (requestLine, status) => {
      expectProblem(await lines(payments, requestLine), status);
    });

    const sent = (requestLine: string, headers: string[] = [], body?: string) =>
      lines(
        payments,
        requestLine,
        [`Authorization: Bearer ${token}`, 'Idempotency-Key: one', ...headers],
        body,
      );

    test.each(['GET /payments/%', 'GET /payments/%ff', 'GET /payments/%zz', 'GET /payments/a%252Fb'])(
      'an id that none can be: %s',
      async (requestLine) => expectProblem(await sent(requestLine), 404),
    );

    test.each([';;;', 'json', 'application/json, application/json', 'text/plain'])(
      'the content type %s',
      async (type) => expectProblem(await sent('POST /payments', [`Content-Type: ${type}`], '{}'), 415),
    );

    test('a body that is no UTF-8, no JSON, or too long for it', async () => {
      const post = (body: string) => sent('POST /payments', ['Content-Type: application/json'], body);
      expectProblem(await post('{"description":"caf\xe9"}'), 400);
      expectProblem(await post('{'), 400);
      expectProblem(await post(`"${'x'.repeat(40_000)}"`), 413);
      // This one does not get to the function.
      expectMessage(await post('x'.repeat(10 * 1024 * 1024 + 1)), 413, 'Request Entity Too Large');
    });
  });
});

/** What API Gateway says for itself. */
function expectMessage(answer: Answer, status: number, message: string): void {
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: JSON.stringify({ message }) });
  expect(headerOf(answer, 'content-type')).toEqual(['application/json']);
}

function expectProblem(answer: Answer, status: number): void {
  expect(answer.status, answer.body).toBe(status);
  expect(headerOf(answer, 'content-type')).toEqual(['application/problem+json']);
  expect(JSON.parse(answer.body)).toMatchObject({ status, code: expect.any(String) });
}
