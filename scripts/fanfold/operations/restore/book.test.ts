import type { Total } from '@fanfold/runtime/restore';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Book, floorOf, gapsOf, lostNumbersOf, NumberSet, type Series } from './book.ts';

const total = (changes: Partial<Total> = {}): Total => ({
  merchantId: 'acme',
  date: '2026-11-23',
  type: 'invoice.issued.v1',
  currency: 'EUR',
  count: 1,
  amountMinor: 12_100,
  ...changes,
});

it('A book adds up what is of the same merchant, day, type and currency', () => {
  const book = new Book();
  for (const each of [
    total(),
    total({ amountMinor: 100 }),
    total({ currency: 'USD' }),
    total({ date: '2026-11-24' }),
  ])
    book.add(each);
  expect(book.totals).toEqual([
    total({ count: 2, amountMinor: 12_200 }),
    total({ currency: 'USD' }),
    total({ date: '2026-11-24' }),
  ]);
  expect(book.totalOf(total({ merchantId: 'globex' }))).toMatchObject({ count: 0, amountMinor: 0 });
});

it('A set of numbers tells what was added before, and what is missing', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 2000 })), (added) => {
      const set = new NumberSet();
      const seen = new Set<number>();
      for (const number of added) {
        expect(set.add(number)).toBe(seen.has(number));
        seen.add(number);
      }
      const highest = Math.max(0, ...seen);
      expect([set.count, set.highest]).toEqual([seen.size, highest]);
      const missing = Array.from({ length: highest }, (_, i) => i + 1).filter((number) => !seen.has(number));
      expect(set.missing(highest, 10)).toEqual(missing.slice(0, 10));
    }),
  );
});

it.each([0, -1, 1.5, Number.NaN, 2 ** 28 + 1])(
  '%d is no number of a document, for which memory would be taken',
  (number) => {
    expect(() => new NumberSet().add(number)).toThrow(RangeError);
  },
);

it('Erased documents, whose prefix nobody can read, have the numbers that series of their kind and year lack', () => {
  const book = new Book();
  for (const number of [1, 3]) book.addNumber('acme', 'INV-2026', number, '2026-11-23T10:00:00.000Z');
  for (const number of [1, 2]) book.addNumber('acme', 'SHOP-INV-2026', number, '2026-11-24T10:00:00.000Z');
  book.noteHighest('acme', 'SHOP-INV-2026', 3);
  for (const series of ['INV-2026', 'INV-2026', 'CN-2026'])
    book.addErased('acme', series, '2026-11-25T10:00:00.000Z');
  const found = book.series.map((series) => ({ ...floorOf(series), gaps: gapsOf(series, 10) }));
  expect(found).toMatchObject([
    { name: 'INV-2026', count: 3, gaps: [] },
    { name: 'SHOP-INV-2026', count: 3, gaps: [], lastIssuedAt: '2026-11-25T10:00:00.000Z' },
    { name: 'CN-2026', count: 1, gaps: [] },
  ]);
  // One more, that nothing tells the series of: the one that was used last goes on behind it.
  book.addErased('acme', 'INV-2026', '2026-11-26T10:00:00.000Z');
  expect(book.series.map((series) => floorOf(series).count)).toEqual([3, 4, 1]);
});

const seriesWith = (numbers: number[], changes: Partial<Series> = {}): Series => {
  const book = new Book();
  for (const number of numbers)
    book.addNumber('acme', 'INV-2026', number, `2026-11-23T10:00:0${number}.000Z`);
  return { ...(book.series[0] as Series), ...changes };
};

it.each([
  ['the highest number', seriesWith([1, 3, 2]), 3],
  ['those of erased documents, which have the missing numbers', seriesWith([1, 4], { erased: 2 }), 4],
  ['those of erased documents behind the highest number', seriesWith([1, 2], { erased: 2 }), 4],
  ['the highest number that was given, though nothing has its document', seriesWith([1, 2], { given: 7 }), 7],
  ['the highest number that audit has counted', seriesWith([1, 2], { highest: 7 }), 7],
])('A series goes on behind %s', (_what, series, count) => {
  expect(floorOf(series)).toMatchObject({ merchantId: 'acme', name: 'INV-2026', count });
});

it('A series goes on from the time of its last document', () => {
  expect(floorOf(seriesWith([2, 1]))).toMatchObject({ lastIssuedAt: '2026-11-23T10:00:02.000Z' });
});

it.each<[string, Series, number[][], number[]]>([
  ['nothing, when all that was given is there', seriesWith([1, 2], { highest: 2, given: 2 }), [], []],
  ['what was given beyond what audit knows', seriesWith([1, 2], { highest: 2, given: 5 }), [[3, 5]], []],
  [
    'all of a series that audit does not know',
    { ...seriesWith([1]), numbers: new NumberSet(), given: 2 },
    [[1, 2]],
    [],
  ],
  [
    'what was found lost before',
    seriesWith([1, 2, 5], { given: 5, highest: 5, lost: [[3, 4]] }),
    [[3, 4]],
    [],
  ],
  ['what was found twice once', seriesWith([1, 2], { given: 5, lost: [[3, 5]] }), [[3, 5]], []],
  [
    'not what came back',
    seriesWith([1, 2, 4], { given: 4, highest: 4, lost: [[3, 5]] }),
    [
      [3, 3],
      [5, 5],
    ],
    [],
  ],
  ['not what audit has counted, which is missing', seriesWith([1, 2], { highest: 4, given: 4 }), [], [3, 4]],
  ['not what is missing below', seriesWith([1, 4], { highest: 4, given: 5 }), [[5, 5]], [2, 3]],
  ['not what was erased', seriesWith([1, 2], { given: 4, erased: 2 }), [], []],
  ['what is more than was erased below', seriesWith([1, 4], { given: 6, erased: 2 }), [[5, 6]], []],
])('Lost is %s', (_what, series, lost, missing) => {
  expect([lostNumbersOf(series), gapsOf(series, 10)]).toEqual([lost, missing]);
});

it('Each number that was given is there, erased, lost, or a gap: whatever was lost how often, none is given again', () => {
  const numbers = fc.array(fc.integer({ min: 1, max: 40 }));
  fc.assert(
    fc.property(
      numbers,
      fc.nat(40),
      fc.nat(40),
      fc.array(fc.tuple(fc.nat(40), fc.nat(40))),
      (there, highest, given, known) => {
        const lost = known.map(([a, b]): [number, number] => [1 + Math.min(a, b), 1 + Math.max(a, b)]);
        const set = new NumberSet();
        for (const number of there) set.add(number);
        const series = { ...seriesWith([1]), numbers: set, highest, given, lost };
        const { count } = floorOf(series);
        const ranges = lostNumbersOf(series);
        const isLost = (n: number) => ranges.some(([first, last]) => first <= n && n <= last);
        const gaps = new Set(gapsOf(series, 100));
        expect(count).toBe(Math.max(highest, given, ...there, ...lost.map(([, last]) => last)));
        for (let n = 1; n <= count; n++) {
          expect([n, Number(set.has(n)) + Number(isLost(n)) + Number(gaps.has(n))]).toEqual([n, 1]);
          if (n > Math.max(highest, ...there) && n <= given) expect(isLost(n)).toBe(true);
        }
        expect(ranges).toEqual(ranges.toSorted(([a], [b]) => a - b));
      },
    ),
  );
});
