import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { workTimeMs } from '@fanfold/runtime/schedule';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Payment } from '../payment/payment.ts';
import { captured, momentAt } from '../payment/paymentFixtures.ts';
import { closeDays } from './closeDays.ts';
import { DayBook, daysToClose } from './day.ts';

process.env.PAYMENTS_TABLE_NAME = 'payments';
const client = mockClient(DynamoDBClient);
const logged = captureLog();

const date = '2026-11-23';
const now = new Date('2026-11-24T00:15:00.000Z');
const { trace } = momentAt();

/** The table in memory: payments by key, with the day of the index that each is in, and what the clock wrote. */
let payments: Map<string, { payment: Payment; day: string }>;
let written: Map<string, Record<string, unknown>>;
/** Whether the next write fails. */
let isAway: boolean;
/** What happens when a page of the index was read. */
let meanwhile: () => void;

beforeEach(() => {
  payments = new Map();
  written = new Map();
  meanwhile = () => {};
  isAway = false;
  for (const closed of daysToClose(now).slice(0, -1)) written.set(`closed#${closed}`, {});
  client.reset();
  client.on(GetItemCommand).callsFake(({ Key }) => {
    const item = written.get(Key.pk.S);
    return item ? { Item: marshall(item) } : {};
  });
  client.on(PutItemCommand).callsFake(({ Item, ConditionExpression }) => {
    const item = unmarshall(Item);
    if (isAway) {
      isAway = false;
      throw new Error('away');
    }
    const before = written.get(item.pk);
    if (before && !(ConditionExpression.includes('attribute_exists(progress)') && 'progress' in before))
      throw new ConditionalCheckFailedException({ $metadata: {}, message: 'no' });
    written.set(item.pk, item);
    return {};
  });
  // Pages of three, whatever is asked for: a page may always be shorter.
  client.on(QueryCommand).callsFake(({ KeyConditionExpression, ExpressionAttributeValues }) => {
    const {
      ':part': part,
      ':after': after = '',
      ':upTo': upTo = '~',
    } = unmarshall(ExpressionAttributeValues);
    const from = KeyConditionExpression.includes('BETWEEN')
      ? (pk: string) => pk >= after
      : (pk: string) => pk > after;
    const keys = [...payments]
      .filter(([pk, { day }]) => `${day}#${pk.slice(-1)}` === part && from(pk) && pk <= upTo)
      .map(([pk]) => pk)
      .sort();
    const page = keys.slice(0, 3).map((pk) => ({ pk: { S: pk } }));
    meanwhile();
    return { Items: page, ...(keys.length > 3 && { LastEvaluatedKey: page.at(-1) }) };
  });
  client.on(BatchGetItemCommand).callsFake(({ RequestItems }) => {
    const keys = RequestItems.payments.Keys as Record<string, AttributeValue>[];
    const items = keys.flatMap(({ pk }) => {
      const found = payments.get(pk?.S ?? '');
      return found ? [marshall({ ...found.payment, pk: pk?.S }, { removeUndefinedValues: true })] : [];
    });
    return { Responses: { payments: items } };
  });
});

function add(merchantId: string, n: number, amount: number, day = date): Payment {
  const id = `pay_${n.toString(16).padStart(32, '0')}`;
  const payment = { ...captured({ amount, lines: null }), id, merchantId };
  payments.set(`${merchantId}#${id}`, { payment, day });
  return payment;
}

/** A run that has time for so many looks at the clock. */
const runFor = (looks: number) => {
  let left = looks;
  return { now, trace, remainingTimeMs: () => (left-- > 0 ? 900_000 : 1.5 * workTimeMs) };
};

const closings = () =>
  [...written.values()].flatMap((item) => ('closing' in item ? [item.closing] : [])) as ReturnType<
    DayBook['closings']
  >;

const isClosed = () => {
  const mark = written.get(`closed#${date}`);
  return mark !== undefined && !('progress' in mark);
};

/** Runs the clock until the day is closed. */
async function runUntilClosed(looks: () => number): Promise<number> {
  for (let runs = 1; ; runs++) {
    await closeDays(runFor(looks()));
    if (isClosed()) return runs;
    expect(runs).toBeLessThan(500);
  }
}

describe('The close of a day that takes longer than a run', () => {
  test('is continued by the next run, to the same closings, whenever each has to end', async () => {
    const anyPayment = fc.record({
      merchantId: fc.constantFrom('a', 'a-b', 'a_b', 'acme', 'b'),
      n: fc.nat({ max: 400 }),
      amount: fc.integer({ min: 1, max: 1000 }),
      day: fc.constantFrom(date, date, '2026-11-24'),
    });
    const looks = fc.array(fc.integer({ min: 3, max: 9 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(anyPayment, { maxLength: 60 }), looks, async (all, times) => {
        payments.clear();
        for (const pk of [...written.keys()]) if (pk.includes(date)) written.delete(pk);
        for (const { merchantId, n, amount, day } of all) add(merchantId, n, amount, day);
        const book = new DayBook(date, { now, trace });
        for (const { payment } of payments.values()) book.add(payment);

        let i = 0;
        await runUntilClosed(() => times[i++ % times.length] as number);
        const byMerchant = (list: ReturnType<DayBook['closings']>) =>
          list.toSorted((a, b) => (a.merchantId < b.merchantId ? -1 : 1));
        expect(byMerchant(closings())).toEqual(byMerchant(book.closings()));
      }),
      { numRuns: 60 },
    );
  });

  test('counts once what moves to a later day between the runs, or while a page is read', async () => {
    const all = Array.from({ length: 200 }, (_, n) => add('acme', n, 100));
    let moved = 0;
    meanwhile = () => {
      const payment = all[(moved * 7) % all.length];
      moved += 1;
      if (payment) payments.set(`acme#${payment.id}`, { payment, day: '2026-11-24' });
    };
    expect(await runUntilClosed(() => 3)).toBeGreaterThan(1);
    expect(closings()).toMatchObject([
      { counts: { 'payment.captured.v1': 200 }, totals: { EUR: { captured: 20_000 } } },
    ]);
  });

  test('is no failure, but one that is left of the day before yesterday is', async () => {
    for (let n = 0; n < 200; n++) add('acme', n, 100);
    expect(await closeDays(runFor(3))).toEqual({ closed: 0 });
    expect(isClosed()).toBe(false);
    const later = { ...runFor(1), now: new Date('2026-11-25T00:15:00.000Z') };
    await expect(closeDays(later)).rejects.toThrow(`Not closed for every merchant: ${date}; see the log`);
  });

  test('is begun anew when a closing could not be written, as the others are there already', async () => {
    for (const merchantId of ['acme', 'other']) for (let n = 0; n < 5; n++) add(merchantId, n, 100);
    isAway = true;
    await expect(closeDays(runFor(100))).rejects.toThrow('Not closed for every merchant');
    expect(closings()).toHaveLength(1);
    expect(logged()).toMatchObject([{ message: 'work failed', error: { message: 'away' } }]);
    expect(await closeDays(runFor(100))).toEqual({ closed: 2 });
    expect(isClosed()).toBe(true);
    expect(closings().map(({ counts }) => counts)).toEqual(Array(2).fill({ 'payment.captured.v1': 5 }));
  });
});
