import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { metrics } from '@fanfold/runtime/metrics';
import type { Run } from '@fanfold/runtime/schedule';
import { startTrace } from '@fanfold/runtime/trace';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { catchUp } from './catchingUp.ts';
import { observeReference } from './observing.ts';
import type { DifferenceFound } from './payment/difference.ts';
import type { Payment } from './payment/payment.ts';
import { captured, paymentId, processing, refunding } from './payment/paymentFixtures.ts';
import { provider } from './providers/stripe/provider.ts';
import { hourMs, instructionFor, stripeAt } from './providers/stripe/stripeFixtures.ts';
import { hasMoved, isToldBy, reconcile } from './reconciling.ts';
import { itemOf, paymentOf, eventsOf as streamEventsOf } from './store/items.ts';
import { conditionFailed, type Item, table } from './store/tableFixtures.ts';

vi.mock('#provider', () => import('./providers/stripe/provider.ts'));

const { logged, measured } = captureOutput();
let stripe: ReturnType<typeof stripeAt>;
let items: Map<string, Item>;

beforeEach(() => {
  stripe = stripeAt('2026-11-23T10:00:00.000Z');
  items = new Map();
  table.on(GetItemCommand).callsFake(({ Key }) => {
    const item = Key.pk.S === 'mark' ? { at: { S: new Date().toISOString() } } : items.get(Key.pk.S);
    return item ? { Item: item } : {};
  });
  table.on(PutItemCommand).callsFake(({ Item, ExpressionAttributeValues: values }) => {
    const stored = items.get(Item.pk.S);
    if (values?.[':version'] && stored?.version?.N !== values[':version'].N) throw conditionFailed(stored);
    items.set(Item.pk.S, Item);
    return {};
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  stripe.secretsManager.restore();
});

/** The events of the differences that are stored, as the table's stream tells them. */
const findings = () =>
  [...items.values()]
    .filter(({ difference }) => difference !== undefined)
    .map((item) => streamEventsOf(item)[0] as DifferenceFound);
const moment = () => ({ now: new Date(stripe.clock.now), trace: startTrace('webhook_evt_1') });
const run = (): Run => ({ ...moment(), remainingTimeMs: () => 60_000 });
/** Its time is up after so many pages and payments were begun. */
const shortRun = (begun: number): Run => {
  let asked = 0;
  return { ...moment(), remainingTimeMs: () => (asked++ < begun ? 60_000 : 0) };
};
const key = `acme#${paymentId}`;
const stored = (): Payment => paymentOf(items.get(key) as Item);
const writes = () => table.commandCalls(PutItemCommand).length;
const store = (payment: Payment): void => {
  const { marshall } = marshaller;
  items.set(key, marshall(itemOf(payment, []), { removeUndefinedValues: true }) as Item);
};
const marshaller = await import('@aws-sdk/util-dynamodb');

let attempts = 0;

/** A payment that is written and prepared, and not charged yet. */
async function prepared(
  payment = processing({ captureMethod: 'automatic' }),
  paymentMethod = 'pm_card_visa',
) {
  attempts += 1;
  const instruction = instructionFor('charge', { key: `key-${attempts}`, paymentId, paymentMethod });
  const reference = (await provider.prepare?.(instruction)) as string;
  store({ ...payment, reference });
  return { ...instruction, reference };
}

const eventsOf = ({ history }: Payment) => history.map(({ type }) => type);

describe('A payment of which the provider has news', () => {
  test('becomes what the provider says, and is not written again when the news come again', async () => {
    const instruction = await prepared();
    await provider.perform(instruction);
    for (let n = 0; n < 3; n++) await observeReference(instruction.reference, moment());
    expect(stored()).toMatchObject({ status: 'captured', amountCaptured: 12_100 });
    expect(eventsOf(stored())).toEqual(['payment.captured.v1']);
    expect(writes()).toBe(1);
  });

  test('has one outcome, whenever the news come, however often and in whichever order', async () => {
    const step = fc.constantFrom(
      ...(['authenticate', 'fail to authenticate', 'try again'] as const),
      ...(['refund', 'fail', 'dispute', 'win', 'observe', 'observe'] as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { fake } = stripe;
        items.clear();
        const instruction = await prepared(
          processing({ captureMethod: 'automatic' }),
          'pm_card_authenticationRequired',
        );
        await provider.perform(instruction);
        const { reference } = instruction;
        const intent = () => fake.intents.get(reference);
        const mine = <Of extends { payment_intent: string }>(all: Map<string, Of>) =>
          [...all.values()].find(({ payment_intent }) => payment_intent === reference);
        for (const each of steps) {
          if (each === 'observe') await observeReference(reference, moment());
          if (each === 'authenticate') fake.authenticate(reference);
          if (each === 'fail to authenticate') fake.authenticate(reference, false);
          if (each === 'try again') fake.tryAgain(reference);
          if (each === 'dispute' && intent()?.status === 'succeeded' && !mine(fake.disputes))
            fake.dispute(reference);
          const dispute = mine(fake.disputes);
          if (each === 'win' && dispute?.status === 'needs_response') fake.closeDispute(dispute.id, 'won');
          const given = mine(fake.refunds);
          if (each === 'fail' && given?.status === 'succeeded') fake.failRefund(given.id);
          if (each === 'refund' && stored().status === 'captured' && !given && !dispute) {
            const { payment } = refunding(stored(), 4000, `re_${attempts}`);
            store(payment);
            await provider.perform({
              ...instruction,
              operation: 'refund',
              key: `re_${attempts}`,
              amount: 4000,
            });
          }
        }
        await observeReference(reference, moment());
        const before = writes();
        await observeReference(reference, moment());
        expect(writes()).toBe(before);
        const payment = stored();
        const isCaptured = intent()?.status === 'succeeded';
        const isEnded = intent()?.status === 'canceled';
        expect(payment.status).toBe(isCaptured ? 'captured' : isEnded ? 'failed' : 'processing');
        const refund = mine(fake.refunds);
        expect(payment.amountRefunded).toBe(refund?.status === 'succeeded' ? 4000 : 0);
        if (refund) expect(payment.refunds[`re_${attempts}`]?.status).toBe(refund.status);
        expect(eventsOf(payment).filter((type) => type === 'payment.captured.v1')).toHaveLength(
          isCaptured ? 1 : 0,
        );
        const closed = mine(fake.disputes)?.status === 'won';
        expect(eventsOf(payment).filter((type) => type.includes('dispute'))).toHaveLength(
          mine(fake.disputes) ? (closed ? 2 : 1) : 0,
        );
      }),
      { numRuns: 60 },
    );
  });

  test('has failed once its customer cannot try again with another card, and was paid when that came first', async () => {
    for (const isFirst of [true, false]) {
      items.clear();
      const { reference, ...asked } = await prepared(undefined, 'pm_card_authenticationRequired');
      await provider.perform({ ...asked, reference });
      stripe.fake.authenticate(reference, false);
      if (isFirst) stripe.fake.tryAgain(reference);
      await observeReference(reference, moment());
      stripe.fake.tryAgain(reference);
      await observeReference(reference, moment());
      expect(stored().status).toBe(isFirst ? 'captured' : 'failed');
      expect(stripe.fake.intents.get(reference)?.status).toBe(isFirst ? 'succeeded' : 'canceled');
      if (!isFirst)
        expect(stored().failure).toMatchObject({ declineCode: 'payment_intent_authentication_failure' });
    }
    expect(stripe.fake.charges.size).toBe(1);
  });

  test('that failed stays as it is while it cannot be ended', async () => {
    const instruction = await prepared(undefined, 'pm_card_authenticationRequired');
    await provider.perform(instruction);
    stripe.fake.authenticate(instruction.reference, false);
    stripe.fake.fault = ({ path }) => (path.endsWith('/cancel') ? 'lost-before' : undefined);
    await expect(observeReference(instruction.reference, moment())).rejects.toThrow();
    expect(stored().status).toBe('processing');
  });

  test('whose dispute was lost stays so when an appeal wins it, which is told to a person', async () => {
    const instruction = await prepared();
    await provider.perform(instruction);
    stripe.fake.dispute(instruction.reference);
    const [dispute] = stripe.fake.disputes.values();
    const observed = async (status: 'won' | 'lost') => {
      stripe.fake.closeDispute(String(dispute?.id), status);
      await observeReference(instruction.reference, moment());
      return logged().filter(({ message }) => message === 'provider differs');
    };
    expect(await observed('lost')).toEqual([]);
    Object.assign(dispute ?? {}, { status: 'appeal_under_review' });
    await observeReference(instruction.reference, moment());
    expect(findings()).toEqual([]);
    const about = { paymentId, dispute: { id: dispute?.id, atProvider: 'won', inPayments: 'lost' } };
    expect(await observed('won')).toMatchObject([{ level: 'ERROR', merchantId: 'acme', ...about }]);
    await observed('won');
    expect(findings()).toMatchObject([
      {
        merchantid: 'acme',
        data: { date: '2026-11-23', kind: 'dispute-decided-otherwise', ...about },
      },
    ]);
    metrics.publishStoredMetrics();
    expect(JSON.stringify(measured())).toContain('ProviderDifferences');
    expect(Object.values(stored().disputes ?? {})).toMatchObject([{ status: 'lost' }]);
  });

  test('is left alone when it is another’s: of another stage, of an attempt that was not written, or nobody’s', async () => {
    const first = await prepared();
    const second = await prepared();
    await provider.perform(first);
    expect(await observeReference(first.reference, moment())).toBeUndefined();
    items.clear();
    expect(await observeReference(second.reference, moment())).toBeUndefined();
    Object.assign(stripe.fake.intents.get(second.reference) ?? {}, { metadata: {} });
    expect(await observeReference(second.reference, moment())).toBeUndefined();
    expect(writes()).toBe(0);
  });
});

describe('Notifications that were lost', () => {
  test('are made up for by a clock, which reads on from where it was', async () => {
    const instruction = await prepared();
    await provider.perform(instruction);
    stripe.clock.now += 20 * 60_000;
    expect(await catchUp(run())).toEqual({ observed: 1 });
    expect(stored()).toMatchObject({ status: 'captured' });
    expect(items.get('news')).toMatchObject({ readTo: { S: '2026-11-23T10:20:00.000Z' } });
    stripe.clock.now += 5 * hourMs;
    stripe.fake.dispute(instruction.reference);
    stripe.clock.now += 5 * hourMs;
    expect(await catchUp(run())).toEqual({ observed: 1 });
    expect(eventsOf(stored())).toEqual(['payment.captured.v1', 'payment.dispute-opened.v1']);
    expect(await catchUp(run())).toEqual({ observed: 0 });
  });

  test('are read again when one could not be acted on', async () => {
    await provider.perform(await prepared());
    stripe.clock.now += 60_000;
    stripe.fake.fault = ({ path }) => (path.startsWith('/v1/payment_intents/') ? 'lost-before' : undefined);
    await expect(catchUp(run())).rejects.toThrow('could not be observed');
    expect(String(items.get('news')?.readTo?.S) < '2026-11-23T10:00').toBe(true);
    stripe.fake.fault = () => undefined;
    expect(await catchUp(run())).toEqual({ observed: 1 });
  });
});

describe('News that one payment cannot take', () => {
  const readTo = () => items.get('news')?.readTo?.S;
  /** A payment whose news fail for good, and hours later another one. The clock has run before. */
  const brokenAndLater = async () => {
    await catchUp(run());
    stripe.clock.now += 10 * 60_000;
    const broken = await prepared();
    await provider.perform(broken);
    stripe.clock.now += 3 * hourMs;
    items.delete(key);
    const later = await prepared();
    await provider.perform(later);
    stripe.clock.now += 60_000;
    stripe.fake.fault = ({ path }) => (path.endsWith(broken.reference) ? 'lost-before' : undefined);
  };

  test('keep nobody from those that came after, and are read again in each run until they can be taken', async () => {
    await brokenAndLater();
    for (let n = 0; n < 2; n++) {
      await expect(catchUp(run())).rejects.toThrow('1 of 2 payments could not be observed');
      expect(stored()).toMatchObject({ status: 'captured' });
      expect(readTo()).toBe('2026-11-23T10:00:00.000Z');
    }
    stripe.fake.fault = () => undefined;
    expect(await catchUp(run())).toEqual({ observed: 2 });
    expect(readTo()).toBe(new Date(stripe.clock.now).toISOString());
  });

  test('are a finding after a day, and left out, so that the clock goes on', async () => {
    await brokenAndLater();
    const since = new Date(stripe.clock.now).toISOString();
    for (let hours = 0; hours < 24; hours += 6) {
      await expect(catchUp(run())).rejects.toThrow('could not be observed');
      expect(findings()).toEqual([]);
      stripe.clock.now += 6 * hourMs;
    }
    const [[reference] = []] = Object.entries(items.get('news')?.failing?.M ?? {});
    expect(await catchUp(run())).toMatchObject({ observed: 2 });
    expect(readTo()).toBe(new Date(stripe.clock.now).toISOString());
    expect(findings()).toMatchObject([
      { merchantid: '_operator', data: { kind: 'not-observable', reference, since, paymentId: null } },
    ]);
    expect(logged()).toContainEqual(expect.objectContaining({ message: 'payment left out', reference }));
    // What comes later of it is tried again.
    stripe.clock.now += hourMs;
    stripe.fake.dispute(String(reference));
    stripe.clock.now += 60_000;
    await expect(catchUp(run())).rejects.toThrow('1 of 1 payments');
    stripe.fake.fault = () => undefined;
    await catchUp(run());
    expect(items.get('news')?.failing?.M).toEqual({});
    expect(findings()).toHaveLength(1);
  });

  test('are not left out when very many fail, which has another cause than they', async () => {
    await catchUp(run());
    for (let n = 0; n < 25; n++) await provider.perform(await prepared());
    stripe.fake.fault = ({ path }) => (path.startsWith('/v1/payment_intents/') ? 'lost-before' : undefined);
    stripe.clock.now += 60_000;
    await expect(catchUp(run())).rejects.toThrow('25 of 25');
    stripe.clock.now += 25 * hourMs;
    await expect(catchUp(run())).rejects.toThrow('5 of 25');
    expect(findings()).toHaveLength(20);
    stripe.fake.fault = () => undefined;
    expect(await catchUp(run())).toEqual({ observed: 25 });
  });

  test('are told of, also when time was up before the rest was read', async () => {
    await brokenAndLater();
    await expect(catchUp(shortRun(3))).rejects.toThrow('1 of 1 payments');
    expect(readTo()).toBe('2026-11-23T10:00:00.000Z');
  });
});

describe('A run of the clock whose time is up', () => {
  test('has failed when it could not read a single hour, which the next run would not do either', async () => {
    await catchUp(run());
    await provider.perform(await prepared());
    stripe.clock.now += 60_000;
    await expect(catchUp(shortRun(1))).rejects.toThrow('no time');
    expect(items.get('news')).toMatchObject({ readTo: { S: '2026-11-23T10:00:00.000Z' } });
  });

  test('has not failed when it came further: the next one goes on there', async () => {
    await catchUp(run());
    stripe.clock.now += 5 * hourMs;
    expect(await catchUp(shortRun(2))).toEqual({ observed: 0 });
    expect(items.get('news')).toMatchObject({ readTo: { S: '2026-11-23T11:50:00.000Z' } });
  });
});

describe('The day before is compared with the provider', () => {
  /** What the table has of the day: the index is asked for 16 partitions of two days. */
  const active = async (payments: Payment[]) => {
    const { QueryCommand, BatchGetItemCommand } = await import('@aws-sdk/client-dynamodb');
    table.on(QueryCommand).callsFake(({ ExpressionAttributeValues: values }) => ({
      Items: payments.length > 0 && values[':part'].S === '2026-11-23#1' ? [{ pk: { S: key } }] : [],
    }));
    table.on(BatchGetItemCommand).callsFake(() => ({ Responses: { payments: [items.get(key)] } }));
  };

  test('and all is well when both have the same', async () => {
    const instruction = await prepared(captured());
    await provider.perform(instruction);
    await active([stored()]);
    stripe.clock.now += 16 * hourMs;
    expect(await reconcile(run())).toEqual({ moved: 1, told: 1, differences: 0 });
  });

  test('and a refund, one that came back, and a charge are of the payment’s currency, whatever the balance is kept in', async () => {
    const { payment } = refunding(captured(), 4000, 're_1');
    const instruction = await prepared(payment);
    await provider.perform(instruction);
    await provider.perform({ ...instruction, operation: 'refund', key: 're_1', amount: 4000 });
    const [refund] = stripe.fake.refunds.values();
    stripe.fake.failRefund(String(refund?.id));
    await active([]);
    stripe.clock.now += 16 * hourMs;
    expect(stripe.fake.movements).toMatchObject([
      { type: 'charge', currency: 'usd' },
      { type: 'refund', currency: 'usd' },
      { type: 'refund_failure', currency: 'usd' },
    ]);
    expect(await reconcile(run())).toEqual({ moved: 3, told: 0, differences: 0 });
  });

  test('and money that moved without a charge or refund behind it is a difference', async () => {
    await provider.perform(await prepared(captured()));
    await active([]);
    stripe.fake.charges.clear();
    stripe.clock.now += 16 * hourMs;
    expect(await reconcile(run())).toEqual({ moved: 1, told: 0, differences: 1 });
    const movement = { amount: 14_931, currency: 'USD' };
    expect(logged()).toMatchObject([{ message: 'provider differs', movement }]);
    expect(findings()).toMatchObject([{ data: { kind: 'only-at-provider', paymentId: null, movement } }]);
  });

  test('and a payment that had not heard of it is told', async () => {
    await provider.perform(await prepared());
    await active([]);
    stripe.clock.now += 16 * hourMs;
    expect(await reconcile(run())).toEqual({ moved: 1, told: 0, differences: 0 });
    expect(stored()).toMatchObject({ status: 'captured' });
  });

  test('and a payment that was restored, and has no reference, is found by its id', async () => {
    await provider.perform(await prepared(captured()));
    store(captured());
    await active([stored()]);
    stripe.clock.now += 16 * hourMs;
    expect(await reconcile(run())).toEqual({ moved: 1, told: 1, differences: 0 });
    stripe.fake.intents.clear();
    stripe.fake.movements.length = 0;
    expect(await reconcile(run())).toEqual({ moved: 0, told: 1, differences: 1 });
    expect(logged()).toMatchObject([{ message: 'provider differs', kind: 'only-in-payments', paymentId }]);
  });

  test('and what a payment says is compared again after it was told what has become of it since', async () => {
    const { payment } = refunding(captured(), 4000, 're_1');
    const instruction = await prepared(payment);
    await provider.perform(instruction);
    await provider.perform({ ...instruction, operation: 'refund', key: 're_1', amount: 4000 });
    await observeReference(instruction.reference, moment());
    expect(stored()).toMatchObject({ refunds: { re_1: { status: 'succeeded' } } });
    stripe.clock.now += 16 * hourMs;
    const [refund] = stripe.fake.refunds.values();
    stripe.fake.failRefund(String(refund?.id));
    // All of it moved on another day than that of the events.
    stripe.fake.movements.length = 0;
    await active([stored()]);
    expect(await reconcile(run())).toEqual({ moved: 0, told: 1, differences: 0 });
    expect(stored()).toMatchObject({ refunds: { re_1: { status: 'failed' } } });
  });

  test('and money that only one of them knows is a finding, once however often the day is compared', async () => {
    const instruction = await prepared();
    await provider.perform(instruction);
    items.clear();
    // This one was never charged.
    await prepared(captured());
    await active([stored()]);
    stripe.clock.now += 16 * hourMs;
    const { reference } = instruction;
    const differing = [
      {
        ...{ date: '2026-11-23', kind: 'only-at-provider', paymentId: null, reference },
        movement: {
          ...{ id: expect.stringMatching(/^txn_/), type: 'charge', amount: 12_100, currency: 'EUR' },
          refundId: null,
        },
      },
      { date: '2026-11-23', kind: 'only-in-payments', paymentId, reference: stored().reference },
    ];
    for (let n = 0; n < 2; n++) expect(await reconcile(run())).toEqual({ moved: 1, told: 1, differences: 2 });
    expect(logged().slice(0, 2)).toMatchObject(
      differing.map(({ kind, reference }) => ({ message: 'provider differs', kind, reference })),
    );
    expect(findings().map(({ merchantid, data }) => ({ merchantid, data }))).toEqual([
      // Nobody knows whose it is.
      { merchantid: '_operator', data: differing[0] },
      { merchantid: 'acme', data: differing[1] },
    ]);
    metrics.publishStoredMetrics();
    expect(JSON.stringify(measured())).toContain('ProviderDifferences');
  });

  test('and of very many differences one finding says how many are not listed, once', async () => {
    await provider.perform(await prepared());
    items.clear();
    await active([]);
    const [movement] = stripe.fake.movements;
    if (!movement) throw new Error('Nothing moved');
    for (let n = 0; n < 119; n++) stripe.fake.movements.push({ ...movement, id: `txn_more${n}` });
    stripe.clock.now += 16 * hourMs;
    expect(await reconcile(run())).toMatchObject({ moved: 120, differences: 120 });
    const notListed = findings().filter(({ data }) => data.kind === 'not-listed');
    expect(notListed).toMatchObject([{ merchantid: '_operator', data: { count: 20 } }]);
    expect(findings()).toHaveLength(101);
    metrics.publishStoredMetrics();
    const counted = measured().flatMap(({ ProviderDifferences: count = [] }) => count);
    expect(counted.reduce((sum: number, each) => sum + Number(each), 0)).toBe(121);
  });

  test('and what somebody else writes beside money of theirs is in no finding', async () => {
    const instruction = await prepared(captured());
    await provider.perform(instruction);
    await provider.perform({
      ...instruction,
      ...{ operation: 'refund', key: 'Ada Example, ada@example.com', amount: 4000 },
    });
    await active([]);
    stripe.clock.now += 16 * hourMs;
    await reconcile(run());
    expect(findings()).toMatchObject([{ data: { movement: { type: 'refund', refundId: null } } }]);
    expect(JSON.stringify(logged())).not.toContain('Ada');
  });

  test('amount by amount', () => {
    const movement = { id: 'txn_1', currency: 'EUR', reference: 'pi_1', refundId: undefined } as const;
    expect(hasMoved(captured(), { ...movement, type: 'charge', amount: 12_100 })).toBe(true);
    expect(hasMoved(captured(), { ...movement, type: 'charge', amount: 12_000 })).toBe(false);
    expect(hasMoved(captured(), { ...movement, type: 'charge', amount: 12_100, currency: 'USD' })).toBe(
      false,
    );
    const { payment } = refunding(captured(), 4000, 're_1');
    const refund = { ...movement, refundId: 're_1', type: 'refund', amount: 4000 } as const;
    expect(hasMoved(payment, refund)).toBe(true);
    expect(hasMoved(payment, { ...refund, amount: 4001 })).toBe(false);
    expect(hasMoved(payment, { ...refund, refundId: 're_2' })).toBe(false);
    expect(hasMoved(payment, { ...refund, type: 'refund_failure', amount: 4000 })).toBe(false);
    const facts = { paymentId, merchantId: 'acme', refunds: [], disputes: [] };
    const charge = { operation: 'charge', outcome: { result: 'succeeded' }, amountCaptured: 12_100 } as const;
    expect(isToldBy({ ...facts, charge }, captured())).toBe(true);
    expect(isToldBy({ ...facts, charge: { ...charge, amountCaptured: 1 } }, captured())).toBe(false);
    expect(isToldBy(undefined, captured())).toBe(false);
  });
});
