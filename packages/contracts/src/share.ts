import type { Totals } from './fields.ts';
import { roundedRatio } from './rounding.ts';
import { addUp } from './tax.ts';

/**
 * The part of a document that the stretch from `from` to `to` of its gross amount makes up, by tax rate.
 *
 * Adjacent stretches add up to the whole exactly, in every rate and in tax, and no part is ever negative. So the
 * credit notes of a payment can be made in any order, each from its own refund alone.
 *
 * @throws RangeError when the stretch does not lie within the document
 */
export function shareOf(totals: Totals, from: number, to: number): Totals {
  if (!(0 <= from && from < to && to <= totals.gross)) {
    throw new RangeError(`${from} to ${to} does not lie within a document of ${totals.gross}`);
  }
  return addUp(stretchOf(totals.taxByRate, from, to).filter(({ net, tax }) => net + tax > 0));
}

export type NetAndTax = { net: number; tax: number };

/** The part of each group of a document that the stretch from `from` to `to` of their gross amounts makes up. */
export function stretchOf<Group extends NetAndTax>(
  groups: readonly Group[],
  from: number,
  to: number,
): Group[] {
  const grossByGroup = groups.map(({ net, tax }) => net + tax);
  const [starts, ends] = [apportion(from, grossByGroup), apportion(to, grossByGroup)];
  return groups.map((group, i) => ({ ...group, ...between(group, starts[i] as number, ends[i] as number) }));
}

/**
 * The net and tax of the stretch from `from` to `to` of a group's gross amount. Adjacent stretches add up to the whole
 * exactly, and none is negative.
 */
export function between(whole: NetAndTax, from: number, to: number): NetAndTax {
  const tax = taxUpTo(whole, to) - taxUpTo(whole, from);
  return { net: to - from - tax, tax };
}

const taxUpTo = ({ net, tax }: NetAndTax, gross: number): number =>
  gross === 0 ? 0 : Number(roundedRatio(BigInt(gross) * BigInt(tax), BigInt(net + tax)));

/**
 * Splits a whole number by weights into whole numbers, by Webster's method, also called Sainte-Laguë
 * (https://en.wikipedia.org/wiki/Sainte-Lagu%C3%AB_method). It is house-monotone: a larger total never makes a part
 * smaller, as the largest-remainder method could.
 *
 * @param total at most the sum of the weights
 */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + BigInt(weight), 0n);
  if (sum === 0n) return weights.map(() => 0);
  // Rounding each quota to the nearest number is right except for a few units. Those are assigned in the method's own
  // order.
  const parts = weights.map((weight) => roundedRatio(BigInt(total) * BigInt(weight), sum));
  let missing = BigInt(total) - parts.reduce((all, part) => all + part, 0n);
  for (; missing > 0n; missing -= 1n) adjust(parts, weights, 1n);
  for (; missing < 0n; missing += 1n) adjust(parts, weights, -1n);
  return parts.map(Number);
}

/** Gives one unit to the weight that is next in the method's order, or takes one from the last. */
function adjust(parts: bigint[], weights: readonly number[], by: 1n | -1n): void {
  let chosen = -1;
  for (const [i, part] of parts.entries()) {
    const weight = BigInt(weights[i] as number);
    if (weight === 0n || (by < 0n && part === 0n)) continue;
    if (chosen < 0) {
      chosen = i;
      continue;
    }
    // Priorities are weight / (2 × units + 1), compared by cross-multiplication. Equal ones keep the order of the
    // weights.
    const mine = weight * (2n * (parts[chosen] as bigint) + by);
    const its = BigInt(weights[chosen] as number) * (2n * part + by);
    if (by > 0n ? mine > its : mine <= its) chosen = i;
  }
  parts[chosen] = (parts[chosen] as bigint) + by;
}
