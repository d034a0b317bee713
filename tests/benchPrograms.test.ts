import { expect, it } from 'vitest';
import { type Bill, billOf, measureInProcess, totalOf, unitsOf } from '../bench/cost/part.ts';
import type { Unit } from '../bench/cost/units.ts';

// What Fanfold is compared with must not get dearer or cheaper unnoticed. Amounts of time are left out: only counts are exact.

const minute = 60;
const together = 20;

const measure = async (key: string) => {
  const { low, high } = await measureInProcess(key, minute, together);
  return { low: billOf(low), high: billOf(high) };
};

const used = (bill: Bill, ...units: Unit[]) =>
  Object.fromEntries(units.map((unit) => [unit, Number(totalOf(bill, unit).toFixed(6))]));

const requests = ['restRequests', 'writeUnits', 'snsRequests', 'sqsRequests', 'busEvents'] as const;

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

const writesOf = (bill: Bill, places: RegExp) =>
  Object.entries(bill)
    .filter(([place]) => places.test(place))
    .reduce((sum, [, { writeUnits = 0 }]) => sum + writeUnits, 0);
