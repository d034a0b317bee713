import { describe, expect, it } from 'vitest';
import { type FaultsReport, failuresIn, placesIn, shownIn, summaryOf, withReport } from './faultsReport.ts';

const found: FaultsReport = {
  date: '2026-11-25',
  matrix: {
    cells: { single: 1200, pairs: 30, run: 1230 },
    struck: 1229,
    changed: 1200,
    violations: [
      { cell: 'sale: billing.consumer delivery #0 delivered-twice (once)', breaches: ['I1 twice'] },
    ],
    table: { 'B8 books': { killed: 4, late: 2 }, 'B11 log': { late: 7 } },
    seconds: 99,
  },
  mutants: [
    { name: 'a guard', caughtBy: 'sale: a.b delivery #0 not-invoked (once)', runs: 2 },
    { name: 'another', caughtBy: null, runs: 60 },
  ],
  soak: { seed: 7, episodes: 10, faults: 55, seconds: 60, violations: [] },
};

const document =
  'Before\n<!-- matrix -->\nold\n<!-- /matrix -->\n<!-- mutants -->\n<!-- /mutants -->\n<!-- soak -->\nold soak\n<!-- /soak -->\nAfter\n';

describe('what a run found', () => {
  it('fails for each violation, and for each guard that nobody missed', () => {
    expect(failuresIn(found)).toBe(2);
    expect(failuresIn({ date: '', cell: { cell: '', breaches: ['I1'], trace: [] } })).toBe(1);
    expect(failuresIn({ date: '' })).toBe(0);
  });

  it('is told with what repeats each violation', () => {
    const text = summaryOf(found).join('\n');
    expect(text).toContain(
      "again: ./fanfold faults --cell 'sale: billing.consumer delivery #0 delivered-twice (once)'",
    );
    expect(text).toContain('1,230 runs, of 1,200 single faults and 30 pairs, in 99 s.');
    expect(text).toContain('1 of 2 removed guards were noticed.');
    expect(text).toContain('nobody noticed: another');
    expect(text).toContain('Seed 7: 10 episodes with 55 faults in 60 s; 0 violations.');
  });

  it('stands in a document as tables, in its place', () => {
    const { soak, ...withoutSoak } = found;
    const written = withReport(document, withoutSoak);
    expect(written).toContain(
      '| Boundary | killed | late |\n| --- | --- | --- |\n| B11 log |  | 7 |\n| B8 books | 4 | 2 |',
    );
    expect(written).toContain('| another | **nobody** |');
    expect(written).toMatch(/^Before\n/);
    expect(written).toMatch(/After\n$/);
    expect(placesIn(written).soak).toBe('old soak\n');
    expect(withReport(written, found)).toContain('2026-11-25: Seed 7');
  });

  it('tells from its tables which run showed a guard', () => {
    expect([...shownIn(withReport(document, found))]).toEqual([
      ['a guard', 'sale: a.b delivery #0 not-invoked (once)'],
    ]);
  });

  it('has no place in a document that has none', () => {
    expect(() => withReport('nothing', found)).toThrow(
      'no place between <!-- matrix --> and <!-- /matrix -->',
    );
  });
});
