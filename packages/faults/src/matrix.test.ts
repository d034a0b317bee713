import { describe, expect, it } from 'vitest';
import type { Call } from './calls.ts';
import { cellFrom, idOf } from './cells.ts';
import { type CellReport, drawnFrom, type Extent, matrixStories, runMatrix } from './matrix.ts';
import type { Pool, Ran } from './pool.ts';
import type { Cell } from './run.ts';

const sample = [
  'sale: billing.consumer TransactWriteItems billing #0 refused (command)',
  'sale: billing.consumer TransactWriteItems billing #0 throttled (command)',
  'sale: billing.consumer BatchGetItem billing #0 refused (command)',
  'sale: billing.consumer BatchGetItem billing #0 throttled (command)',
  'sale: billing.consumer TransactWriteItems billing #0 late (command)',
  'sale: audit.consumer TransactWriteItems audit #0 late (command)',
  'sale: billing.consumer reversed',
].map(cellFrom);
const drawn = (seed: number, each: Extent = 'number') => drawnFrom(sample, { seed, each }).map(idOf);
const seeds = Array.from({ length: 20 }, (_, seed) => seed);

describe('what is drawn from a sample', () => {
  it('has each kind of fault, and each group of them in each part of the flow', () => {
    for (const seed of seeds) {
      const cells = drawn(seed);
      expect(cells.some((cell) => cell.includes('refused'))).toBe(true);
      expect(cells.some((cell) => cell.includes('throttled'))).toBe(true);
      expect(cells).toEqual(expect.arrayContaining(sample.slice(4).map(idOf)));
      expect(cells).toHaveLength(5);
    }
  });

  it('or each kind and each part of the flow alone', () => {
    for (const seed of seeds) {
      const cells = drawn(seed, 'row');
      for (const what of ['refused', 'throttled', 'late', 'reversed', 'billing.consumer', 'audit.consumer'])
        expect(cells.some((cell) => cell.includes(what))).toBe(true);
    }
    // A late call of audit can be both.
    expect(new Set(seeds.map((seed) => drawn(seed, 'row').length))).toEqual(new Set([4, 5]));
  });

  it('is the same for the same seed, and other cells for others', () => {
    expect(drawn(7)).toEqual(drawn(7));
    const all = seeds.flatMap((seed) => drawn(seed));
    expect(new Set(all).size).toBe(sample.length);
  });
});

describe('a matrix that was stopped', () => {
  const site = 'billing.consumer BatchGetItem billing';
  const call = {
    operation: 'BatchGetItem',
    protocol: 'dynamodb',
    target: 'billing',
    body: Buffer.from('{"RequestItems":{"billing":{"Keys":[{},{}]}}}'),
  };
  const ranWith = (cell: Cell, breaches: string[] = []): Ran => ({
    cell,
    breaches,
    struck: cell.faults,
    trace: [idOf(cell)],
    places: [{ site, nth: 0, call: call as Call }],
    deliveries: [],
    points: 0,
    isPutBack: cell.putBack !== undefined,
    seen: [],
    durationMs: 1,
  });
  const none = { places: [], deliveries: [] };
  const baselines = new Map(
    matrixStories.map((story) => [
      story,
      { ...ranWith({ story, faults: [] }), ...(story !== 'sale' && none) },
    ]),
  );
  /** Runs cells of which the second breaks a promise, and ends after a number of them. */
  const poolOf = (ends: number, asked: string[] = []) =>
    ({
      async *runAll(cells: Cell[]) {
        for (const cell of cells.slice(0, ends)) {
          asked.push(idOf(cell));
          yield ranWith(cell, asked.length === 2 ? ['I1 twice'] : []);
        }
      },
    }) as unknown as Pool;

  it('goes on with what is left, and its report is of the whole', async () => {
    const known = new Map<string, CellReport>();
    const asked: string[] = [];
    await runMatrix(poolOf(3, asked), baselines, 'all', { onRun: (ended) => known.set(ended.cell, ended) });
    expect(known.size).toBe(3);

    const left: string[] = [];
    const starts: number[][] = [];
    const report = await runMatrix(poolOf(Number.POSITIVE_INFINITY, left), baselines, 'all', {
      known,
      onStart: (...numbers) => starts.push(numbers),
    });
    expect(starts).toEqual([[report.cells.run, 3]]);
    expect(left).toHaveLength(report.cells.run - 3);
    expect(left.filter((cell) => asked.includes(cell))).toEqual([]);
    // One of each half.
    expect(report.violations.map(({ cell }) => cell)).toEqual([asked[1], left[1]]);
    expect(report).toMatchObject({ struck: report.cells.run, changed: report.cells.run });
  });
});
