import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { payUnderLoad } from './load.ts';

let close = () => {};
afterEach(() => close());

async function listen(listener: RequestListener): Promise<{ payments: string; billing: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => {
    server.close();
    server.closeAllConnections();
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { payments: url, billing: url };
}

it('pays with each client over a connection of its own, and counts what is answered and what is not', async () => {
  const connections = new Map<string, Set<unknown>>();
  const keys: unknown[] = [];
  const refused = new Set<unknown>();
  let asks = 0;
  const urls = await listen(async (request, response) => {
    const { authorization = '' } = request.headers;
    connections.set(authorization, (connections.get(authorization) ?? new Set()).add(request.socket));
    if (request.method === 'GET') {
      // The invoice comes a moment later.
      asks += 1;
      response.end(JSON.stringify({ data: asks > 2 ? [{ object: 'invoice' }] : [] }));
      return;
    }
    const { orderId } = (await json(request)) as { orderId: string };
    keys.push(request.headers['idempotency-key']);
    const isFirst = !refused.has(authorization);
    refused.add(authorization);
    response.writeHead(isFirst ? 500 : 201).end(JSON.stringify({ id: `pay_${orderId}` }));
  });

  const load = await payUnderLoad({ urls, tokens: ['a', 'b'], seconds: 0.2, name: 'test' });

  expect(load.failures).toEqual({ 500: 2 });
  expect(load.payments).toBe(keys.length - 2);
  expect(new Set(keys).size).toBe(keys.length);
  expect(asks).toBeGreaterThan(2);
  expect(load.paymentsPerSecond).toBeGreaterThan(0);
  expect(load.paymentsPerSecond).toBeLessThan(load.payments / 0.2);
  expect(load.postSeconds.p50).toBeLessThanOrEqual(load.postSeconds.p99);
  expect([...connections.keys()].sort()).toEqual(['Bearer a', 'Bearer b']);
  expect(new Set([...connections.values()].flatMap((each) => [...each])).size).toBe(2);
});

it('says what came instead when no payment was taken', async () => {
  const urls = await listen((_request, response) => {
    response.writeHead(503).end('{}');
  });
  await expect(payUnderLoad({ urls, tokens: ['a'], seconds: 0.01, name: 'test' })).rejects.toThrow(
    /No payment was answered with 201, but \{"503":\d+\}/,
  );
});
