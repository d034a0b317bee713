import { afterAll, beforeAll, expect, it } from 'vitest';
import { cellFrom } from './cells.ts';
import { Pool } from './pool.ts';

let pool: Pool;
beforeAll(async () => {
  pool = await Pool.start(1);
}, 120_000);
afterAll(() => pool?.stop());

it('a cell ends the same whatever ran before it, and on whatever day that left the clock', async () => {
  // Its second attempt is refused, and the SDK repeats that as well when it finds that clocks differ.
  const answerLost = cellFrom('refunds: payments.createPayment PutItem payments #0 answer-lost (once)');
  // Eight days pass; and a client spends most of its quota of retries, which is 500 at 14 each.
  const expiry = cellFrom('expiry: payments.createPayment PutItem payments #0 refused (long)');
  const inOrder = [await pool.run(answerLost), await pool.run(expiry)];
  const inReverse = [await pool.run(expiry), await pool.run(answerLost)].reverse();
  const outcomes = (runs: typeof inOrder) =>
    runs.map(({ breaches, trace, seen }) => ({ breaches, trace, seen }));
  expect(outcomes(inReverse)).toEqual(outcomes(inOrder));
  expect(inOrder.flatMap(({ breaches }) => breaches)).toEqual([]);
}, 120_000);
