import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type AwsClientStub, mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { get, post, StripeError } from './client.ts';

let secretsManager: AwsClientStub<SecretsManagerClient>;
beforeAll(() => {
  vi.stubEnv('STRIPE_SECRET_NAME', 'fanfold-local-stripe');
  secretsManager = mockClient(SecretsManagerClient);
  const SecretString = JSON.stringify({ key: 'sk_test_1', webhookSecrets: ['whsec_1'] });
  secretsManager.on(GetSecretValueCommand).resolves({ SecretString });
});
afterAll(() => {
  secretsManager.restore();
  vi.unstubAllEnvs();
});

/** What answers in place of Stripe. @returns the requests that it got */
async function answerWith(listener: RequestListener) {
  const requests: { line: string; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  vi.stubEnv('STRIPE_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return requests;
}

test('A call is a form or a query, and calls after one another share a connection', async () => {
  const ports = new Set<number | undefined>();
  const requests = await answerWith((request, response) => {
    ports.add(request.socket.remotePort);
    response.end('{"id":"pi_1"}');
  });
  const parameters = { amount: 100, 'metadata[name]': 'Zoë & Co' };
  expect(await post('/v1/payment_intents', { parameters, idempotencyKey: 'key-1' })).toEqual({ id: 'pi_1' });
  expect(await get('/v1/payment_intents/pi_1', { parameters })).toEqual({ id: 'pi_1' });
  const form = 'amount=100&metadata%5Bname%5D=Zo%C3%AB+%26+Co';
  expect(requests[0]).toMatchObject({
    line: 'POST /v1/payment_intents',
    body: form,
    headers: {
      authorization: 'Bearer sk_test_1',
      'idempotency-key': 'key-1',
      'content-length': `${form.length}`,
    },
  });
  expect(requests[1]?.line).toBe(`GET /v1/payment_intents/pi_1?${form.replaceAll('+', '%20')}`);
  expect(ports.size).toBe(1);
});

test.each([
  ['before anything is answered', () => {}],
  ['in the middle of an answer', (response: { write: (text: string) => void }) => response.write('{"id":')],
])('A call is given up after its time: %s', async (_when, begin) => {
  await answerWith((_request, response) => begin(response));
  const call = post('/v1/payment_intents', { idempotencyKey: 'key-1', timeoutMs: 200 });
  await expect(call).rejects.not.toBeInstanceOf(StripeError);
});

test('A redirect is not followed: it would take the key to another host', async () => {
  const requests = await answerWith((_request, response) => {
    response.writeHead(307, { Location: '/elsewhere' }).end();
  });
  await expect(post('/v1/payment_intents')).rejects.toMatchObject({ status: 307 });
  expect(requests).toHaveLength(1);
});
