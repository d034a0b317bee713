import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { receivedOf } from '../record/receivedFixtures.ts';
import { issuedIn, newSeries, placeOf, type Series, take } from './series.ts';

describe('a series', () => {
  it('takes each number once, in whatever order they come, and knows exactly what is missing', () => {
    const numbers = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 1e9 })));
    fc.assert(
      fc.property(numbers, (given) => {
        let series: Series = newSeries('acme', 'INV-2026');
        const taken = new Set<number>();
        for (const n of given) {
          const next = take(series, n);
          expect(next === undefined).toBe(taken.has(n));
          series = next ?? series;
          taken.add(n);
          expect(series.highest).toBe(Math.max(...taken));
          const missing = series.missing.reduce((sum, [first, last]) => sum + last - first + 1, 0);
          expect(missing).toBe(series.highest - taken.size);
          expect(series.missing).toEqual(series.missing.toSorted(([a], [b]) => a - b));
        }
      }),
    );
  });

  it('is known by its number, whose last part counts; a number without a count is a series of its own', () => {
    expect(placeOf('INV-2026-000017')).toEqual({ name: 'INV-2026', n: 17 });
    expect(placeOf('CN-2026-1234567')).toEqual({ name: 'CN-2026', n: 1234567 });
    for (const odd of ['17', 'INV-2026-000000', 'INV', '']) expect(placeOf(odd)).toEqual({ name: odd, n: 1 });
  });
});

describe('an event', () => {
  const ofType = (type: string, data: unknown) => issuedIn(receivedOf('inv_1', 1, { type, data }).event);

  it('gives a number when it is of an invoice or a credit note, and no other does', () => {
    const issued = { merchantId: 'acme', number: 'INV-2026-000001' };
    expect(ofType('invoice.issued.v1', { number: 'INV-2026-000001' })).toEqual(issued);
    expect(ofType('credit-note.issued.v1', { number: 'INV-2026-000001' })).toEqual(issued);
    expect(ofType('payment.captured.v1', { number: 'INV-2026-000001' })).toBeUndefined();
    expect(ofType('invoice.issued.v1', null)).toBeUndefined();
  });
});
