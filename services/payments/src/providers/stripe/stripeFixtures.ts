import { Readable } from 'node:stream';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { fetchFrom } from '@fanfold/stripe-fake/fetch';
import { StripeFake } from '@fanfold/stripe-fake/stripeFake';
import { HttpResponse } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { mockClient } from 'aws-sdk-client-mock';
import { vi } from 'vitest';
import type { Instruction } from '../provider.ts';

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** Stripe as this test has it, with a clock of its own, and the secrets of a stage. */
export function stripeAt(time: string) {
  const clock = { now: Date.parse(time) };
  const fake = new StripeFake({ now: () => clock.now });
  const fetched = vi.fn(fetchFrom(fake));
  // Calls are sent by the SDK's HTTP handler.
  vi.spyOn(NodeHttpHandler.prototype, 'handle').mockImplementation(async (request, options) => {
    const { protocol, hostname, port, path, query, method, headers, body } = request;
    const url = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}`);
    url.search = new URLSearchParams(query as Record<string, string>).toString();
    const signal = options?.abortSignal as AbortSignal;
    const answer = await fetched(url, { method, headers, body, signal });
    const { status: statusCode } = answer;
    return {
      response: new HttpResponse({ statusCode, headers: {}, body: Readable.from(await answer.text()) }),
    };
  });
  vi.stubEnv('STRIPE_SECRET_NAME', 'fanfold-local-stripe');
  vi.stubEnv('PAYMENT_RETURN_URL', 'https://shop.example/paid');
  const secretsManager = mockClient(SecretsManagerClient);
  const secret = { key: fake.key, webhookSecrets: [fake.webhookSecret] };
  secretsManager.on(GetSecretValueCommand).callsFake(() => ({ SecretString: JSON.stringify(secret) }));
  return { clock, fake, fetched, secret, secretsManager };
}

export const instructionFor = (
  operation: Instruction['operation'],
  more: Partial<Instruction> = {},
): Instruction => ({
  key: 'pay_1',
  operation,
  paymentId: 'pay_1',
  merchantId: 'acme',
  paymentMethod: 'pm_card_visa',
  amount: 12_100,
  currency: 'EUR',
  askedAt: '2026-11-30T12:00:00.000Z',
  ...more,
});
