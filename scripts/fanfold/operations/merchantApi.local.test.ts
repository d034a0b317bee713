import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '@fanfold/local-cloud/ports';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { connect } from './merchantApi.ts';

afterEach(() => vi.unstubAllEnvs());

test('a service that has ended is named', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const stack = createServer((_request, response) => {
    const services = { payments: { url }, billing: { url }, audit: { url } };
    response.end(JSON.stringify({ name: 'fanfold', issuer: 'http://127.0.0.1', services }));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void stack.close());
  await once(stack, 'listening');
  vi.stubEnv('FANFOLD_PORT', String((stack.address() as AddressInfo).port));
  const { billing } = await connect('acme');
  await expect(billing.find('/invoices/inv_1')).rejects.toThrow(`${url} does not answer any more.`);
});
