import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactNumber, roundedRatio } from './rounding.ts';

describe('A ratio', () => {
  test.each([
    [1n, 2n, 1n],
    [-1n, 2n, -1n],
    [3n, 2n, 2n],
    [49n, 100n, 0n],
    [-149n, 100n, -1n],
  ])('%s / %s is rounded to %s, a half away from zero', (numerator, denominator, rounded) => {
    expect(roundedRatio(numerator, denominator)).toBe(rounded);
  });

  test('is never further than a half from the integer, and the same on both sides of zero', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt({ min: 1n }), (numerator, denominator) => {
        const rounded = roundedRatio(numerator, denominator);
        const twiceOff = (rounded * denominator - numerator) * 2n;
        expect(twiceOff <= denominator && twiceOff >= -denominator).toBe(true);
        expect(roundedRatio(-numerator, denominator)).toBe(-rounded);
      }),
    );
  });
});

test('A number beyond the safe integers is refused on both sides', () => {
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  expect(exactNumber(-largest)).toBe(-Number.MAX_SAFE_INTEGER);
  expect(() => exactNumber(largest + 1n)).toThrow(RangeError);
  expect(() => exactNumber(-largest - 1n)).toThrow(RangeError);
});
