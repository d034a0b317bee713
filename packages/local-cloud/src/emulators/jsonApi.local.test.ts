import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { jsonApi } from './jsonApi.ts';

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => unknown,
): Promise<{ server: Server; url: string }> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function apiOf(url: string) {
  const api = jsonApi(url, 'streams');
  onTestFinished(() => api.close());
  return api;
}

test('A call is as in the JSON protocol of AWS, and its answer as on the wire', async () => {
  const seen: unknown[] = [];
  const { url } = await serve(async (request, response) => {
    const { method, headers } = request;
    seen.push(method, headers['x-amz-target'], headers['content-type'], await json(request));
    response.end('{"Records":[{"dynamodb":{"ApproximateCreationDateTime":1.5}}]}');
  });
  expect(await apiOf(url).call('GetRecords', { Limit: 1 })).toEqual({
    Records: [{ dynamodb: { ApproximateCreationDateTime: 1.5 } }],
  });
  expect(seen).toEqual([
    'POST',
    'DynamoDBStreams_20120810.GetRecords',
    'application/x-amz-json-1.0',
    { Limit: 1 },
  ]);
});

test('What is refused is an error with the name that AWS gives to the reason', async () => {
  const { url } = await serve((_request, response) =>
    response
      .writeHead(400)
      .end('{"__type":"com.amazonaws.dynamodb.v20120810#ExpiredIteratorException","message":"Expired"}'),
  );
  await expect(apiOf(url).call('GetRecords', {})).rejects.toMatchObject({
    name: 'ExpiredIteratorException',
    message: expect.stringContaining('GetRecords was answered 400'),
  });
});

test('A connection that the other side has closed meanwhile is replaced', async () => {
  let requests = 0;
  const { url } = await serve((request, response) => {
    requests += 1;
    if (requests === 2) request.socket.resetAndDestroy();
    else response.end('{}');
  });
  const { call } = apiOf(url);
  await call('GetRecords', {});
  expect(await call('GetRecords', {})).toEqual({});
  expect(requests).toBe(3);
});

test('A connection that breaks at its first call is an error', async () => {
  const { url } = await serve((request) => request.socket.resetAndDestroy());
  await expect(apiOf(url).call('GetRecords', {})).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('A call ends with its signal', async () => {
  const stopping = new AbortController();
  const { url } = await serve(() => stopping.abort());
  await expect(apiOf(url).call('ReceiveMessage', {}, stopping.signal)).rejects.toMatchObject({
    name: 'AbortError',
  });
});
