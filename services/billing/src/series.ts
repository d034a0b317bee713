/** A series of document numbers: one per merchant, prefix, kind of document and year, without gaps. */
export type Series = {
  merchantId: string;
  /** Such as `INV-2026`, or `ACME-INV-2026` with a prefix. */
  name: string;
  /** How many numbers were taken. */
  count: number;
  /** When the last number was taken; null when none was. */
  lastIssuedAt: string | null;
};

export type Kind = 'INV' | 'CN';

/** The series of a year, before its first number. */
export const newSeries = (merchantId: string, name: string): Series => ({
  merchantId,
  name,
  count: 0,
  lastIssuedAt: null,
});

export const seriesName = (kind: Kind, now: Date, prefix: string | null): string =>
  `${prefix === null ? '' : `${prefix}-`}${kind}-${now.getUTCFullYear()}`;

/**
 * The next number of a series. Times of issue never decrease: if a clock is behind, the document gets the time of the
 * previous one.
 */
export function nextNumber(series: Series, now: Date): { number: string; issuedAt: string; series: Series } {
  const [issuedAt = ''] = [now.toISOString(), series.lastIssuedAt ?? ''].sort().reverse();
  const count = series.count + 1;
  return {
    number: numberOf(series.name, count),
    issuedAt,
    series: { ...series, count, lastIssuedAt: issuedAt },
  };
}

/** The form of a document's number, such as `INV-2026-000001` or `ACME-INV-2026-000001`: in it the kind of document. */
export const documentNumber = /^(?:([A-Z][A-Z0-9]{0,15})-)?(INV|CN)-\d{4}-\d{6,12}$/;

/** The seller's prefix that a document's number has; null when it has none. */
export const prefixOfNumber = (number: string): string | null => documentNumber.exec(number)?.[1] ?? null;

export const kindOfNumber = (number: string): Kind => (documentNumber.exec(number)?.[2] ?? 'INV') as Kind;

/** What the numbers of a series of all years begin with, such as `ACME-INV-`. */
export const beginningOfNumber = (number: string): string => number.replace(/\d{4}-\d+$/, '');

const numberOf = (name: string, count: number): string => `${name}-${String(count).padStart(6, '0')}`;

/** The name of the series that a document's number is of. */
export const seriesOfNumber = (number: string): string => number.replace(/-\d+$/, '');

/** Which number of its series it is. */
export const countOfNumber = (number: string): number => Number(/\d+$/.exec(number)?.[0]);
