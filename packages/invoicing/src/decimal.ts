import { roundedRatio } from '@fanfold/contracts/rounding';

/** An exact decimal number: `units` / 10^`scale`. */
export type Decimal = { units: bigint; scale: number };

/** How many decimals quantities and unit prices may have when they are ordered. */
export const maxDecimals = 6;

/** @throws RangeError when the text is no decimal number, such as `1.50` or `-2` */
export function decimalOf(text: string): Decimal {
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new RangeError(`${JSON.stringify(text)} is not a decimal number`);
  const [whole = '', decimals = ''] = text.split('.');
  return { units: BigInt(whole + decimals), scale: decimals.length };
}

/** Without zeros at the end that are not among the first `minDecimals`. */
export function decimalText({ units, scale }: Decimal, minDecimals = 0): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const decimals = digits
    .slice(digits.length - scale)
    .replace(/0+$/, '')
    .padEnd(minDecimals, '0');
  return `${units < 0n ? '-' : ''}${whole}${decimals && `.${decimals}`}`;
}

/** The product as an integer of 10^-`scale`, rounded once. */
export const productAt = (a: Decimal, b: Decimal, scale: number): bigint =>
  roundedRatio(a.units * b.units * 10n ** BigInt(scale), 10n ** BigInt(a.scale + b.scale));

/** The sum, exact. */
export function plus(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { units: unitsAt(a, scale) + unitsAt(b, scale), scale };
}

/** How `a` compares with `b`: negative when it is less. */
export function compare(a: Decimal, b: Decimal): number {
  const scale = Math.max(a.scale, b.scale);
  const [x, y] = [unitsAt(a, scale), unitsAt(b, scale)];
  return x < y ? -1 : x > y ? 1 : 0;
}

const unitsAt = ({ units, scale }: Decimal, wanted: number): bigint => units * 10n ** BigInt(wanted - scale);
