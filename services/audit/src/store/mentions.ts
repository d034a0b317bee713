import { sequenceOf } from '@fanfold/contracts/event';
import { NotYet } from '@fanfold/runtime/failure';
import { readItems } from '@fanfold/runtime/readItems';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import type { Mention, Numbered } from '../compare/completeness.ts';
import { isCut } from './listings.ts';
import { listingsBehind } from './queries.ts';
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

/** Half of the consumer's time. It takes longer only where others have many events that are not merged. */
const readingMs = 15_000;

/**
 * The events of a merchant recorded since a day began, page by page, the newest first, each once. Times of recording grow with
 * positions, except for the few seconds that concurrent appends may take.
 *
 * @throws Unprocessable when there are too many to read; NotYet when there is no time to, mostly because merging is behind
 */
export async function* mentionsSince(
  merchantId: string,
  date: string,
  endsAt = Date.now() + readingMs,
): AsyncGenerator<Mention[]> {
  const earliest = new Date(Date.parse(date) - clockSkewMs - appendingMs).toISOString();
  let read = 0;
  let page: Mention[] = [];
  const reading = { isForward: false, isTimeUp: () => Date.now() > endsAt };
  for await (const each of listingsBehind({ merchantId }, -1, reading)) {
    if (isCut(each)) throw new NotYet(`no time to read ${merchantId} since ${date}`);
    if ((each.recordedAt ?? '') < earliest) break;
    read += 1;
    if (read > maxMentionsRead) {
      throw new Unprocessable(
        'too-many-events',
        `${merchantId} has more than ${maxMentionsRead} events since ${date}: check that day by hand`,
      );
    }
    const { subject, sk, type, time } = each;
    page.push({ subject, n: Number(sk), type, time });
    if (page.length < pageSize) continue;
    yield page;
    page = [];
  }
  yield page;
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
