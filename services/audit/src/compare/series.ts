import type { Event } from '@fanfold/contracts/event';

/** A document that an event reports as issued: whose it is, and the number that it was given. */
export type Issued = { merchantId: string; number: string };

/** The types of events that give a document its number. */
const issuing: readonly string[] = ['invoice.issued.v1', 'credit-note.issued.v1'];

/** The document that an event reports as issued, if it does. */
export function issuedIn({ type, merchantid, data }: Event): Issued | undefined {
  const { number } = Object(data) as { number?: unknown };
  return issuing.includes(type) && typeof number === 'string'
    ? { merchantId: merchantid, number }
    : undefined;
}

/**
 * The numbers of a merchant's series, such as `INV-2026`, that the log has. Events may be recorded in another order than
 * they were published, so numbers may be missing below the highest; almost always there are none.
 */
export type Series = {
  merchantId: string;
  name: string;
  /** 0 when the log has none. */
  highest: number;
  /** Ranges of missing numbers, each with its first and last one, ascending. */
  missing: [first: number, last: number][];
  /** The ETag of what the log's bucket has noted of it. */
  etag?: string;
};

export const newSeries = (merchantId: string, name: string): Series => ({
  merchantId,
  name,
  highest: 0,
  missing: [],
});

/**
 * The series that a number belongs to, and which it is. A number that does not end with a count is a series of its own, so
 * that it is found when it is given twice as well.
 */
export function placeOf(number: string): { name: string; n: number } {
  const [, name, n] = /^(.+)-0*([1-9]\d{0,14})$/.exec(number) ?? [];
  return name === undefined ? { name: number, n: 1 } : { name, n: Number(n) };
}

/**
 * Takes a number of a series.
 *
 * @returns undefined when it was taken before
 */
export function take(series: Series, n: number): Series | undefined {
  const { highest, missing } = series;
  if (n > highest) {
    const between: Series['missing'] = n > highest + 1 ? [[highest + 1, n - 1]] : [];
    return { ...series, highest: n, missing: [...missing, ...between] };
  }
  const found = missing.find(([first, last]) => first <= n && n <= last);
  if (!found) return undefined;
  const [first, last] = found;
  const rest: Series['missing'] = [
    [first, n - 1],
    [n + 1, last],
  ];
  return {
    ...series,
    missing: missing.flatMap((each) => (each === found ? rest.filter(([from, to]) => from <= to) : [each])),
  };
}
