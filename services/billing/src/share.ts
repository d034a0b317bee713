import type { Totals } from '@fanfold/contracts/fields';
import { addUp } from '@fanfold/contracts/tax';

/**
 * The part of a document that the stretch from `from` to `to` of its gross amount makes up, by tax rate.
 *
 * Stretches that lie end to end add up to the whole exactly, in every rate and in tax, and no part is ever
 * negative. So the credit notes of a payment can be made in any order, each from its own refund alone.
 *
 * @throws RangeError when the stretch does not lie within the document
 */
export function shareOf(totals: Totals, from: number, to: number): Totals {
  if (!(0 <= from && from < to && to <= totals.gross)) {
    throw new RangeError(`${from} to ${to} does not lie within a document of ${totals.gross}`);
  }
  const [before, after] = [upTo(totals, from), upTo(totals, to)];
  const taxByRate = totals.taxByRate.map(({ rate }, i) => {
    const [b, a] = [before[i], after[i]];
    return { rate, net: (a?.net ?? 0) - (b?.net ?? 0), tax: (a?.tax ?? 0) - (b?.tax ?? 0) };
  });
  return addUp(taxByRate.filter(({ net, tax }) => net + tax > 0));
}

/** How much of each rate's net and tax the first `amount` of the gross takes. */
function upTo(totals: Totals, amount: number): { net: number; tax: number }[] {
  const grossByRate = totals.taxByRate.map(({ net, tax }) => net + tax);
  return apportion(amount, grossByRate).map((gross, i) => {
    const whole = grossByRate[i] ?? 0;
    const tax = whole === 0 ? 0 : roundedShare(gross, totals.taxByRate[i]?.tax ?? 0, whole);
    return { net: gross - tax, tax };
  });
}

const roundedShare = (amount: number, part: number, whole: number): number =>
  Number((BigInt(amount) * BigInt(part) * 2n + BigInt(whole)) / (BigInt(whole) * 2n));

/**
 * Splits a whole number by weights into whole numbers (Webster's method, which Sainte-Laguë is another name of;
 * https://en.wikipedia.org/wiki/Sainte-Lagu%C3%AB_method). Chosen because it is house-monotone: a larger total
 * never makes a part smaller, as largest remainders would.
 *
 * @param total at most the sum of the weights
 */
export function apportion(total: number, weights: readonly number[]): number[] {
  const sum = weights.reduce((all, weight) => all + BigInt(weight), 0n);
  if (sum === 0n) return weights.map(() => 0);
  // Rounding each quota to the nearest is right but for a few units; those go by the method's own order.
  const parts = weights.map((weight) => (BigInt(total) * BigInt(weight) * 2n + sum) / (sum * 2n));
  let missing = BigInt(total) - parts.reduce((all, part) => all + part, 0n);
  for (; missing > 0n; missing -= 1n) adjust(parts, weights, 1n);
  for (; missing < 0n; missing += 1n) adjust(parts, weights, -1n);
  return parts.map(Number);
}

/** Gives one unit to the weight that comes next in line, or takes it from the one that came last. */
function adjust(parts: bigint[], weights: readonly number[], by: 1n | -1n): void {
  let chosen = -1;
  for (const [i, part] of parts.entries()) {
    const weight = BigInt(weights[i] ?? 0);
    if (weight === 0n || (by < 0n && part === 0n)) continue;
    if (chosen < 0) {
      chosen = i;
      continue;
    }
    // Priorities are weight / (2 × units + 1), compared crosswise. Equal ones stand in the order of the weights.
    const chosenPart = parts[chosen] ?? 0n;
    const mine = weight * (2n * chosenPart + by);
    const its = BigInt(weights[chosen] ?? 0) * (2n * part + by);
    if (by > 0n ? mine > its : mine <= its) chosen = i;
  }
  parts[chosen] = (parts[chosen] ?? 0n) + by;
}
