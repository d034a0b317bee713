import { sequenceOf } from '@fanfold/contracts/event';
import { readItems } from '@fanfold/runtime/readItems';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import type { Mention, Numbered } from '../compare/completeness.ts';
import { type Found, readIndexed } from './indexes.ts';
import { timeIsUp } from './listings.ts';
import { listingsIn, readMerged, readUnmerged } from './mergedListings.ts';
import { tableName } from './tables.ts';

/** How far the clocks of publishers and of this service may differ. */
const clockSkewMs = 5 * 60_000;

/** How long concurrent appends may take at most: only so far times of recording may be out of the order of positions. */
const appendingMs = 60_000;

/**
 * The consumer has 30 s and 512 MB. To read so many takes about five seconds at 4,000 entries a page, and 60 MB. That
 * leaves room for as many lookups.
 */
const maxMentionsRead = 250_000;

/**
 * The events of a merchant recorded since a day began, page by page, the newest first. Times of recording grow with
 * positions, except for the few seconds that concurrent appends may take.
 *
 * @throws Unprocessable when there are too many to read
 */
export async function* mentionsSince(merchantId: string, date: string): AsyncGenerator<Mention[]> {
  const earliest = new Date(Date.parse(date) - clockSkewMs - appendingMs).toISOString();
  const { batches, mergedUntil, unlistedUntil } = await readUnmerged(-1, { merchantId });
  let read = 0;
  // What came back after a restoration is in an index, and may be in a piece from before as well.
  const positions = new Set<number>();
  const isNew = ({ position }: Found) => positions.size < positions.add(position).size;
  const mentionsOf = (page: Found[]): Mention[] => {
    read += page.length;
    if (read > maxMentionsRead) {
      throw new Unprocessable(
        'too-many-events',
        `${merchantId} has more than ${maxMentionsRead} events since ${date}: check that day by hand`,
      );
    }
    return page.filter(isNew).map(({ subject, sk, type, time }) => ({ subject, n: Number(sk), type, time }));
  };
  yield mentionsOf(listingsIn(batches, { merchantId }).reverse());
  const sources = [
    ...(mergedUntil > 0 ? [readMerged({ merchantId }, -1, { until: mergedUntil, isForward: false })] : []),
    ...(unlistedUntil > 0
      ? [readIndexed({ merchantId }, -1, { until: unlistedUntil, isForward: false })]
      : []),
  ];
  for (const source of sources) {
    let page: Found[] = [];
    for await (const each of source) {
      if (each === timeIsUp || (each.recordedAt ?? '') < earliest) break;
      page.push(each);
      if (page.length < pageSize) continue;
      yield mentionsOf(page);
      page = [];
    }
    yield mentionsOf(page);
  }
}

/** How many are handed on together. */
const pageSize = 4000;

/**
 * The consumer has 30 s and 512 MB. So many lookups take about eleven seconds, at 5 ms of a whole processor per
 * hundred.
 */
const maxLookedUp = 50_000;

/**
 * Those of some sequence numbers that are not recorded.
 *
 * @throws Unprocessable when there are too many to look up
 */
export async function absentOf(merchantId: string, numbered: Numbered[]): Promise<Numbered[]> {
  if (numbered.length > maxLookedUp) {
    throw new Unprocessable(
      'too-many-events',
      `${merchantId} has more than ${maxLookedUp} subjects that go on from before that day: check it by hand`,
    );
  }
  const keyOf = ({ subject, n }: Numbered) => ({ pk: `${merchantId}#${subject}`, sk: sequenceOf(n) });
  const present = new Set<string>();
  for await (const items of readItems(tableName(), numbered.map(keyOf), 'pk, sk')) {
    for (const { pk, sk } of items) present.add(`${pk?.S} ${sk?.S}`);
  }
  return numbered.filter((each) => {
    const { pk, sk } = keyOf(each);
    return !present.has(`${pk} ${sk}`);
  });
}
