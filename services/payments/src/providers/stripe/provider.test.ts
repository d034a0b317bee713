import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Instruction, ProviderRefusal } from '../provider.ts';
import { provider } from './provider.ts';
import { dayMs, hourMs, instructionFor, stripeAt } from './stripeFixtures.ts';

let stripe: ReturnType<typeof stripeAt>;
beforeEach(() => {
  stripe = stripeAt('2026-11-30T12:00:00.000Z');
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  stripe.secretsManager.restore();
});

/** An instruction for a payment that was prepared. */
async function prepared(
  operation: 'charge' | 'authorize',
  more: Partial<Instruction> = {},
): Promise<Instruction & { reference: string }> {
  const instruction = instructionFor(operation, more);
  return { ...instruction, reference: (await provider.prepare?.(instruction)) as string };
}

/** What follows on a charge or authorization. */
const next = (
  first: Instruction,
  operation: Instruction['operation'],
  more: Partial<Instruction> = {},
): Instruction => ({ ...first, operation, key: `${operation}_1`, ...more });

const charges = () => [...stripe.fake.charges.values()];
const intent = ({ reference = '' }: Instruction) => stripe.fake.intents.get(reference);
const facts = ({ reference = '' }: Instruction) => provider.facts?.(reference);

const succeeded = { result: 'succeeded' };
const nothing = { result: 'nothing' };

describe('A payment', () => {
  test('is prepared without moving money, and says whose it is', async () => {
    const charge = await prepared('charge');
    expect(intent(charge)).toMatchObject({
      amount: 12_100,
      currency: 'eur',
      capture_method: 'automatic',
      status: 'requires_payment_method',
      metadata: { fanfold_payment: 'pay_1', fanfold_merchant: 'acme' },
    });
    expect(charges()).toEqual([]);
    expect(await provider.look(charge)).toEqual(nothing);
  });

  test('is charged once, however often the call comes', async () => {
    const charge = await prepared('charge');
    for (let n = 0; n < 3; n++) expect(await provider.perform(charge)).toEqual(succeeded);
    expect(charges()).toMatchObject([{ amount_captured: 12_100 }]);
    expect(await facts(charge)).toMatchObject({
      paymentId: 'pay_1',
      merchantId: 'acme',
      charge: { operation: 'charge', outcome: succeeded, amountCaptured: 12_100 },
    });
  });

  test('is charged once, although Stripe has forgotten the key', async () => {
    const charge = await prepared('charge');
    expect(await provider.perform(charge)).toEqual(succeeded);
    stripe.clock.now += 25 * hourMs;
    expect(await provider.perform(charge)).toEqual(succeeded);
    expect(charges()).toHaveLength(1);
  });

  test('is sent in the unit that Stripe counts', async () => {
    const charge = await prepared('charge', { amount: 121, currency: 'ISK' });
    expect(intent(charge)).toMatchObject({ amount: 12_100, currency: 'isk' });
    await provider.perform(charge);
    expect(await facts(charge)).toMatchObject({ charge: { amountCaptured: 121 } });
  });

  test('is authorized for as long as Stripe says, and captured in part', async () => {
    const authorize = await prepared('authorize');
    const outcome = { result: 'succeeded', expiresAt: '2026-12-05T06:00:00.000Z' };
    expect(await provider.perform(authorize)).toEqual(outcome);
    expect(await facts(authorize)).toMatchObject({ charge: { operation: 'authorize', outcome } });
    const capture = next(authorize, 'capture', { amount: 5000 });
    expect(await provider.look(capture)).toEqual(nothing);
    expect(await provider.perform(capture)).toEqual(succeeded);
    expect(await provider.look(capture)).toEqual(succeeded);
    expect(await facts(authorize)).toMatchObject({ charge: { outcome: succeeded, amountCaptured: 5000 } });
    // Somebody captured another amount at Stripe.
    expect(await provider.look({ ...capture, amount: 6000 })).toMatchObject({ result: 'failed' });
  });

  test('is canceled, also when the call for it comes a day later again', async () => {
    const authorize = await prepared('authorize');
    await provider.perform(authorize);
    const cancel = next(authorize, 'void');
    expect(await provider.look(cancel)).toEqual(nothing);
    expect(await provider.perform(cancel)).toEqual(succeeded);
    stripe.clock.now += 25 * hourMs;
    expect(await provider.perform(cancel)).toEqual(succeeded);
    expect(await facts(authorize)).toMatchObject({ canceled: { reason: 'requested_by_customer' } });
  });

  test('that nobody captured expires when Stripe says so, and can be captured no more', async () => {
    const authorize = await prepared('authorize');
    await provider.perform(authorize);
    stripe.clock.now += 5 * dayMs;
    expect(await provider.perform(next(authorize, 'capture'))).toMatchObject({
      result: 'failed',
      failure: { code: 'authorization_expired' },
    });
    expect(await facts(authorize)).toMatchObject({ canceled: { reason: 'expired' } });
  });

  test.each([
    ['pm_card_chargeDeclined', 'generic_decline', 'The card was declined.'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds', 'The card has insufficient funds.'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card', 'The card has expired.'],
  ])(
    'by %s is declined with Stripe’s code, whenever it is looked at',
    async (paymentMethod, declineCode, message) => {
      const charge = await prepared('charge', { paymentMethod });
      const declined = { result: 'failed', failure: { code: 'card_declined', declineCode, message } };
      expect(await provider.perform(charge)).toEqual(declined);
      expect(await provider.perform(charge)).toEqual(declined);
      stripe.fake.tryAgain(charge.reference);
      expect(await provider.look(charge)).toEqual(declined);
      expect(await facts(charge)).toMatchObject({ charge: { outcome: declined } });
    },
  );

  test('by a payment method that Stripe does not have fails, and nothing was done', async () => {
    const charge = await prepared('charge', { paymentMethod: 'pm_unknown' });
    expect(await provider.perform(charge)).toMatchObject({
      result: 'failed',
      failure: { code: 'provider_error', declineCode: 'resource_missing' },
    });
    expect(await provider.close(charge)).toEqual(nothing);
  });

  test('of a bank takes days, in which it is pending', async () => {
    const charge = await prepared('charge', { paymentMethod: 'pm_usBankAccount' });
    expect(await provider.perform(charge)).toEqual({ result: 'pending' });
    expect(await provider.close(charge)).toEqual({ result: 'pending' });
    stripe.clock.now += 4 * dayMs;
    expect(await provider.look(charge)).toEqual(succeeded);
  });
});

describe('A customer who has to authenticate', () => {
  const paymentMethod = 'pm_card_authenticationRequired';
  const action = (charge: Instruction) => ({
    result: 'action',
    nextAction: { type: 'redirect_to_url', url: `http://127.0.0.1/authenticate/${charge.reference}` },
    until: '2026-11-30T13:00:00.000Z',
  });

  test('is told where, and has paid then', async () => {
    const charge = await prepared('charge', { paymentMethod });
    expect(await provider.perform(charge)).toEqual(action(charge));
    expect(await provider.look(charge)).toEqual(action(charge));
    stripe.fake.authenticate(charge.reference);
    expect(await facts(charge)).toMatchObject({ charge: { outcome: succeeded } });
  });

  test('may fail to', async () => {
    const charge = await prepared('charge', { paymentMethod });
    await provider.perform(charge);
    stripe.fake.authenticate(charge.reference, false);
    expect(await provider.look(charge)).toMatchObject({
      result: 'failed',
      failure: { declineCode: 'payment_intent_authentication_failure' },
    });
  });

  test('may fail to, and try again with another card, until it is closed', async () => {
    const fails = async () => {
      const charge = await prepared('charge', { paymentMethod, key: `pay_${stripe.fake.intents.size}` });
      await provider.perform(charge);
      stripe.fake.authenticate(charge.reference, false);
      expect(await provider.look(charge)).toMatchObject({ result: 'failed', isOpen: true });
      return charge;
    };
    const paid = await fails();
    stripe.fake.tryAgain(paid.reference);
    expect(await provider.close(paid)).toEqual(succeeded);
    const failed = await fails();
    expect(await provider.close(failed)).toMatchObject({ result: 'failed' });
    stripe.fake.tryAgain(failed.reference);
    expect(await provider.look(failed)).not.toMatchObject({ isOpen: true });
    expect(charges()).toHaveLength(1);
  });

  test('and tries again in the very moment in which it is ended: that it failed is not believed', async () => {
    const charge = await prepared('charge', { paymentMethod });
    await provider.perform(charge);
    stripe.fake.authenticate(charge.reference, false);
    const { end } = provider;
    provider.end = async () => {};
    await expect(provider.close(charge).finally(() => Object.assign(provider, { end }))).rejects.toThrow(
      'tried again',
    );
  });

  test('cannot pay any more once it was closed', async () => {
    const charge = await prepared('charge', { paymentMethod });
    await provider.perform(charge);
    expect(await provider.close(charge)).toEqual(nothing);
    stripe.fake.authenticate(charge.reference);
    expect(await provider.look(charge)).toEqual(nothing);
    expect(charges()).toEqual([]);
  });

  test('is not waited for where there is no address to go to', async () => {
    const charge = await prepared('charge', { paymentMethod });
    stripe.fake.url = '';
    stripe.fetched.mockImplementation(withoutAddress(stripe.fetched.getMockImplementation() as typeof fetch));
    expect(await provider.perform(charge)).toEqual(nothing);
    expect(intent(charge)).toMatchObject({ status: 'canceled' });
  });

  const withoutAddress =
    (original: typeof fetch): typeof fetch =>
    async (...call) => {
      const text = await (await original(...call)).text();
      return new Response(text.replaceAll('redirect_to_url', 'use_stripe_sdk').replace(/"url":"[^"]*",/, ''));
    };
});

describe('A refund', () => {
  const refunded = (first: Instruction, more: Partial<Instruction> = {}) =>
    next(first, 'refund', { amount: 4000, ...more });

  async function charged(paymentMethod = 'pm_card_visa') {
    const charge = await prepared('charge', { paymentMethod });
    await provider.perform(charge);
    return charge;
  }

  test('is found by its key, when several are there', async () => {
    const charge = await charged();
    for (let n = 1; n <= 3; n++) {
      const refund = refunded(charge, { key: `re_${n}`, amount: 1000 });
      expect(await provider.look(refund)).toEqual(nothing);
      expect(await provider.perform(refund)).toEqual(succeeded);
      expect(await provider.look(refund)).toEqual(succeeded);
    }
    expect(stripe.fake.refunds.size).toBe(3);
  });

  test('may be pending for a day', async () => {
    const refund = refunded(await charged('pm_card_pendingRefund'));
    expect(await provider.perform(refund)).toEqual({ result: 'pending' });
    stripe.clock.now += 25 * hourMs;
    expect(await provider.look(refund)).toEqual(succeeded);
  });

  test('may fail after it succeeded', async () => {
    const charge = await charged('pm_card_refundFail');
    const refund = refunded(charge);
    expect(await provider.perform(refund)).toEqual(succeeded);
    stripe.clock.now += 25 * hourMs;
    const failure = { code: 'refund_failed', declineCode: 'expired_or_canceled_card' };
    expect(await provider.look(refund)).toMatchObject({ result: 'failed', failure });
    expect(await facts(charge)).toMatchObject({
      refunds: [{ key: refund.key, outcome: { result: 'failed', failure } }],
    });
  });

  test('of more than is left fails', async () => {
    const charge = await charged();
    expect(await provider.perform(refunded(charge, { amount: 12_101 }))).toMatchObject({ result: 'failed' });
  });
});

test('a dispute is known until it is closed', async () => {
  const charge = await prepared('charge', { paymentMethod: 'pm_card_createDispute' });
  await provider.perform(charge);
  expect(await facts(charge)).toMatchObject({ disputes: [] });
  stripe.clock.now += 2 * hourMs;
  const [dispute] = (await facts(charge))?.disputes ?? [];
  expect(dispute).toEqual({
    id: expect.any(String),
    amount: 12_100,
    currency: 'EUR',
    reason: 'fraudulent',
    status: 'open',
    openedAt: '2026-11-30T14:00:00.000Z',
    evidenceDueBy: '2026-12-07T14:00:00.000Z',
  });
  stripe.fake.closeDispute(dispute?.id as string, 'won');
  expect(await facts(charge)).toMatchObject({ disputes: [{ status: 'won' }] });
});

test.each([
  ['won', undefined, 'won'],
  ['lost', undefined, 'lost'],
  ['prevented', 'block', 'won'],
  ['prevented', 'resolution', 'lost'],
] as const)('a dispute that is %s (%s) is %s for the merchant', async (status, caseType, expected) => {
  const charge = await prepared('charge');
  await provider.perform(charge);
  stripe.fake.dispute(charge.reference);
  for (const { id } of stripe.fake.disputes.values()) stripe.fake.closeDispute(id, status, caseType);
  expect(await facts(charge)).toMatchObject({ disputes: [{ status: expected }] });
});

test('of a payment that somebody else made at Stripe nothing is told', async () => {
  const charge = await prepared('charge');
  Object.assign(intent(charge) ?? {}, { metadata: {} });
  expect(await facts(charge)).toBeUndefined();
});

test('a payment that lost its reference is found by its metadata', async () => {
  const { reference: _lost, ...charge } = await prepared('charge');
  stripe.clock.now += 2 * 60_000;
  expect(await provider.perform(charge)).toEqual(succeeded);
  expect(charges()).toHaveLength(1);
});

describe('What happened is not known', () => {
  test.each(['lost-before', 'lost-after', 'saved-500-before', 'saved-500-after', 'answered-429'] as const)(
    'when a call is %s, until it is looked at; closed, it never happens later',
    async (fault) => {
      const charge = await prepared('charge');
      stripe.fake.fault = ({ path }) => (path.endsWith('/confirm') ? fault : undefined);
      await expect(provider.perform(charge)).rejects.not.toBeInstanceOf(ProviderRefusal);
      stripe.fake.fault = () => undefined;
      const isDone = fault.endsWith('-after');
      expect(await provider.look(charge)).toEqual(isDone ? succeeded : nothing);
      expect(await provider.close(charge)).toEqual(isDone ? succeeded : nothing);
      stripe.clock.now += 25 * hourMs;
      expect(await provider.perform(charge)).toEqual(isDone ? succeeded : nothing);
      expect(charges()).toHaveLength(isDone ? 1 : 0);
    },
  );

  test('when Stripe fails, which it would repeat to the same key for a day, until the same is asked again', async () => {
    for (const operation of ['capture', 'void'] as const) {
      const authorize = await prepared('authorize', { key: `pay_${operation}` });
      await provider.perform(authorize);
      const asked = next(authorize, operation);
      stripe.fake.fault = ({ path }) => (/\/(capture|cancel)$/.test(path) ? 'saved-500-before' : undefined);
      await expect(provider.perform(asked)).rejects.toThrow('Stripe answered 500');
      stripe.fake.fault = () => undefined;
      expect(await provider.look(asked)).toEqual(nothing);
      expect(await provider.perform(asked)).toEqual(succeeded);
    }
    const charge = await prepared('charge', { key: 'pay_closed' });
    stripe.fake.fault = ({ path }) => (path.endsWith('/cancel') ? 'saved-500-before' : undefined);
    await expect(provider.close(charge)).rejects.toThrow('Stripe answered 500');
    stripe.fake.fault = () => undefined;
    expect(await provider.close(charge)).toEqual(nothing);
    expect(intent(charge)).toMatchObject({ status: 'canceled' });
  });

  test('when a key is in use, or was used for something else', async () => {
    const charge = await prepared('charge');
    await provider.perform(charge);
    await expect(provider.perform({ ...charge, paymentMethod: 'pm_other' })).rejects.toThrow(
      'idempotency_error',
    );
    stripe.fetched.mockResolvedValueOnce(
      new Response('{"error":{"type":"idempotency_error"}}', { status: 409 }),
    );
    await expect(provider.perform(charge)).rejects.toThrow('Stripe answered 409');
  });

  test('when something in between answers with a page', async () => {
    const charge = await prepared('charge');
    for (const status of [200, 502]) {
      stripe.fetched.mockResolvedValueOnce(new Response('<html>', { status }));
      await expect(provider.perform(charge)).rejects.toThrow(`Stripe answered ${status}`);
    }
  });
});

describe('A request is refused before anything is written', () => {
  test.each([
    ['amount', { amount: 1 }, '#/amount'],
    ['amount', { amount: 999_999_999 }, '#/amount'],
  ])('for an %s that Stripe does not take', async (_what, more, pointer) => {
    await expect(provider.prepare?.(instructionFor('charge', more))).rejects.toMatchObject({
      status: 422,
      errors: [{ pointer }],
    });
  });

  test('for one that the unit of the currency cannot carry', () => {
    expect(provider.expressible(1234, 'KWD')).toContain('multiple of 10');
    expect(provider.expressible(1230, 'KWD')).toBeUndefined();
  });

  test('for what is no payment method of Stripe', () => {
    expect(['pm_card_visa', 'pm_1NqX', 'card_1', 'src_1'].filter(provider.accepts)).toHaveLength(4);
    expect(
      ['', 'visa', 'pm_', 'pm_a b', `pm_${'x'.repeat(201)}`, 'tok_visa'].filter(provider.accepts),
    ).toEqual([]);
  });
});

describe('A key that Stripe refuses', () => {
  test('has done nothing, and is not asked for what came of it', async () => {
    const charge = await prepared('charge');
    stripe.fetched.mockImplementation(async () => new Response('{"error":{}}', { status: 403 }));
    for (const call of [provider.prepare, provider.perform, provider.look, provider.close])
      await expect(call?.(charge)).rejects.toBeInstanceOf(ProviderRefusal);
    await expect(provider.facts?.(charge.reference)).rejects.toBeInstanceOf(ProviderRefusal);
  });
});
