import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { clientSettings } from './aws.ts';

/** It takes every request and begins an answer as a test says, but never ends it. */
let hanging: Server;
let beginning: string;
let requests: number;
const sockets = new Set<Socket>();

beforeAll(async () => {
  hanging = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}); // The client cuts it off.
    socket.on('data', () => {
      requests += 1;
      socket.write(beginning);
    });
  });
  hanging.listen(0, '127.0.0.1');
  await once(hanging, 'listening');
});
beforeEach(() => {
  requests = 0;
  beginning = '';
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  hanging.close();
});

/** Calls the server that hangs as every client does, but for a thirtieth of the time. */
function call(changes: object = {}): Promise<unknown> {
  const { requestTimeout, socketTimeout } = clientSettings.requestHandler;
  const times = { requestTimeout: requestTimeout / 30, socketTimeout: socketTimeout / 30 };
  const requestHandler = { ...clientSettings.requestHandler, ...times, ...changes };
  const client = new DynamoDBClient({
    ...clientSettings,
    requestHandler,
    endpoint: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return client.send(new GetItemCommand({ TableName: 'table', Key: { pk: { S: 'key' } } }));
}

test('a call that is not answered ends with an error after three attempts', async () => {
  await expect(call({ socketTimeout: 0 })).rejects.toThrow(
    'a request has exceeded the configured 100 ms requestTimeout',
  );
  expect(requests).toBe(3);
});

test('so does one whose answer begins and goes no further', async () => {
  beginning = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{';
  await expect(call()).rejects.toThrow('timed out after 100 ms of inactivity');
  expect(requests).toBe(3);
});

test('the time that a request may take would by itself only be warned of', async () => {
  const warn = vi.fn();
  const settled = vi.fn();
  call({ throwOnRequestTimeout: false, socketTimeout: 0, logger: { warn } }).then(settled, settled);
  await vi.waitFor(() => expect(warn).toHaveBeenCalled(), 10_000);
  await new Promise(setImmediate);
  expect(settled).not.toHaveBeenCalled();
});
