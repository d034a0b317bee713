/** The integer nearest to `numerator` / `denominator`; a half goes away from zero. The denominator is positive. */
export function roundedRatio(numerator: bigint, denominator: bigint): bigint {
  const size = numerator < 0n ? -numerator : numerator;
  const rounded = (size * 2n + denominator) / (denominator * 2n);
  return numerator < 0n ? -rounded : rounded;
}

/** @throws RangeError when the value is beyond what a number states exactly */
export function exactNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new RangeError('The lines add up to more than can be stated');
  return number;
}
