import { expect, it } from 'vitest';
import { type Bill, billOf, totalOf, unitsOf } from '../bench/parts/cost/bill.ts';
import { measureInProcess } from '../bench/parts/cost/part.ts';
import type { Unit } from '../bench/parts/cost/prices.ts';

// What Fanfold is compared with must not get dearer or cheaper unnoticed. Amounts of time are left out: only counts are exact.

/** Counts are exact at any number: these are one full batch of ten, or window of ten seconds. */
const minute = 10;
const together = 10;

const measure = async (key: string, oneByOne = minute, many = together) => {
  const { low, high } = await measureInProcess(key, oneByOne, many);
  return { low: billOf(low), high: billOf(high) };
};

const used = (bill: Bill, ...units: Unit[]) =>
  Object.fromEntries(units.map((unit) => [unit, Number(totalOf(bill, unit).toFixed(6))]));

const requests = ['restRequests', 'writeUnits', 'snsRequests', 'sqsRequests', 'busEvents'] as const;

it('Fanfold writes 25 units for a payment at low load, and shares calls but few writes at high load', async () => {
  const { low, high } = await measure('fanfold', 10, 49);
  const perPayment = { httpRequests: 1, restRequests: 0, busEvents: 0 };
  const { writeUnits, ...others } = used(low, ...requests, 'httpRequests');
  // payments: an item, written three times, and three indexes, of which one is written twice. billing: a document and its
  // number in a transaction, which PDF it has, and two indexes. audit: three events, of which the issued invoice has two KB,
  // in a transaction with a thirtieth of the head and of thirty entries with what lists find them by, and a key. Merging what
  // lists find them by is the clock's. Ids are random, so that the entries take a kilobyte more or less.
  const most = 3 + 4 + (2 + 2 + 1 + 2) + (2 + 4 + 2 + 1) + 2;
  expect(writeUnits).toBeLessThanOrEqual(most);
  expect(writeUnits).toBeGreaterThanOrEqual(most - 0.2);
  expect(others).toEqual({
    ...perPayment,
    // A capture is published at once, what billing says with that of nine other payments.
    snsRequests: 1 + 2 / 10,
    // Five deliveries, each received when it comes, and with nine others the message to the renderer, which is sent, received and
    // deleted with them, as are payments' and audit's four.
    sqsRequests: 5 + 5 + 1 + (3 + 4) / 10,
  });
  // What somebody waits for: the API's function, a publisher and billing's consumer. Six others run for ten payments, the
  // publisher of billing twice.
  expect(totalOf(low, 'invocations')).toBeCloseTo(3 + 6 / 10);
  // Full batches: ten share a number's counter, forty-nine share the log's head.
  expect(writesOf(high, /^fanfold-local-billing$/)).toBeCloseTo(2 + 1 + 2 / 9.8);
  expect(totalOf(high, 'writeUnits')).toBeLessThan(24);
  expect(totalOf(high, 'sqsRequests')).toBeLessThan(6.5);
  expect(totalOf(high, 'invocations')).toBeLessThan(1.6);
}, 120_000);

it('the usual design sends every message on its own and writes 36 units for a payment, at any load', async () => {
  const { low, high } = await measure('usual');
  for (const bill of [low, high]) {
    expect(used(bill, ...requests)).toEqual({
      restRequests: 1,
      writeUnits: 36,
      snsRequests: 2,
      sqsRequests: 3 * 4,
      busEvents: 0,
    });
  }
  // Idempotency and the outboxes take twenty of them: a record that is put before each of five runs and updated after it,
  // and for each of two events a row, and its entry in an index, put in a transaction and deleted.
  expect(writesOf(low, /-idempotency$/)).toBeCloseTo(10);
  expect(writesOf(low, /-outbox/)).toBeCloseTo(10);
  // The API, four messages, and two pollers, which run once for what a minute brought.
  expect(totalOf(low, 'invocations')).toBeCloseTo(5 + 2 / minute);
  expect(totalOf(high, 'invocations')).toBeCloseTo(5 + 2 / together);
}, 120_000);

it('taking ten messages at once saves the usual design runs and requests, and not one write', async () => {
  const { low, high } = await measure('usualInTens');
  expect(used(low, 'writeUnits', 'sqsRequests')).toEqual({ writeUnits: 36, sqsRequests: 12 });
  // Each message is delivered on its own, and received and deleted with nine others.
  expect(used(high, 'writeUnits', 'sqsRequests')).toEqual({
    writeUnits: 36,
    sqsRequests: 4.8,
  });
  expect(totalOf(high, 'invocations')).toBeCloseTo(1 + 0.4 + 2 / together);
}, 120_000);

it('the EventBridge design writes 13 units for a payment, and only its publishers gather', async () => {
  const { low, high } = await measure('eventBridge');
  for (const bill of [low, high]) {
    expect(used(bill, ...requests)).toEqual({
      restRequests: 1,
      writeUnits: 13,
      snsRequests: 0,
      sqsRequests: 0,
      busEvents: 2,
    });
    expect(writesOf(bill, /idempotency|outbox/)).toBe(0);
  }
  // The API, four runs by rules, and a publisher of each of two streams.
  expect(unitsOf(low)).toBeCloseTo(1 + 13 + 2 + 7);
  expect(totalOf(high, 'invocations')).toBeCloseTo(5 + 2 / together);
}, 120_000);

it('numbers without gaps and requests that may be repeated cost the EventBridge design 4 units more', async () => {
  const { low, high } = await measure('eventBridgeNumbered');
  for (const bill of [low, high]) {
    // A record that is put before the API's run and updated after it, and a transaction for the counter and the invoice.
    expect(used(bill, 'writeUnits', 'busEvents')).toEqual({ writeUnits: 13 + 2 + 2, busEvents: 2 });
    expect(writesOf(bill, /-idempotency$/)).toBeCloseTo(2);
  }
}, 120_000);

const writesOf = (bill: Bill, places: RegExp) =>
  Object.entries(bill)
    .filter(([place]) => places.test(place))
    .reduce((sum, [, { writeUnits = 0 }]) => sum + writeUnits, 0);
