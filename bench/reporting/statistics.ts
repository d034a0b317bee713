/** The value that a share of all values, from 0 to 1, is below. */
export const quantile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;

/** Of an even number of values, the middle between the two in the middle. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? Number.NaN) + (sorted[Math.floor(half)] ?? Number.NaN)) / 2;
}

/** Of objects with the same members, the median of each number, however deep it is. */
export function medianOfEach<T>(values: T[]): T {
  const [first] = values;
  if (typeof first === 'number') return median(values as number[]) as T;
  return Object.fromEntries(
    Object.keys(first as object).map((key) => [
      key,
      medianOfEach(values.map((value) => value[key as keyof T])),
    ]),
  ) as T;
}
