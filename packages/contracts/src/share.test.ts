import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion, shareOf } from './share.ts';
import { totalsOf } from './tax.ts';

const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 8 });
const sumOf = (parts: number[]) => parts.reduce((sum, part) => sum + part, 0);

const lines = fc.array(
  fc.record({
    description: fc.constant('goods'),
    quantity: fc.integer({ min: 1, max: 20 }),
    unitAmount: fc.integer({ min: 0, max: 100_000 }),
    taxRate: fc.constantFrom('0.00', '5.5', '6.00', '12.00', '21.00', '100'),
  }),
  { minLength: 1, maxLength: 8 },
);
const documents = lines.map(totalsOf).filter(({ gross }) => gross > 0);

/** A document with increasing marks in it, the first 0 and the last its gross amount. */
const cutDocuments = documents.chain((totals) =>
  fc
    .uniqueArray(fc.integer({ min: 1, max: Math.max(1, totals.gross - 1) }), { maxLength: 6 })
    .map((marks) => [0, ...marks.filter((mark) => mark < totals.gross).sort((a, b) => a - b), totals.gross])
    .map((marks) => ({ totals, marks })),
);

describe('apportion', () => {
  it('gives away exactly the total, and the weights themselves for the whole', () => {
    fc.assert(
      fc.property(weights, fc.double({ min: 0, max: 1, noNaN: true }), (weights, ratio) => {
        const whole = sumOf(weights);
        const total = Math.floor(whole * ratio);
        expect(sumOf(apportion(total, weights))).toBe(total);
        expect(apportion(whole, weights)).toEqual(weights);
      }),
    );
  });

  it('never takes from a part when the total grows by one', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 }), (weights) => {
        let before = apportion(0, weights);
        for (let total = 1; total <= sumOf(weights); total++) {
          const parts = apportion(total, weights);
          expect(parts.every((part, i) => part >= (before[i] ?? 0))).toBe(true);
          before = parts;
        }
      }),
    );
  });

  it('stays within one unit of the exact share for two parts', () => {
    expect(apportion(50, [12_100, 10_600])).toEqual([27, 23]);
  });
});

describe('shareOf', () => {
  it('cuts a document into stretches that add up to it in every rate, none of them negative', () => {
    fc.assert(
      fc.property(cutDocuments, ({ totals, marks }) => {
        const shares = marks.slice(1).map((to, i) => shareOf(totals, marks[i] ?? 0, to));
        for (const [i, share] of shares.entries()) {
          expect(share.gross).toBe((marks[i + 1] ?? 0) - (marks[i] ?? 0));
          expect(share.taxByRate.every(({ net, tax }) => net >= 0 && tax >= 0)).toBe(true);
        }
        for (const { rate, net, tax } of totals.taxByRate) {
          const ofRate = shares.flatMap(({ taxByRate }) => taxByRate.filter((entry) => entry.rate === rate));
          expect(sumOf(ofRate.map((entry) => entry.net))).toBe(net);
          expect(sumOf(ofRate.map((entry) => entry.tax))).toBe(tax);
        }
      }),
    );
  });

  it('takes tax in proportion', () => {
    const totals = totalsOf([{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }]);
    expect(shareOf(totals, 0, 6050)).toEqual({
      net: 5000,
      tax: 1050,
      gross: 6050,
      taxByRate: [{ rate: '21.00', net: 5000, tax: 1050 }],
    });
  });

  it('refuses a stretch that is not within the document', () => {
    const totals = totalsOf([{ description: 'Chair', quantity: 1, unitAmount: 100, taxRate: '0.00' }]);
    for (const [from, to] of [
      [-1, 50],
      [50, 50],
      [60, 50],
      [0, 101],
    ] as const) {
      expect(() => shareOf(totals, from, to)).toThrow(RangeError);
    }
  });
});
