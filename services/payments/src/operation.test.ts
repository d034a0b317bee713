import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { handler as expiry } from './functions/expiry.ts';
import { handler as janitor } from './functions/janitor.ts';
import { askProvider, momentOf, repeatResult, runOperation, settleDue } from './operation.ts';
import { capture, settle } from './payment/lifecycle.ts';
import { lookupAt } from './payment/lookup.ts';
import type { Ask, Payment } from './payment/payment.ts';
import {
  answered,
  authorized,
  captured,
  declined,
  momentAt,
  paymentId,
  processing,
} from './payment/paymentFixtures.ts';
import { refund } from './payment/refunds.ts';
import { type PaymentItem, storedOf } from './store/items.ts';

/** Two tables in memory that let another write come between where a test says so. */
const client = mockClient(DynamoDBClient);
const output = captureOutput();

/** The payment as it is stored, and what the provider was asked for, by key. */
let stored: Payment;
let provider: Map<string, Record<string, unknown>>;
/** What happens just before the n-th write of the payment. */
let meanwhile: ((payment: Payment) => Payment)[];

const itemOf = (payment: Payment): Record<string, AttributeValue> =>
  marshall({ ...payment, pk: `acme#${payment.id}`, writeId: 'theirs', said: [] });
const conditionFailed = (Item: Record<string, AttributeValue>) =>
  new ConditionalCheckFailedException({ $metadata: {}, message: 'The conditional request failed', Item });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: momentAt('10:00:01.000').now });
  vi.stubEnv('PAYMENTS_TABLE_NAME', 'payments');
  vi.stubEnv('SANDBOX_TABLE_NAME', 'sandbox');
  provider = new Map();
  meanwhile = [];
  client.reset();
  // The table was never put back.
  client
    .on(GetItemCommand, { TableName: 'payments' })
    .callsFake(() => ({ Item: marshall({ pk: 'mark', at: new Date().toISOString() }) }));
  client.on(GetItemCommand, { TableName: 'sandbox' }).callsFake(({ Key }) => {
    const known = provider.get(Key.pk.S);
    return known ? { Item: marshall(known) } : {};
  });
  client.on(PutItemCommand, { TableName: 'sandbox' }).callsFake(({ Item }) => {
    const { pk, ...record } = unmarshall(Item);
    const known = provider.get(pk);
    if (known) throw conditionFailed(marshall(known));
    provider.set(pk, record);
    return {};
  });
  client.on(PutItemCommand, { TableName: 'payments' }).callsFake(({ Item, ExpressionAttributeValues }) => {
    stored = meanwhile.shift()?.(stored) ?? stored;
    if (ExpressionAttributeValues[':version'].N !== String(stored.version))
      throw conditionFailed(itemOf(stored));
    const {
      pk,
      writeId: _writeId,
      said: _said,
      saysNothing: _saysNothing,
      due: _due,
      dueAt: _dueAt,
      day: _day,
      ...payment
    } = storedOf(Item) as PaymentItem;
    const nothing = { ask: null, failure: null, cancellationReason: null, expiresAt: null };
    stored = { ...nothing, id: pk.replace(/^.*#/, ''), ...payment } as Payment;
    return {};
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const writes = () =>
  client.commandCalls(PutItemCommand).filter(({ args: [{ input }] }) => input.TableName === 'payments')
    .length;
const noted = (payment: Payment): Payment => ({
  ...payment,
  invoiceNumber: 'INV-2026-000001',
  version: payment.version + 1,
});
const unmoved = (payment: Payment): Payment => payment;
const operation = { id: 'cap_1', fingerprint: 'f2' };
const capturing = (payment: Payment) =>
  capture(payment, { ...operation, amount: undefined }, momentAt()).payment;
const begin = (payment: Payment) => capture(payment, { ...operation, amount: undefined }, momentAt());
const run = { ...momentAt('10:00:20.000'), remainingTimeMs: () => 60_000 };

describe('An operation', () => {
  test('is written before the provider is asked, and settled after it has answered', async () => {
    stored = authorized();
    const { payment, replayed } = await runOperation(stored, operation, momentAt(), begin);
    expect(replayed).toBe(false);
    expect(payment).toMatchObject({ status: 'captured', version: 4 });
    expect(stored).toEqual(payment);
    expect([...provider]).toMatchObject([
      ['cap_1', { operation: 'capture', amount: 12_100, outcome: { result: 'succeeded' } }],
    ]);
    const tables = client.commandCalls(PutItemCommand).map(({ args: [{ input }] }) => input.TableName);
    expect(tables).toEqual(['payments', 'sandbox', 'payments']);
  });

  test('that another request with the same key has begun meanwhile is not begun again', async () => {
    stored = authorized();
    meanwhile = [capturing];
    await expect(runOperation(stored, operation, momentAt(), begin)).rejects.toEqual(
      expect.objectContaining({ status: 409, code: 'request_in_progress' }),
    );
    expect(provider.size).toBe(0);
  });

  test('that another request has made impossible meanwhile is refused, and the provider is not asked', async () => {
    stored = authorized();
    meanwhile = [() => ({ ...captured(), version: 7 })];
    await expect(runOperation(stored, operation, momentAt(), begin)).rejects.toEqual(
      expect.objectContaining({ status: 409, code: 'payment_not_capturable' }),
    );
    expect(provider.size).toBe(0);
  });

  test('is settled on top of what others wrote while the provider was asked', async () => {
    stored = authorized();
    meanwhile = [unmoved, noted];
    const { payment } = await runOperation(stored, operation, momentAt(), begin);
    expect(payment).toMatchObject({ status: 'captured', invoiceNumber: 'INV-2026-000001', version: 5 });
  });

  test('has the time of the write, after all that came between', async () => {
    stored = authorized();
    const wroteAt = momentAt('00:00:06.000', 1).now;
    const meet = (payment: Payment) => {
      vi.setSystemTime(wroteAt);
      return noted(payment);
    };
    meanwhile = [unmoved, meet];
    vi.setSystemTime(momentAt('23:59:58.000').now);
    const { payment } = await runOperation(stored, operation, momentAt('23:59:58.000'), begin);
    expect(payment.history.at(-1)).toMatchObject({
      type: 'payment.captured.v1',
      time: wroteAt.toISOString(),
    });
  });

  test.each([
    ['a capture', () => authorized(), begin, operation.id, { status: 'processing' }],
    [
      'a refund',
      () => captured(),
      (payment: Payment) =>
        refund(payment, { id: 're_1', amount: 5, reason: null, fingerprint: 'f' }, momentAt()),
      're_1',
      { amountRefunded: 0, refunds: { re_1: { status: 'pending' } } },
    ],
  ])('is answered as not known so far when others keep writing: %s', async (_what, before, begin, id, as) => {
    stored = before();
    const meet = (payment: Payment) => {
      vi.setSystemTime(Date.now() + 500);
      return { ...noted(payment), invoiceNumber: null };
    };
    meanwhile = [unmoved, ...Array(40).fill(meet)];
    const { payment, replayed } = await runOperation(stored, { id, fingerprint: 'f' }, momentAt(), begin);
    expect(replayed).toBe(false);
    expect(payment).toMatchObject(as);
    expect(payment).toEqual(stored);
    expect(provider.get(id)).toMatchObject({ outcome: { result: 'succeeded' } });
    // As long as its request may take, and no longer.
    const answeredAt = new Date(Date.now());
    expect([answeredAt >= momentAt('10:00:11.000').now, answeredAt < momentAt('10:00:14.500').now]).toEqual([
      true,
      true,
    ]);
    // Then it is due, and the janitor finds out.
    meanwhile = [];
    await settleDue(stored, run);
    expect(stored).toMatchObject(
      id === 're_1'
        ? { amountRefunded: 5, refunds: { re_1: { status: 'succeeded' } } }
        : { status: 'captured' },
    );
  });

  test('that the janitor has settled while the provider was asked is as the janitor left it', async () => {
    stored = authorized();
    const givenUp = (payment: Payment) => settle(payment, { result: 'nothing' }, momentAt(), false).payment;
    meanwhile = [unmoved, givenUp];
    const { payment } = await runOperation(stored, operation, momentAt(), begin);
    expect(payment).toMatchObject({ status: 'authorized', ask: null, amountCaptured: 0 });
    expect(payment.history).toHaveLength(1);
  });

  test('that failed is told so, now and when it is repeated, although the failure was heard of meanwhile', async () => {
    const intent = processing({ paymentMethod: 'pm_card_declined' });
    stored = intent;
    meanwhile = [(payment) => settle(payment, declined, momentAt(), false).payment];
    await expect(askProvider(intent, { id: paymentId }, momentAt())).rejects.toMatchObject({
      ...{ status: 402, code: 'card_declined' },
    });
    expect(stored).toMatchObject({ status: 'failed', history: [{ type: 'payment.failed.v1' }] });
    expect(() => repeatResult(stored, { id: paymentId, fingerprint: 'f1' }, momentAt().now)).toThrow(
      expect.objectContaining({ status: 402, code: 'card_declined' }),
    );
  });

  test('asks the provider for a refund just as for a capture', async () => {
    const pending = refund(
      captured(),
      { id: 're_1', amount: 5, reason: null, fingerprint: 'f' },
      momentAt(),
    ).payment;
    stored = pending;
    const { payment } = await askProvider(pending, { id: 're_1' }, momentAt());
    expect(payment).toMatchObject({ amountRefunded: 5, refunds: { re_1: { status: 'succeeded' } } });
    expect([...provider]).toMatchObject([['re_1', { operation: 'refund', amount: 5, paymentId }]]);
  });
});

describe('An operation that was begun before', () => {
  const now = momentAt().now;
  const own = { id: paymentId, fingerprint: 'f1' };

  test('is shown as it is now', () => {
    const payment = captured();
    expect(repeatResult(payment, own, now)).toEqual({ payment, replayed: true });
  });

  test('is another request when its fingerprint is another one', () => {
    for (const payment of [processing(), captured(), answered(processing(), declined).payment]) {
      expect(() => repeatResult(payment, { ...own, fingerprint: 'other' }, now)).toThrow(
        expect.objectContaining({ status: 422, code: 'idempotency_key_reused' }),
      );
    }
  });

  test('is still running until its time is over, and then only not settled', () => {
    expect(() => repeatResult(processing(), own, momentAt('10:00:14.999').now)).toThrow(
      expect.objectContaining({ status: 409, code: 'request_in_progress' }),
    );
    expect(repeatResult(processing(), own, momentAt('10:00:15.000').now)).toMatchObject({ replayed: true });
  });

  test('is not running because another one is', () => {
    expect(repeatResult(capturing(authorized()), own, now)).toMatchObject({
      replayed: true,
      payment: { status: 'processing' },
    });
  });

  test('is still running as a refund, too', () => {
    const pending = refund(
      captured(),
      { id: 're_1', amount: 5, reason: null, fingerprint: 'f' },
      momentAt(),
    ).payment;
    expect(() => repeatResult(pending, { id: 're_1', fingerprint: 'f' }, now)).toThrow(
      expect.objectContaining({ status: 409, code: 'request_in_progress' }),
    );
  });

  test('fails as it failed then, and says that this is old', () => {
    const { payment } = answered(processing(), declined);
    expect(() => repeatResult(payment, own, now)).toThrow(
      expect.objectContaining({
        status: 402,
        code: 'card_declined',
        members: { paymentId, paymentStatus: 'failed', declineCode: 'generic_decline' },
        headers: { 'Idempotent-Replayed': 'true' },
      }),
    );
  });
});

test('An operation may run for what is left of its function, however long ago that began', () => {
  const { now } = momentAt('10:00:00.000');
  vi.setSystemTime(momentAt('10:00:40.000').now);
  const moment = momentOf({ ...run, now, remainingTimeMs: () => 20_000 });
  expect(moment).toMatchObject({ now, runsUntil: '2026-11-23T10:01:00.000Z' });
});

describe('Settling what is due', () => {
  test('asks for nothing that is still running', async () => {
    stored = processing();
    await settleDue(stored, { ...run, now: momentAt('10:00:14.000').now });
    expect(provider.size).toBe(0);
    expect(writes()).toBe(0);
  });

  test('has an event with the time of the write, not of the run', async () => {
    stored = processing({ captureMethod: 'automatic' });
    vi.setSystemTime(momentAt('00:00:06.000', 1).now);
    await settleDue(stored, { ...run, now: momentAt('23:59:58.000').now });
    expect(stored.history).toMatchObject([{ type: 'payment.failed.v1', time: '2026-11-24T00:00:06.000Z' }]);
    stored = refund(
      captured(),
      { id: 're_1', amount: 5, reason: null, fingerprint: 'f' },
      momentAt(),
    ).payment;
    await settleDue(stored, { ...run, now: momentAt('23:59:58.000').now });
    expect(stored.refunds.re_1?.settledAt).toBe('2026-11-24T00:00:06.000Z');
  });

  test('changes nothing when the request itself has settled it meanwhile', async () => {
    stored = processing();
    meanwhile = [(payment) => answered(payment).payment];
    await settleDue(stored, run);
    expect(stored).toEqual(authorized());
    expect(writes()).toBe(1);
  });

  test('changes nothing when that was settled meanwhile and the provider is asked for something else', async () => {
    stored = processing();
    meanwhile = [(payment) => capturing(answered(payment).payment)];
    await settleDue(stored, run);
    expect(stored).toEqual(capturing(authorized()));
  });

  test('asks for the refunds that are due, and not for those that are settled or still running', async () => {
    const refunding = (payment: Payment, id: string, time: string) =>
      refund(payment, { id, amount: 5, reason: null, fingerprint: 'f' }, momentAt(time)).payment;
    stored = ['re_1', 're_2', 're_3'].reduce(
      (payment, id, i) => refunding(payment, id, `10:00:0${i * 4}.000`),
      captured(),
    );
    stored = {
      ...stored,
      refunds: {
        ...stored.refunds,
        re_1: { ...(stored.refunds.re_1 as Payment['refunds'][string]), status: 'failed' },
      },
    };
    vi.setSystemTime(run.now);
    await settleDue(stored, run);
    expect([...provider.keys()]).toEqual(['re_2']);
    expect(stored.refunds).toMatchObject({
      re_1: { status: 'failed' },
      // The provider had never received it: it was sent again.
      re_2: { status: 'succeeded', settledAt: '2026-11-23T10:00:20.000Z' },
      re_3: { status: 'pending', settledAt: null },
    });
  });

  test('leaves refunds to the next run that may not be settled in time', async () => {
    stored = ['re_1', 're_2', 're_3'].reduce(
      (payment, id) => refund(payment, { id, amount: 5, reason: null, fingerprint: 'f' }, momentAt()).payment,
      captured(),
    );
    // The provider takes its time.
    const left = [20_000, 10_000, 9999];
    await settleDue(stored, { ...run, remainingTimeMs: () => left[provider.size] ?? 0 });
    expect([...provider.keys()]).toEqual(['re_1', 're_2']);
    expect(stored.refunds).toMatchObject({ re_2: { status: 'succeeded' }, re_3: { status: 'pending' } });
  });
});

describe('While the provider does not know the outcome,', () => {
  const due = (...payments: Payment[]) => {
    const parts = [payments.map(itemOf)];
    client.on(QueryCommand).callsFake(() => ({ Items: parts.pop() ?? [] }));
    client.on(BatchGetItemCommand).resolves({ Responses: { payments: payments.map(itemOf) } });
  };
  const measured = () =>
    output
      .measured()
      .flatMap((line) => Object.entries(line).filter(([name]) => /^(Outcomes|Provider)/.test(name)));

  test('a payment waits, is looked up more and more rarely, and is measured when it has waited for long', async () => {
    stored = processing();
    client.on(GetItemCommand, { TableName: 'sandbox' }).rejects(new Error('away'));
    const looks: string[] = [];
    for (let minute = 1; minute <= 60; minute++) {
      vi.setSystemTime(momentAt('10:00:30.000').now.getTime() + minute * 60_000);
      if (lookupAt(stored.ask as Ask, stored) > new Date().toISOString()) continue;
      due(stored);
      expect(await janitor({} as never, contextWith(60_000))).toEqual({ done: 0, failed: 0, waiting: 1 });
      looks.push(new Date().toISOString().slice(11, 16));
    }
    expect(looks).toEqual(['10:01', '10:02', '10:03', '10:05', '10:09', '10:17', '10:33']);
    expect(measured().filter(([name]) => name === 'OutcomesUnknown')).toHaveLength(7);
    expect(measured().filter(([name]) => name === 'OutcomesOverdue')).toHaveLength(2);
    expect(stored.status).toBe('processing');
  });

  test('because it refuses to, the clock fails, and asks more rarely as well', async () => {
    stored = processing();
    client.on(GetItemCommand, { TableName: 'sandbox' }).rejects(
      Object.assign(
        new DynamoDBServiceException({ name: 'AccessDeniedException', $fault: 'client', $metadata: {} }),
        {
          $metadata: { attempts: 1 },
        },
      ),
    );
    vi.setSystemTime(momentAt('10:01:00.000').now);
    due(stored);
    await expect(janitor({} as never, contextWith(60_000))).rejects.toThrow('1 of 1 due failed');
    expect(stored).toMatchObject({ status: 'processing', ask: { unknown: { times: 1 } } });
    expect(measured().map(([name]) => name)).toEqual(['ProviderRefused', 'OutcomesUnknown']);
  });
});

test('An authorization that was captured while the expiry came to it is not given up', async () => {
  stored = { ...authorized(), expiresAt: '2026-01-01T00:00:00.000Z' };
  client
    .on(QueryCommand)
    .resolvesOnce({ Items: [marshall({ pk: `acme#${paymentId}` })] })
    .resolves({});
  client.on(BatchGetItemCommand).resolves({ Responses: { payments: [itemOf(stored)] } });
  meanwhile = [() => ({ ...captured(), version: 5 })];
  expect(await expiry({} as never, contextWith(60_000))).toEqual({ done: 1, failed: 0, waiting: 0 });
  expect(provider.size).toBe(0);
  expect(stored.status).toBe('captured');
});
