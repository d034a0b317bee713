import type { Totals } from '@fanfold/contracts/fields';
import { addUp } from '@fanfold/contracts/tax';

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
  const before = upTo(totals, from);
  const taxByRate = upTo(totals, to).map((after, i) => {
    const { net, tax } = before[i] as NetAndTax;
    return { rate: after.rate, net: after.net - net, tax: after.tax - tax };
  });
  return addUp(taxByRate.filter(({ net, tax }) => net + tax > 0));
}

type NetAndTax = Totals['taxByRate'][number];

/** The net and tax of each rate in the first `amount` of the gross amount. */
function upTo({ taxByRate }: Totals, amount: number): NetAndTax[] {
  const grossByRate = taxByRate.map(({ net, tax }) => net + tax);
  const parts = apportion(amount, grossByRate);
  return taxByRate.map((whole, i) => {
    const gross = parts[i] as number;
    const tax = gross === 0 ? 0 : roundedShare(gross, whole.tax, whole.net + whole.tax);
    return { rate: whole.rate, net: gross - tax, tax };
  });
}

const roundedShare = (amount: number, part: number, whole: number): number =>
  Number((BigInt(amount) * BigInt(part) * 2n + BigInt(whole)) / (BigInt(whole) * 2n));

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
  const parts = weights.map((weight) => (BigInt(total) * BigInt(weight) * 2n + sum) / (sum * 2n));
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
