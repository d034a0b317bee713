import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * What lists select an event by, and where it is. The events that are appended together have theirs beside their entries
 * ({@link ./log.ts}), and a clock merges these by merchant and by correlation ({@link ./mergedListings.ts}). An event's own item
 * says the same in clear: there is nothing here that an erasure has to reach.
 */
export type Listing = {
  position: number;
  merchantId: string;
  subject: string;
  /** The sequence number, as the event's item has it. */
  sk: string;
  type: string;
  /** In the form that can be compared as text. */
  time: string;
  recordedAt: string;
  correlationId: string;
  dataSubject: string;
};

/** Whose events a list has: a merchant's, or those of one of its correlations. */
export type Scope = { merchantId: string; correlationId?: string | undefined };

export const isIn =
  ({ merchantId, correlationId }: Scope) =>
  (listing: Listing): boolean =>
    listing.merchantId === merchantId && (correlationId ?? listing.correlationId) === listing.correlationId;

const columns = [
  'merchantId',
  'subject',
  'sk',
  'type',
  'time',
  'recordedAt',
  'correlationId',
  'dataSubject',
] as const;

/**
 * Column by column, with 0 for what is as in the line before, compressed: 40 to 60 bytes an event, of which most are the random
 * ones of its ids.
 *
 * @param listings by position
 */
export function encodeListings(listings: Listing[]): Uint8Array {
  const steps = listings.map(({ position }, i) => position - (listings[i - 1]?.position ?? 0));
  const values = columns.map((column) =>
    listings.map((each, i) => (each[column] === listings[i - 1]?.[column] ? 0 : each[column])),
  );
  return deflateRawSync(JSON.stringify([steps, ...values]));
}

/** @param start what positions are counted from */
export function decodeListings(deflated: Uint8Array, start = 0): Listing[] {
  const [steps, ...values]: [number[], ...(string | 0)[][]] = JSON.parse(String(inflateRawSync(deflated)));
  let position = start;
  let last = {} as Listing;
  return steps.map((step, i) => {
    position += step;
    last = { ...last, position };
    for (const [n, column] of columns.entries()) {
      const value = values[n]?.[i];
      if (typeof value === 'string') last[column] = value;
    }
    return last;
  });
}

/** Stands where reading ended because time was up: there may be more. */
export const timeIsUp = Symbol('time is up');

/** The same, among what would have been merged long ago if its clock had run. */
export const mergingIsBehind = Symbol('behind');

type Cut = typeof timeIsUp | typeof mergingIsBehind;

export type Read<Each> = Each | Cut;

export const isCut = (read: unknown): read is Cut => read === timeIsUp || read === mergingIsBehind;

/**
 * What several sources have, each in the order of positions, or each against it, in that order and each position once. Where one
 * of them had no time to go on, all end: what is behind it could come before what the others have.
 */
export async function* inOrder<Each extends { position: number }>(
  sources: AsyncIterable<Read<Each>>[],
  isForward = true,
): AsyncGenerator<Read<Each>> {
  const readers = sources.map((source) => source[Symbol.asyncIterator]());
  const heads = await Promise.all(readers.map((reader) => reader.next()));
  const rankOf = ({ position }: Each) => (isForward ? position : -position);
  for (let last = Number.NEGATIVE_INFINITY; ; ) {
    let first: { reader: number; each: Each } | undefined;
    for (const [reader, { done, value }] of heads.entries()) {
      if (done) continue;
      if (isCut(value)) {
        yield value;
        return;
      }
      if (!first || rankOf(value) < rankOf(first.each)) first = { reader, each: value };
    }
    if (!first) return;
    if (rankOf(first.each) > last) yield first.each;
    last = rankOf(first.each);
    heads[first.reader] = await (readers[first.reader] as (typeof readers)[number]).next();
  }
}
