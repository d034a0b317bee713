import type { Line, Totals } from './fields.ts';
import { exactNumber, roundedRatio } from './rounding.ts';
import type { VatCategory } from './vatCategory.ts';

/** Rates are counted in ten-thousandths of a percent, so that `"21.00"` is 210,000 and no rate is a fraction. */
export type RateUnits = bigint;
const unitsPerWhole = 1_000_000n;

/** The category of a rate where none is said: the standard one, or zero-rated. */
export const categoryOfRate = (rate: string): VatCategory => (rateUnits(rate) === 0n ? 'Z' : 'S');

/**
 * The totals of lines. Tax is computed once per rate, on the net sum of that rate, and rounded half away from zero to
 * the minor unit (EN 16931, BR-CO-17).
 *
 * @throws RangeError when the sum cannot be represented exactly
 */
export function totalsOf(lines: readonly Line[]): Totals {
  const netByRate = new Map<RateUnits, bigint>();
  for (const { quantity, unitAmount, taxRate } of lines) {
    const units = rateUnits(taxRate);
    netByRate.set(units, (netByRate.get(units) ?? 0n) + BigInt(quantity) * BigInt(unitAmount));
  }
  const taxByRate = [...netByRate]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([units, net]) => ({
      rate: rateText(units),
      net: exactNumber(net),
      tax: exactNumber(taxOf(net, units)),
    }));
  return addUp(taxByRate);
}

/** The totals of a tax breakdown. */
export function addUp(taxByRate: Totals['taxByRate']): Totals {
  const sum = (part: 'net' | 'tax') =>
    exactNumber(taxByRate.reduce((total, entry) => total + BigInt(entry[part]), 0n));
  const [net, tax] = [sum('net'), sum('tax')];
  return { net, tax, gross: exactNumber(BigInt(net) + BigInt(tax)), taxByRate };
}

/** The tax on a net amount. */
export const taxOf = (net: bigint, units: RateUnits): bigint => roundedRatio(net * units, unitsPerWhole);

/** The tax within an amount that includes it. */
export const taxWithin = (gross: bigint, units: RateUnits): bigint =>
  roundedRatio(gross * units, unitsPerWhole + units);

export function rateUnits(rate: string): RateUnits {
  const [whole = '0', decimals = ''] = rate.split('.');
  return BigInt(whole) * 10_000n + BigInt(decimals.padEnd(4, '0'));
}

/** At least two decimals: `"21.00"`, `"7.125"`. */
export function rateText(units: RateUnits): string {
  const decimals = String(units % 10_000n)
    .padStart(4, '0')
    .replace(/0{1,2}$/, '');
  return `${units / 10_000n}.${decimals}`;
}
