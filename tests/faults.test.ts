import { readFile } from 'node:fs/promises';
import { cellFrom } from '@fanfold/faults/cells';
import { deliveryFaultKinds } from '@fanfold/faults/deliveries';
import { faultKinds } from '@fanfold/faults/faults';
import { baselinesOf, runMatrix } from '@fanfold/faults/matrix';
import { Pool, type Ran } from '@fanfold/faults/pool';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { placesIn } from '../scripts/fanfold/commands/faultsReport.ts';

/**
 * A part of `./fanfold faults`: each kind of fault and each part of the flow once. `.ci/run` runs more of it, and takes out
 * every guard once. docs/reliability.md says what the promises are, and what more of it found.
 */
const reliability = new URL('../docs/reliability.md', import.meta.url);
let pool: Pool;
let baselines: Map<string, Ran>;

beforeAll(async () => {
  // One process: each has a world to start, and to get warm.
  pool = await Pool.start(1);
  baselines = await baselinesOf(pool);
}, 600_000);

afterAll(() => pool?.stop());

describe('whatever breaks on the way', () => {
  it('nothing is lost, nothing happens twice, and all of it can be published again', async () => {
    const cells: string[] = [];
    const scope = { seed: 0, each: 'row' } as const;
    const report = await runMatrix(pool, baselines, scope, { onRun: ({ cell }) => cells.push(cell) });
    expect(report.violations).toEqual([]);
    const { matrix } = placesIn(await readFile(reliability, 'utf8'));
    const rows = [...matrix.matchAll(/^\| (?!Boundary|---)([^|]+?) \|/gm)].map(([, boundary]) => boundary);
    expect(Object.keys(report.table)).toEqual(expect.arrayContaining(rows));
    const kinds = [...faultKinds, ...Object.values(deliveryFaultKinds).flat()];
    expect(kinds.filter((kind) => !cells.some((cell) => cell.includes(` ${kind} (`)))).toEqual([]);
    // A fault that does not strike, or changes nothing, proves nothing.
    expect(report.struck / report.cells.run).toBeGreaterThan(0.98);
    expect(report.changed / report.cells.run).toBeGreaterThan(0.9);
  }, 1_800_000);
});

it('what really is lost is missed by billing and audit, and mended from the tables', () => {
  expect(baselines.get('lost')?.seen).toEqual(expect.arrayContaining(['rec 1 mended', 'gap 1 mended']));
});

it('the run that docs/reliability.md shows can be repeated', async () => {
  const page = await readFile(reliability, 'utf8');
  const [, id = ''] = /--cell "(.+)"/.exec(page) ?? [];
  const { breaches, struck, trace } = await pool.run(cellFrom(id));
  expect(breaches).toEqual([]);
  expect(struck).toHaveLength(1);
  // The SDK's three attempts are all in vain, and then the message comes again.
  expect(
    trace.filter((line) => line === 'billing.consumer TransactWriteItems billing answer-lost'),
  ).toHaveLength(3);
}, 60_000);

describe('a cell ends the same', () => {
  it('whatever ran before it, and on whatever day that left the clock', async () => {
    // Its second attempt is refused, and the SDK repeats that as well when it finds that clocks differ.
    const answerLost = cellFrom('refunds: payments.createPayment PutItem payments #0 answer-lost (once)');
    // Eight days pass; and a client spends most of its quota of retries, which is 500 at 14 each.
    const expiry = cellFrom('expiry: payments.createPayment PutItem payments #0 refused (long)');
    const inOrder = [await pool.run(answerLost), await pool.run(expiry)];
    const inReverse = [await pool.run(expiry), await pool.run(answerLost)].reverse();
    expect(outcomesOf(inReverse)).toEqual(outcomesOf(inOrder));
    expect(inOrder.flatMap(({ breaches }) => breaches)).toEqual([]);
  }, 120_000);

  it('when calls go over HTTP', async () => {
    const cells = [
      'refused',
      'answer-lost',
      'answered-500',
      'late',
      'stalled',
      'throttled',
      'killed-after',
    ].map((kind) => cellFrom(`sale: billing.consumer TransactWriteItems billing #0 ${kind} (once)`));
    for (const cell of cells) {
      const ran = await pool.run(cell, { isOverHttp: true });
      expect(outcomesOf([ran])).toEqual(outcomesOf([await pool.run(cell)]));
      expect(ran).toMatchObject({ breaches: [], struck: cell.faults });
    }
  }, 120_000);
});

/** What is done at once goes now this way, now that. */
const outcomesOf = (runs: Ran[]) =>
  runs.map(({ breaches, trace, seen }) => ({ breaches, trace: trace.toSorted(), seen }));
