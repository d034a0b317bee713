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
  pool = await Pool.start(2);
  baselines = await baselinesOf(pool);
}, 120_000);

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
