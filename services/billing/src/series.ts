/** A series of document numbers: one per merchant, kind of document and year, without gaps. */
export type Series = {
  merchantId: string;
  /** Such as `INV-2026`. */
  name: string;
  /** How many numbers were given. */
  count: number;
  /** The day of the last number; null while there is none. */
  lastIssueDate: string | null;
};

export type Kind = 'INV' | 'CN';

/** The series of a year, before its first number. */
export const newSeries = (merchantId: string, name: string): Series => ({
  merchantId,
  name,
  count: 0,
  lastIssueDate: null,
});

export const seriesName = (kind: Kind, now: Date): string => `${kind}-${now.getUTCFullYear()}`;

/**
 * The next number of a series. Dates never go back within it: a clock that is behind gets the date of the number
 * before.
 */
export function nextNumber(series: Series, now: Date): { number: string; issueDate: string; series: Series } {
  const today = now.toISOString().slice(0, 10);
  const { lastIssueDate } = series;
  const issueDate = lastIssueDate !== null && lastIssueDate > today ? lastIssueDate : today;
  const count = series.count + 1;
  return {
    number: numberOf(series.name, count),
    issueDate,
    series: { ...series, count, lastIssueDate: issueDate },
  };
}

/** Such as `INV-2026-000001`. */
const numberOf = (name: string, count: number): string => `${name}-${String(count).padStart(6, '0')}`;
