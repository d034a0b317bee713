import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { buffer, json, text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Answer, headerOf, lines as sendLines, raw as sendRaw } from '../../fixtures/rawHttp.ts';
import { FunctionError } from '../functions/invoke.ts';
import { type Gateway, startGateway } from './gateway.ts';
import type { Cors } from './httpApi.ts';

// Holds the gateway to what an HTTP API does with payload format 2.0. "Recorded" is explained in the README.

/** What the function `result` gives next. */
let result: unknown;
let seen: APIGatewayProxyEventV2 | undefined;
/** The route of each run of a function, in order. */
const ran: string[] = [];
const errors: string[] = [];

const functions: Record<string, (event: APIGatewayProxyEventV2) => unknown> = {
  echo: (event) => ({ statusCode: 200, body: JSON.stringify(event) }),
  result: () => result,
  fail: () => Promise.reject(new FunctionError('fail: RangeError: thrown')),
  unreachable: () => Promise.reject(new TypeError('fetch failed')),
  hang: () => setTimeout(300, { statusCode: 200 }),
  slow: () => setTimeout(100, { statusCode: 200, body: 'slow' }),
};

const routeKeys: Record<string, string> = {
  'GET /things': 'echo',
  'POST /things': 'echo',
  'GET /things/{id}': 'echo',
  'GET /files/{path+}': 'echo',
  'ANY /result': 'result',
  'GET /fail': 'fail',
  'GET /unreachable': 'unreachable',
  'GET /hang': 'hang',
  'GET /slow': 'slow',
};

const start = (more: Record<string, string>, cors?: Cors): Promise<Gateway> =>
  startGateway({
    port: 0,
    api: {
      routes: Object.entries({ ...routeKeys, ...more }).map(([routeKey, functionName]) => ({
        routeKey,
        functionName,
        timeoutMs: functionName === 'hang' ? 50 : 5_000,
      })),
      cors,
    },
    invoke: async (name, event) => {
      seen = event as APIGatewayProxyEventV2;
      ran.push(seen.routeKey);
      return functions[name]?.(seen);
    },
    onError: ({ message }) => errors.push(message),
  });

let gateway: Gateway;
let withoutDefault: Gateway;
let withCors: Gateway;
beforeAll(async () => {
  gateway = await start({ $default: 'echo' });
  withoutDefault = await start({});
  withCors = await start(
    {},
    {
      AllowOrigins: ['https://shop.example.com'],
      AllowMethods: ['GET', 'POST'],
      AllowHeaders: ['authorization', 'content-type'],
      ExposeHeaders: ['request-id'],
      AllowCredentials: true,
      MaxAge: 60,
    },
  );
});
afterAll(() => Promise.all([gateway, withoutDefault, withCors].map((one) => one?.stop())));
afterEach(() => {
  seen = undefined;
});

/** Sends bytes (in Latin-1) as they are, and reads the answer until the connection ends. */
const raw = (bytes: string, { url }: Gateway = gateway): Promise<Answer> => sendRaw(bytes, url);

/** A request whose lines are sent as they are. */
const lines = (requestLine: string, headers: string[] = [], body = '', { url }: Gateway = gateway) =>
  sendLines(url, requestLine, headers, body);

/** What API Gateway says for itself. */
function expectMessage(answer: Answer, status: number, message: string): void {
  expect({ status: answer.status, body: answer.body }).toEqual({ status, body: JSON.stringify({ message }) });
  expect(headerOf(answer, 'content-type')).toEqual(['application/json']);
  expect(headerOf(answer, 'content-length')).toEqual([String(answer.body.length)]);
}

describe('The event', () => {
  test('has everything that a function asks for', async () => {
    const before = Date.now();
    const answer = await lines(
      'POST /things?a=1&b=x%20y',
      ['User-Agent: test/1', 'Content-Type: application/json', 'X-Forwarded-For: 1.2.3.4'],
      '{"a":1}',
    );
    const port = new URL(gateway.url).port;
    expect(JSON.parse(answer.body)).toEqual({
      version: '2.0',
      routeKey: 'POST /things',
      rawPath: '/things',
      rawQueryString: 'a=1&b=x%20y',
      headers: {
        host: 'api.test',
        'content-length': '7',
        'content-type': 'application/json',
        'user-agent': 'test/1',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': port,
        'x-forwarded-proto': 'http',
      },
      queryStringParameters: { a: '1', b: 'x y' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'local',
        domainName: 'api.test',
        domainPrefix: 'local',
        http: {
          method: 'POST',
          path: '/things',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test/1',
        },
        requestId: expect.stringMatching(/^[\w-]{15}=$/),
        routeKey: 'POST /things',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
    const { time, timeEpoch } = (seen as APIGatewayProxyEventV2).requestContext;
    expect(timeEpoch).toBeGreaterThanOrEqual(before);
    expect(Date.parse(time.replaceAll('/', ' ').replace(':', ' '))).toBe(
      Math.floor(timeEpoch / 1_000) * 1_000,
    );
  });

  test('has an id of its own, which the answer names', async () => {
    const ids = new Set<string>();
    for (const _ of [1, 2]) {
      const answer = await fetch(`${gateway.url}/things`);
      const { requestContext } = (await answer.json()) as APIGatewayProxyEventV2;
      expect(answer.headers.get('apigw-requestid')).toBe(requestContext.requestId);
      ids.add(requestContext.requestId);
    }
    expect(ids.size).toBe(2);
  });

  test('has no body, query, cookies or path parameters where there are none', async () => {
    await lines('GET /things');
    expect(Object.keys(seen as object).sort()).toEqual(
      'headers isBase64Encoded rawPath rawQueryString requestContext routeKey version'.split(' '),
    );
    expect(seen?.headers['content-length']).toBe('0');
    expect(seen?.isBase64Encoded).toBe(false);
  });

  test('has repeated headers joined by commas (recorded), names in lower case, and none of the connection', async () => {
    await lines('GET /things', [
      'Authorization: Bearer one',
      'X-Thing:  a, b ',
      'AUTHORIZATION: Bearer two',
      'x-thing: c',
      'Keep-Alive: timeout=5',
      'TE: trailers',
      '__proto__: polluted',
    ]);
    expect(seen?.headers).toEqual({
      ...{
        host: 'api.test',
        authorization: 'Bearer one,Bearer two',
        'x-thing': 'a, b,c',
        'content-length': '0',
      },
      ...{
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': expect.any(String),
        'x-forwarded-proto': 'http',
      },
      ...JSON.parse('{"__proto__":"polluted"}'),
    });
  });

  test('has cookies by themselves, one by one (recorded), also those that no parser takes', async () => {
    await lines('GET /things', ['Cookie: session=abc123; theme=dark', 'Cookie: a="']);
    expect(seen?.cookies).toEqual(['session=abc123', 'theme=dark', 'a="']);
    expect(seen?.headers).not.toHaveProperty('cookie');
  });

  test.each([
    ['repeat=one&repeat=two', { repeat: 'one,two' }],
    [
      'to=https%3A%2F%2Fexample.com%2Fa%2Fb&plus=a+b&encodedPlus=a%2Bb&empty=',
      {
        to: 'https://example.com/a/b',
        plus: 'a b',
        encodedPlus: 'a+b',
        empty: '',
      },
    ],
    ['a', { a: '' }],
    ['a=1=2?b', { a: '1=2?b' }],
    ['a=%zz', { a: '%zz' }],
    ['a=%F0%9F%AA%91', { a: '🪑' }],
    ['__proto__=1', JSON.parse('{"__proto__":"1"}')],
    ['', undefined],
  ])('has the query ?%s as it was sent, and decoded', async (query, parameters) => {
    await lines(`GET /things?${query}`);
    expect([seen?.rawQueryString, seen?.queryStringParameters]).toEqual([query, parameters]);
  });
});

describe('A path', () => {
  test.each([
    // Recorded on AWS, every one of them.
    ['/files/plain', '/files/plain'],
    ['/files/space%20value', '/files/space value'],
    ['/files/question%3Fvalue', '/files/question'],
    ['/files/hash%23value', '/files/hash#value'],
    ['/files/slash%2Fvalue', '/files/slash/value'],
    ['/files/unicode-%CE%BB-%E4%B8%96%E7%95%8C', '/files/unicode-λ-世界'],
    ['/files/literal%252Fvalue', '/files/literal/value'],
    ['/files/literal%253Fvalue', '/files/literal?value'],
    ['/files/literal%2525value', '/files/literal%value'],
    // Not recorded: left as they are.
    ['/files/a//b', '/files/a//b'],
    ['/files/a/../b', '/files/a/../b'],
    ['/files/a/%2e%2e/b', '/files/a/../b'],
    ['/files/a/', '/files/a/'],
    ['/files/a+b', '/files/a+b'],
    ['/files/%ff', '/files/%ff'],
    ['/files/%zz', '/files/%zz'],
    ['/files/%', '/files/%'],
  ])('%s comes as %s, and its variable too', async (sent, path) => {
    await lines(`GET ${sent}?marker=1`);
    expect(seen).toMatchObject({
      routeKey: 'GET /files/{path+}',
      rawPath: path,
      rawQueryString: 'marker=1',
      pathParameters: { path: path.slice('/files/'.length) },
      requestContext: { http: { path } },
    });
  });

  test('that cannot be decoded a second time is refused (recorded)', async () => {
    expectMessage(await lines('GET /files/percent%25done'), 400, 'Bad Request');
  });

  test.each([
    ['GET', '/things', 'GET /things'],
    ['GET', '/things/1', 'GET /things/{id}'],
    ['GET', '/things/a%2Fb', '$default'],
    ['GET', '/things/a%252Fb', 'GET /things/{id}'],
    ['GET', '/things%2F1', 'GET /things/{id}'],
    ['GET', '/things/%ff', 'GET /things/{id}'],
    ['GET', '/things/', '$default'],
    ['GET', '//things', '$default'],
    ['GET', '/things/..', 'GET /things/{id}'],
    ['GET', '/things/../things', '$default'],
    ['GET', '/files', '$default'],
    ['GET', '/files/', '$default'],
    ['GET', '/THINGS', '$default'],
    ['GET', '/things#fragment', '$default'],
    ['GET', 'http://other.test/things', 'GET /things'],
    ['PUT', '/things', '$default'],
    ['OPTIONS', '/things', '$default'],
    ['OPTIONS', '*', '$default'],
    ['QUERY', '/things', '$default'],
    ['TRACE', '/things', '$default'],
    // Node's parser takes none of these.
    ['FOO', '/things', '$default'],
    ['get', '/things', '$default'],
    ['M-SEARCH', '/things', '$default'],
    ["!#$%&'*+.^_`|~", '/things', '$default'],
    ['CONNECT', 'api.test:443', '$default'],
  ])('is chosen a route by: %s %s goes to %s', async (method, path, routeKey) => {
    const answer = await lines(`${method} ${path}`, ['X-Thing: 1']);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      routeKey,
      headers: { 'x-thing': '1' },
      requestContext: { http: { method } },
    });
  });

  test('with HEAD goes to no GET, and is answered without a body', async () => {
    const answer = await lines('HEAD /things');
    expect([answer.status, seen?.routeKey, answer.body]).toEqual([200, '$default', '']);
  });

  test.each(['PUT /things', 'GET /things/', 'OPTIONS /things', 'FOO /things', 'GET /nothing'])(
    'that fits no route is not found, without a $default: %s',
    async (requestLine) => {
      expectMessage(await lines(requestLine, [], '', withoutDefault), 404, 'Not Found');
      expect(seen).toBeUndefined();
    },
  );
});

describe('A body', () => {
  const bytes = Buffer.from('{"name":"größe"}').toString('latin1');

  test.each(['null', 'false', '0', '""', '"{\\"amount\\":1}"', '[]', '{"a":1,"a":2}', '  {} ', '{'])(
    'in JSON comes as it was sent, never parsed: %s',
    async (body) => {
      for (const type of [
        'Content-Type: application/json',
        'Content-Type: application/json; charset=utf-8',
      ]) {
        await lines('POST /things', [type], body);
        expect([seen?.body, seen?.isBase64Encoded]).toEqual([body, false]);
      }
    },
  );

  test.each([
    // Recorded, but for the last of these.
    'application/json',
    'Application/JSON; charset=UTF-8',
    'text/plain',
    'text/plain; charset=utf-8',
    'text/html',
    'text/csv',
    'application/xml',
    'application/javascript',
    'application/json; charset="utf-8"',
  ])('of type %s comes as text', async (type) => {
    await lines('POST /things', [`Content-Type: ${type}`], bytes);
    expect([seen?.body, seen?.isBase64Encoded]).toEqual(['{"name":"größe"}', false]);
  });

  test.each([
    // Recorded, but for the last two.
    'Content-Type: application/octet-stream',
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Type: multipart/form-data; boundary=x',
    'Content-Type: text/plain; charset=iso-8859-1',
    'Content-Type: image/png',
    'X-No-Type: 1',
    'Content-Type: ;;;',
    'Content-Type: application/json, application/json',
  ])('with %s comes in Base64', async (header) => {
    const everyByte = String.fromCharCode(...Array(256).keys());
    await lines('POST /things', [header], everyByte);
    expect(seen?.isBase64Encoded).toBe(true);
    expect(Buffer.from(seen?.body ?? '', 'base64').toString('latin1')).toBe(everyByte);
  });

  test('that is no UTF-8 has U+FFFD for what is none: the function can see it', async () => {
    await lines('POST /things', ['Content-Type: application/json'], '{"name":"caf\xe9"}');
    expect(seen?.body).toBe('{"name":"caf\ufffd"}');
  });

  test('comes with GET too', async () => {
    await lines('GET /things', ['Content-Type: application/json'], '{"a":1}');
    expect([seen?.routeKey, seen?.body]).toEqual(['GET /things', '{"a":1}']);
  });

  test('in chunks comes whole', async () => {
    const answer = await raw(
      [
        'POST /things HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/plain',
        'Transfer-Encoding: chunked\r\n',
        '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
      ].join('\r\n'),
    );
    expect(JSON.parse(answer.body)).toMatchObject({ body: 'abcde', headers: { 'content-length': '5' } });
    expect(seen?.headers).not.toHaveProperty('transfer-encoding');
  });

  test('that waits for leave, or expects something else, is answered', async () => {
    for (const expected of ['100-continue', 'a miracle']) {
      const sent = request(`${gateway.url}/things`, { method: 'POST', headers: { expect: expected } });
      sent.end('abc');
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      expect(await json(response)).toMatchObject({ body: 'YWJj' });
    }
  });
});

describe('A request beyond the limits', () => {
  test('of 10 MB for the body is too large, and is answered when it has been sent', async () => {
    for (const length of [10 * 1024 * 1024 + 1, 12 * 1024 * 1024]) {
      expectMessage(await lines('POST /things', [], 'x'.repeat(length)), 413, 'Request Entity Too Large');
    }
    expect(seen).toBeUndefined();
  });

  test('of 6 MB for what Lambda takes is too large as well', async () => {
    const type = ['Content-Type: text/plain'];
    const answer = await lines('POST /result', type, 'x'.repeat(6 * 1024 * 1024));
    expectMessage(answer, 413, 'Request Entity Too Large');
    result = { statusCode: 200, body: 'fits' };
    expect((await lines('POST /result', type, 'x'.repeat(6 * 1024 * 1024 - 2_000))).body).toBe('fits');
    // In Base64 it is a third more.
    expect((await lines('POST /result', [], 'x'.repeat(4_800_000))).status).toBe(413);
  });

  test.each([10_240, 20_000])(
    'of 10,240 bytes for request line and headers is too large (%s)',
    async (length) => {
      const answer = await lines('GET /things', [`X-Thing: ${'x'.repeat(length)}`]);
      expectMessage(answer, 431, 'Request Header Fields Too Large');
      expect((await lines('GET /things', [`X-Thing: ${'x'.repeat(10_000)}`])).status).toBe(200);
    },
  );

  test('of HTTP is a bad request, and is told so with a body', async () => {
    for (const bytes of [
      'GET /things HTTP/1.1\r\n\r\n',
      'GET /things HTTP/1.0\r\n\r\n',
      'GET /things HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'GET /things HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n',
      'GET /th ings HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /caf\xe9 HTTP/1.1\r\nHost: a\r\n\r\n',
      'POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      'POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
      'POST /things HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n',
      'FOO /things HTTP/2.0\r\nHost: a\r\n\r\n',
      'FOO /things HTTP/1.1\r\nno header\r\n',
      'nonsense\r\n\r\n',
    ]) {
      const closing = bytes
        .replace('Host: a', 'Host: a\r\nConnection: close')
        .replace('1.1\r\n\r\n', '1.1\r\nConnection: close\r\n\r\n');
      expectMessage(await raw(closing), 400, 'Bad Request');
    }
    expect(seen).toBeUndefined();
  });

  test('of HTTP behind whole requests is refused after these are answered', async () => {
    const post = 'POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n';
    const get = 'GET /slow HTTP/1.1\r\nHost: a\r\n\r\n';
    for (const [bytes, statuses] of [
      [`${post}{}nonsense\r\n\r\n`, [200, 400]],
      [`${get}nonsense\r\n\r\n`, [200, 400]],
      [`${get}${post}{}nonsense\r\n\r\n`, [200, 200, 400]],
      [`${get}${post.replace('Content-Length: 2', 'Transfer-Encoding: chunked')}nonsense\r\n`, [200, 400]],
    ] as const) {
      const { status, body } = await raw(bytes);
      const following = [...body.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
      expect([status, ...following], bytes).toEqual(statuses);
      expect(body).toMatch(/\r\n\r\n{"message":"Bad Request"}$/);
    }
  });

  test('of Node, with an unknown method while another runs, is answered after that', async () => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    const answers = text(socket);
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await vi.waitFor(() => expect(seen).toBeDefined(), 10_000);
    socket.write('FOO /things HTTP/1.1\r\nHost: a\r\n\r\n');
    const statuses = [...(await answers).matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => code);
    expect([statuses, seen?.requestContext.http.method]).toEqual([['200', '200'], 'FOO']);
  });
});

describe('A result', () => {
  const get = (to: Gateway = gateway) => lines('GET /result', [], '', to);

  test('is an answer with its status, headers and body', async () => {
    result = {
      statusCode: 201,
      headers: { 'Content-Type': 'application/problem+json', 'X-Number': 1, 'X-Yes': true },
      body: '{"größe":1}',
    };
    const answer = await get();
    expect([answer.status, answer.body]).toEqual([201, '{"größe":1}']);
    expect(answer.headers.filter(([name]) => !['date', 'apigw-requestid'].includes(name))).toEqual([
      ['content-type', 'application/problem+json'],
      ['x-number', '1'],
      ['x-yes', 'true'],
      ['content-length', '13'],
      ['connection', 'close'],
    ]);
  });

  test('without a type is plain text (recorded)', async () => {
    result = { statusCode: 200, body: 'Hello' };
    expect(headerOf(await get(), 'content-type')).toEqual(['text/plain; charset=utf-8']);
  });

  test('has each cookie as a header of its own, before one among the headers (recorded)', async () => {
    result = { statusCode: 200, cookies: ['a=1; HttpOnly', 'b=2'], headers: { 'Set-Cookie': 'c=3' } };
    expect(headerOf(await get(), 'set-cookie')).toEqual(['a=1; httponly', 'b=2', 'c=3']);
  });

  test('in Base64 is sent as its bytes, as they are, compressed or cut for nobody', async () => {
    const everyByte = Buffer.from(Array.from({ length: 8_192 }, (_, index) => index % 256));
    result = {
      statusCode: 200,
      headers: { 'Content-Type': 'application/octet-stream', ETag: '"1"' },
      body: everyByte.toString('base64'),
      isBase64Encoded: true,
    };
    for (const headers of [
      {},
      { 'accept-encoding': 'gzip, deflate, br' },
      { range: 'bytes=0-99' },
      { 'if-none-match': '"1"' },
    ]) {
      const sent = request(`${gateway.url}/result`, { headers }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      expect([response.statusCode, response.headers['content-encoding']]).toEqual([200, undefined]);
      expect((await buffer(response)).equals(everyByte)).toBe(true);
    }
  });

  test('does not say how it is sent', async () => {
    result = {
      statusCode: 200,
      headers: { 'Content-Length': '3', 'Transfer-Encoding': 'chunked', Connection: 'upgrade' },
      body: 'whole',
    };
    const answer = await get();
    expect([answer.body, headerOf(answer, 'content-length'), headerOf(answer, 'connection')]).toEqual([
      'whole',
      ['5'],
      ['close'],
    ]);
    expect(headerOf(answer, 'transfer-encoding')).toEqual([]);
  });

  test.each([204, 304])('with status %s has no body', async (statusCode) => {
    result = { statusCode, body: 'unseen' };
    const answer = await get();
    expect([answer.status, answer.body, headerOf(answer, 'content-length')]).toEqual([statusCode, '', []]);
  });

  test.each([
    // Recorded, but for the last two.
    [{ name: 'John', age: 30 }, '{"name":"John","age":30}'],
    [
      { key: 'value', headers: { 'content-type': 'application/xml' } },
      '{"key":"value","headers":{"content-type":"application/xml"}}',
    ],
    [[1, 2, 3], '[1,2,3]'],
    ['Hello, World!', 'Hello, World!'],
    ['Special "quoted" text', 'Special "quoted" text'],
    ['', ''],
    [42, '42'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'null'],
  ])('without a status code is the JSON of a 200: %j', async (value, body) => {
    result = value;
    const answer = await get();
    expect([answer.status, headerOf(answer, 'content-type'), answer.body]).toEqual([
      200,
      ['application/json'],
      body,
    ]);
  });

  test.each([
    // The first two are recorded.
    { statusCode: 200.5, body: 'Hello' },
    { statusCode: 0, body: '{}' },
    { statusCode: '200' },
    { statusCode: null },
    { statusCode: 99 },
    { statusCode: 600 },
    { statusCode: 200, body: { an: 'object' } },
    { statusCode: 200, body: 'not Base64!', isBase64Encoded: true },
    { statusCode: 200, headers: { 'X-Bad': 'line\nbreak' } },
    { statusCode: 200, headers: { 'X-Bad': ['a', 'b'] } },
    { statusCode: 200, headers: { 'bad name': '1' } },
    { statusCode: 200, headers: 'none' },
    { statusCode: 200, cookies: 'a=1' },
  ])('that is no answer is an error: %j', async (value) => {
    result = value;
    expectMessage(await get(), 500, 'Internal Server Error');
  });

  test('beyond 6 MB is an error', async () => {
    result = { statusCode: 200, body: 'x'.repeat(6 * 1024 * 1024) };
    expectMessage(await get(), 500, 'Internal Server Error');
    result = { statusCode: 200, body: 'x'.repeat(6 * 1024 * 1024 - 100) };
    expect((await get()).body.length).toBe(6 * 1024 * 1024 - 100);
  });
});

describe('A function', () => {
  test('that fails is an error without detail', async () => {
    expectMessage(await lines('GET /fail'), 500, 'Internal Server Error');
  });

  test('that does not answer in time is not available', async () => {
    expectMessage(await lines('GET /hang'), 503, 'Service Unavailable');
  });

  test('that cannot be reached is not available, and the reason is told here', async () => {
    expectMessage(await lines('GET /unreachable'), 503, 'Service Unavailable');
    expect(errors).toEqual(['fetch failed']);
  });
});

describe('A browser', () => {
  const preflight = ['Origin: https://shop.example.com', 'Access-Control-Request-Method: POST'];
  const corsHeaders = (answer: Answer) =>
    answer.headers.filter(([name]) => name.startsWith('access-control'));

  test('gets no CORS headers where the template has no CORS', async () => {
    result = { statusCode: 200, body: 'shown' };
    for (const requestLine of ['GET /result', 'OPTIONS /things', 'GET /fail']) {
      expect(corsHeaders(await lines(requestLine, preflight))).toEqual([]);
    }
    await lines('OPTIONS /things', preflight);
    expect(seen?.routeKey).toBe('$default');
  });

  test('has its preflight request answered where the template has CORS', async () => {
    const answer = await lines('OPTIONS /things', preflight, '', withCors);
    expect([answer.status, answer.body, seen]).toEqual([204, '', undefined]);
    expect(Object.fromEntries(corsHeaders(answer))).toEqual({
      'access-control-allow-origin': 'https://shop.example.com',
      'access-control-allow-credentials': 'true',
      'access-control-expose-headers': 'request-id',
      'access-control-allow-methods': 'get,post',
      'access-control-allow-headers': 'authorization,content-type',
      'access-control-max-age': '60',
    });
    const stranger = ['Origin: https://evil.example.com', 'Access-Control-Request-Method: POST'];
    expect(corsHeaders(await lines('OPTIONS /things', stranger, '', withCors))).toEqual([]);
  });

  test('may read what the template allows, whatever the function says', async () => {
    result = { statusCode: 200, headers: { 'Access-Control-Allow-Origin': '*' }, body: 'shown' };
    const from = (origin: string) => lines('GET /result', [`Origin: ${origin}`], '', withCors);
    expect(headerOf(await from('https://shop.example.com'), 'access-control-allow-origin')).toEqual([
      'https://shop.example.com',
    ]);
    expect(corsHeaders(await from('https://evil.example.com'))).toEqual([]);
  });
});

describe('A connection', () => {
  test('is kept for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (const _ of [1, 2, 3]) {
      const sent = request(`${gateway.url}/things`, { agent }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      ports.add(response.socket.localPort);
      await buffer(response);
    }
    agent.destroy();
    expect(ports.size).toBe(1);
  });

  test('is answered what runs when the gateway stops, and then closed, as are idle ones', async () => {
    ran.length = 0;
    const stopping = await start({});
    const idle = new Agent({ keepAlive: true });
    await buffer((await once(request(`${stopping.url}/things`, { agent: idle }).end(), 'response'))[0]);
    const running = request(`${stopping.url}/slow`, { agent: idle }).end();
    const answered = once(running, 'response') as Promise<[IncomingMessage]>;
    await vi.waitFor(() => expect(ran).toContain('GET /slow'), 10_000);
    const startedAt = performance.now();
    const stopped = stopping.stop();
    const [response] = await answered;
    expect([response.headers.connection, await text(response)]).toEqual(['close', 'slow']);
    await stopped;
    expect(performance.now() - startedAt).toBeLessThan(900);
    await expect(fetch(stopping.url)).rejects.toThrow('fetch failed');
  });

  test('with nonsense behind a request ends, and no other does', async () => {
    await raw('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n');
    expect((await lines('GET /slow')).body).toBe('slow');
  });

  test('of who goes away in the middle runs no function', async () => {
    ran.length = 0;
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    socket.write('POST /things HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n');
    // The request has begun when it is told to go on.
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 100 /);
    await promisify<string>(socket.write).call(socket, 'abc');
    socket.destroy();
    await once(socket, 'close');
    // What it sent is behind it when what comes after it has been answered, twice.
    await lines('GET /slow');
    await lines('GET /result');
    expect(ran).toEqual(['GET /slow', 'ANY /result']);
  });
});
