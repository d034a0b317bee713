import { exponentOf } from '@fanfold/contracts/currency';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { amountsOf } from './amounts.ts';
import { decimalOf, productAt } from './decimal.ts';
import type { Adjustment } from './document.ts';
import { orders } from './documentFixtures.ts';
import { spread } from './ordered.ts';

const sumOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0);
const keyOf = ({ category, taxRate }: { category: string; taxRate: string }) =>
  `${category} ${Number(taxRate)}`;

describe('A discount or charge on the whole order', () => {
  test('is shared by its categories and rates in proportion, to the minor unit, whatever was ordered', () => {
    const kinds = fc.constantFrom<Adjustment['kind'][]>('allowance', 'charge');
    fc.assert(
      fc.property(orders, kinds, fc.integer({ min: 1, max: 1_000_000 }), (order, kind, wanted) => {
        const exponent = exponentOf(order.currency);
        const costs = new Map<string, number>();
        for (const line of order.lines) {
          const price = productAt(decimalOf(line.quantity), decimalOf(line.unitPrice), exponent);
          const own = line.adjustments.map((one) => (one.kind === 'charge' ? 1 : -1) * one.amountMinor);
          costs.set(keyOf(line), (costs.get(keyOf(line)) ?? 0) + Number(price) + sumOf(own));
        }
        const all = sumOf([...costs.values()].map((cost) => Math.max(0, cost)));
        const amountMinor = kind === 'charge' ? wanted : Math.min(wanted, all);
        const parts = spread({ kind, amountMinor, reason: 'Loyalty' }, order.lines, order.currency);
        expect(sumOf(parts.map((part) => part.amountMinor))).toBe(amountMinor);
        expect(new Set(parts.map(keyOf)).size).toBe(parts.length);
        for (const part of parts) {
          const share =
            all === 0 ? amountMinor : (amountMinor * Math.max(0, costs.get(keyOf(part)) ?? 0)) / all;
          expect(Math.abs(part.amountMinor - share)).toBeLessThan(costs.size);
          // Nothing is taken off below zero.
          if (kind === 'allowance') expect(part.amountMinor).toBeLessThanOrEqual(costs.get(keyOf(part)) ?? 0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('is said as a percentage of a base only where it is one, to 0.02 in any currency (PEPPOL-EN16931-R040)', () => {
    let stated = 0;
    fc.assert(
      fc.property(orders, (order) => {
        const { lines, adjustments } = amountsOf(order);
        const unit = 10 ** -exponentOf(order.currency);
        for (const { percent, baseMinor, amountMinor } of [
          ...adjustments,
          ...lines.flatMap((line) => line.adjustments),
        ]) {
          if (baseMinor === undefined) continue;
          stated += 1;
          const off = Math.abs(amountMinor * unit - (baseMinor * unit * Number(percent)) / 100);
          expect(off).toBeLessThanOrEqual(0.02 + 1e-9 * baseMinor);
        }
      }),
      { numRuns: 300 },
    );
    expect(stated).toBeGreaterThan(100);
  });
});
