import { describe, expect, it } from 'vitest';
import { cellFrom, idOf } from './cells.ts';
import { drawnFrom } from './matrix.ts';

const sample = [
  'sale: billing.consumer TransactWriteItems billing #0 refused (command)',
  'sale: billing.consumer TransactWriteItems billing #0 throttled (command)',
  'sale: billing.consumer BatchGetItem billing #0 refused (command)',
  'sale: billing.consumer BatchGetItem billing #0 throttled (command)',
  'sale: billing.consumer TransactWriteItems billing #0 late (command)',
  'sale: audit.consumer TransactWriteItems audit #0 late (command)',
  'sale: billing.consumer reversed',
].map(cellFrom);
const drawn = (seed: number) => drawnFrom(sample, seed).map(idOf);

describe('what is drawn from a sample', () => {
  it('has each kind of fault, and each group of them in each part of the flow', () => {
    for (let seed = 0; seed < 20; seed++) {
      const cells = drawn(seed);
      expect(cells.some((cell) => cell.includes('refused'))).toBe(true);
      expect(cells.some((cell) => cell.includes('throttled'))).toBe(true);
      expect(cells).toEqual(expect.arrayContaining(sample.slice(4).map(idOf)));
      expect(cells).toHaveLength(5);
    }
  });

  it('is the same for the same seed, and other cells for others', () => {
    expect(drawn(7)).toEqual(drawn(7));
    const all = Array.from({ length: 20 }, (_, seed) => drawn(seed)).flat();
    expect(new Set(all).size).toBe(sample.length);
  });
});
