import { afterAll, beforeAll, expect, it } from 'vitest';
import { cellFrom } from './cells.ts';
import { Pool, type Ran } from './pool.ts';

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
  expect(outcomesOf(inReverse)).toEqual(outcomesOf(inOrder));
  expect(inOrder.flatMap(({ breaches }) => breaches)).toEqual([]);
}, 120_000);

it('a cell ends the same when calls go over HTTP', async () => {
  const cells = [
    'refused',
    'answer-lost',
    'answered-500',
    'late',
    'stalled',
    'throttled',
    'killed-after',
  ].map((kind) => cellFrom(`sale: billing.consumer TransactWriteItems billing #0 ${kind} (once)`));
  const overHttp = await Pool.start(1, { isOverHttp: true });
  try {
    for (const cell of cells) {
      const ran = await overHttp.run(cell);
      expect(outcomesOf([ran])).toEqual(outcomesOf([await pool.run(cell)]));
      expect(ran).toMatchObject({ breaches: [], struck: cell.faults });
    }
  } finally {
    overHttp.stop();
  }
}, 120_000);

/** What is done at once goes now this way, now that. */
const outcomesOf = (runs: Ran[]) =>
  runs.map(({ breaches, trace, seen }) => ({ breaches, trace: trace.toSorted(), seen }));
