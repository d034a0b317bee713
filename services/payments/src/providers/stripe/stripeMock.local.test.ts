import { expect, test, vi } from 'vitest';
import { referencesWithNews } from './events.ts';
import { movementsOf } from './movements.ts';
import { provider } from './provider.ts';
import { records } from './records.ts';
import { instructionFor, stripeAt } from './stripeFixtures.ts';

/**
 * stripe-mock keeps no state, but knows every parameter of Stripe's API by its description: one that Stripe does not have, lacks or
 * has with another type is a 400. It is started by hand: docs/stripe.md.
 */
const { STRIPE_MOCK_URL = '' } = process.env;

/** Every call, as a method and a path without ids, with the status that it was answered with, and its error. */
async function callsOf(work: () => Promise<void>): Promise<string[]> {
  const { fetched, secretsManager } = stripeAt(new Date().toISOString());
  vi.stubEnv('STRIPE_URL', STRIPE_MOCK_URL);
  const calls = new Set<string>();
  fetched.mockImplementation(async (input, init) => {
    const url = input as URL;
    const response = await fetch(url, init);
    const body = (await response.json()) as { object?: string; error?: { message: string } };
    const path = url.pathname.replace(/\b(pi|re)_\w+/, '…');
    calls.add(`${init?.method} ${path} ${response.status} ${body.error?.message ?? ''}`.trim());
    // So that refunds and disputes are asked for as well.
    const succeeded = {
      status: 'succeeded',
      metadata: { fanfold_payment: 'pay_1', fanfold_merchant: 'acme' },
    };
    const isIntent = body.object === 'payment_intent' && init?.method === 'GET';
    const shown = isIntent ? { ...body, ...succeeded, latest_charge: { disputed: true } } : body;
    return Response.json(shown, { status: response.status });
  });
  await work();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  secretsManager.restore();
  return [...calls].sort();
}

test.skipIf(STRIPE_MOCK_URL === '')('stripe-mock has no fault to find with any call', async () => {
  const instructions = (['charge', 'authorize', 'capture', 'void', 'refund'] as const).map((operation) =>
    instructionFor(operation, { key: `key-${operation}`, reference: 'pi_1' }),
  );
  const calls = await callsOf(async () => {
    await provider.prepare?.(instructionFor('authorize'));
    for (const instruction of instructions) {
      await provider.perform(instruction);
      await provider.look(instruction);
      // Without a reference it is searched for.
      await provider.look({ ...instruction, reference: undefined as never });
    }
    await provider.end?.('pi_1');
    await provider.facts?.('pi_1');
    await records.find('pay_1');
    await records.list(new Date(Date.now() - 3_600_000).toISOString(), undefined);
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    for await (const _ of movementsOf(yesterday));
    for await (const _ of referencesWithNews(Date.now() - 3_600_000, Date.now()));
  });
  expect(calls).toEqual([
    'GET /v1/balance_transactions 200',
    'GET /v1/disputes 200',
    'GET /v1/events 200',
    'GET /v1/payment_intents/search 200',
    'GET /v1/payment_intents/… 200',
    'GET /v1/refunds 200',
    'POST /v1/payment_intents 200',
    'POST /v1/payment_intents/…/cancel 200',
    'POST /v1/payment_intents/…/capture 200',
    'POST /v1/payment_intents/…/confirm 200',
    'POST /v1/refunds 200',
  ]);
});
