import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { answerReference } from './site.ts';

const servers: Server[] = [];

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The reference page of a stack with one service, which answers so. */
async function referenceOf(service: RequestListener): Promise<string> {
  const url = await listen(service);
  const stack = { services: { payments: { url, lambdaUrl: url } } };
  const accessToken = async (merchantId: string) => `token-of-${merchantId}`;
  return listen((request, response) => {
    answerReference(request, response, { stack, accessToken, tokenCommand: '' } as never);
  });
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const ofAcme = { 'fanfold-merchant': 'acme' };

it('A service gets the request as the page sent it, with a token of the merchant and no other header', async () => {
  const reference = await referenceOf(async (request, response) => {
    const { host: _host, ...headers } = request.headers;
    const asked = { method: request.method, url: request.url, headers, body: await text(request) };
    response
      .writeHead(201, { 'cache-control': 'private', 'idempotent-replayed': 'true' })
      .end(JSON.stringify(asked));
  });
  const response = await fetch(`${reference}/docs/send/payments/payments/a%2Fb%20c?limit=1&to=%2B`, {
    method: 'POST',
    headers: { ...ofAcme, 'idempotency-key': 'key-1', 'content-type': 'application/json', cookie: 'a=b' },
    body: '{"amount":1}',
  });
  expect(response.status).toBe(201);
  // A page must show the service's own headers.
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'cache-control': 'private',
    'idempotent-replayed': 'true',
  });
  expect(response.headers.has('content-security-policy')).toBe(false);
  expect(await response.json()).toEqual({
    method: 'POST',
    url: '/payments/a%2Fb%20c?limit=1&to=%2B',
    headers: {
      authorization: 'Bearer token-of-acme',
      connection: 'close',
      'content-length': '12',
      'content-type': 'application/json',
      'idempotency-key': 'key-1',
    },
    body: '{"amount":1}',
  });
});

it('A service that does not answer is told as such', async () => {
  const reference = await referenceOf((request) => request.socket.destroy());
  const response = await fetch(`${reference}/docs/send/payments/payments`, { headers: ofAcme });
  expect([response.status, await response.text()]).toEqual([502, 'payments did not answer: socket hang up']);
});

it('An answer that breaks off is none', async () => {
  const reference = await referenceOf((request, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{');
    setImmediate(() => request.socket.destroy());
  });
  const response = await fetch(`${reference}/docs/send/payments/payments`, { headers: ofAcme });
  await expect(response.text()).rejects.toThrow('terminated');
});

it('A request that is given up is given up at the service', async () => {
  const given = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const reference = await referenceOf((request) => {
    request.socket.once('close', given.resolve);
    asked.resolve();
  });
  const giveUp = new AbortController();
  const response = fetch(`${reference}/docs/send/payments/payments`, {
    headers: ofAcme,
    signal: giveUp.signal,
  });
  await asked.promise;
  giveUp.abort();
  await expect(response).rejects.toThrow('aborted');
  await given.promise;
});
