import { readFileSync } from 'node:fs';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from 'vitest';
import { settle } from '../payment/lifecycle.ts';
import type { Payment } from '../payment/payment.ts';
import {
  answered,
  authorized,
  captured,
  declined,
  momentAt,
  paymentId,
  processing,
} from '../payment/paymentFixtures.ts';
import { refund, settleRefund } from '../payment/refunds.ts';
import { attributesOf, eventsOf, type PaymentItem, storedOf } from './items.ts';
import { insert } from './payments.ts';
import { capturedNow, itemOf, table, unchanged, written } from './tableFixtures.ts';

describe('A payment that is written is due', () => {
  const due = async (payment: Payment) => {
    table.reset();
    table.on(PutItemCommand).resolves({});
    await insert(unchanged(payment));
    const [item] = written();
    return { due: item?.due, dueAt: item?.dueAt };
  };
  const refunding = (payment: Payment, id: string, time: string) =>
    refund(payment, { id, amount: 100, reason: null, fingerprint: 'f' }, momentAt(time)).payment;

  test('for the janitor once the request that asks the provider must be over', async () => {
    expect(await due(processing())).toEqual({ due: 'settle#1', dueAt: '2026-11-23T10:00:15.000Z' });
  });

  test('for the janitor at once, when it is known that the outcome is not', async () => {
    const unknown = settle(processing(), { result: 'unknown' }, momentAt('10:00:03.000'), true).payment;
    expect(await due(unknown)).toEqual({ due: 'settle#1', dueAt: '2026-11-23T10:00:03.000Z' });
  });

  test('for the janitor for the first of its refunds that are pending', async () => {
    const two = refunding(refunding(captured(), 're_1', '11:00:00.000'), 're_2', '10:30:00.000');
    expect(await due(two)).toEqual({ due: 'settle#1', dueAt: '2026-11-23T10:30:15.000Z' });
    const one = settleRefund(two, 're_2', { result: 'succeeded' }, momentAt()).payment;
    expect(await due(one)).toEqual({ due: 'settle#1', dueAt: '2026-11-23T11:00:15.000Z' });
  });

  test('for the expiry when its authorization ends, unless the provider is being asked', async () => {
    expect(await due(authorized())).toEqual({ due: 'expire#1', dueAt: '2026-11-30T10:00:00.000Z' });
    const asked: Payment = { ...authorized(), ask: processing().ask, status: 'processing' };
    expect((await due(asked)).due).toBe('settle#1');
  });

  test('for nobody when there is nothing to wait for', async () => {
    const none = { due: undefined, dueAt: undefined };
    expect(await due(captured())).toEqual(none);
    expect(await due(answered(processing(), declined).payment)).toEqual(none);
  });
});

describe('A payment that is written is found by the day', () => {
  const dayOf = async (...times: string[]) => {
    table.reset();
    table.on(PutItemCommand).resolves({});
    const [said] = captured().history;
    await insert(unchanged({ ...captured(), history: times.map((time) => ({ ...said, time }) as never) }));
    return written()[0]?.day;
  };

  test('of its last event, whatever the order in which events were written', async () => {
    expect(await dayOf()).toBeUndefined();
    expect(await dayOf('2026-11-23T10:00:00.000Z')).toBe('2026-11-23#1');
    expect(await dayOf('2026-11-23T10:00:00.000Z', '2026-11-24T00:00:06.000Z')).toBe('2026-11-24#1');
    expect(await dayOf('2026-11-24T00:00:06.000Z', '2026-11-23T23:59:58.000Z')).toBe('2026-11-24#1');
  });
});

describe('The events of a write', () => {
  test('is read from the item as it was written', () => {
    const { payment, eventNumbers } = capturedNow();
    expect(eventsOf(itemOf(payment, { said: eventNumbers }))).toMatchObject([
      { id: `${paymentId}:1`, type: 'payment.captured.v1', data: { amountCaptured: 12_100 } },
    ]);
  });

  test('are none, where it has none', () => {
    expect(eventsOf(itemOf(processing()))).toEqual([]);
    expect(eventsOf(marshall({ pk: 'closed#2026-11-23' }))).toEqual([]);
  });
});

/** Items as they were written once, with their events: a line for each. Lines are added and never changed. */
const stored = readFileSync(new URL('../../fixtures/stored.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { item: Record<string, unknown>; events: { type: string }[] });

test.each(
  stored.map(({ item, events }) => [item.pk, events.map(({ type }) => type).join(', '), item, events]),
)(
  'the events of %s (%s) stay the same to the letter, whatever becomes of the code',
  (_pk, _types, item, events) => {
    expect(eventsOf(marshall(item)).map((event) => JSON.stringify(event))).toEqual(
      (events as unknown[]).map((event) => JSON.stringify(event)),
    );
  },
);

test.each(stored.map(({ item, events }) => [item.pk, item, events]))(
  'the events of %s are the same once it was written again, packed',
  (_pk, item, events) => {
    const attributes = attributesOf(item as PaymentItem);
    expect(storedOf(attributes)).toEqual(item);
    // As streams give it to functions.
    const image = JSON.parse(JSON.stringify(attributes), (name, value) =>
      name === 'B' ? Buffer.from(value).toString('base64') : value,
    );
    expect(eventsOf(image).map((event) => JSON.stringify(event))).toEqual(
      (events as unknown[]).map((event) => JSON.stringify(event)),
    );
  },
);
