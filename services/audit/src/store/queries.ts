import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import { Refusal } from '@fanfold/runtime/refusal';
import type { EventQuery } from '../query/eventQuery.ts';
import type { Recorded } from '../record/received.ts';
import { type EventItem, eventItemOf, unsealAll } from './eventItems.ts';
import { loadAll, loadPosition } from './events.ts';
import { type Found, readIndexed } from './indexes.ts';
import { inOrder, isCut, mergingIsBehind, type Read, type Scope } from './listings.ts';
import { listingsIn, type Reading, readMerged, readUnmerged, readUnread } from './mergedListings.ts';
import { tableName } from './tables.ts';

/**
 * A merchant's events, in the order of arrival. The events of a subject are few, so all of them are read. Of a
 * correlation or of the whole merchant, as many are read as the page needs.
 *
 * @param isTimeUp is asked when there is more to read and the page is not full: then the page ends there
 * @throws Refusal 404 when there is no event with the id `startingAfter`; when time was up before anything was found 422, or 503
 *   where that is because merging is behind
 */
export async function find(
  merchantId: string,
  query: EventQuery,
  isTimeUp: () => boolean,
): Promise<Page<Recorded>> {
  const { limit, startingAfter, subject, correlationId } = query;
  const after = startingAfter === undefined ? -1 : await positionOf(merchantId, startingAfter);
  if (query.from !== undefined && query.from === query.to) return { items: [], hasMore: false };
  if (subject !== undefined) return findOf(`${merchantId}#${subject}`, query, after);

  const found: Found[] = [];
  let cut: symbol | undefined;
  const reading = { limit: isFiltered(query) ? filteredReadFactor * (limit + 1) : limit + 1, isTimeUp };
  for await (const each of listingsBehind({ merchantId, correlationId }, after, reading)) {
    if (isCut(each)) cut = each;
    else if (fits(query, each)) found.push(each);
    if (cut || found.length > limit) break;
  }
  if (cut && found.length === 0) throw cut === mergingIsBehind ? behind() : tooBroad();
  return { items: await loadAll(found.slice(0, limit)), hasMore: cut !== undefined || found.length > limit };
}

/** The events of a subject. */
async function findOf(pk: string, query: EventQuery, after: number): Promise<Page<Recorded>> {
  const found: EventItem[] = [];
  let next: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: marshall({ ':pk': pk }),
        ConsistentRead: true,
        ExclusiveStartKey: next,
      }),
    );
    found.push(...Items.map(eventItemOf).filter((each) => each.position > after && fits(query, each)));
    next = LastEvaluatedKey;
  } while (next);
  found.sort((a, b) => a.position - b.position);
  return { items: await unsealAll(found.slice(0, query.limit)), hasMore: found.length > query.limit };
}

/**
 * The listings of a scope behind a position, in the order of the log or against it, each once: those that are merged, those of the
 * batches since, and what only the indexes find, where there is any.
 */
export async function* listingsBehind(
  scope: Scope,
  after: number,
  reading: Reading,
): AsyncGenerator<Read<Found>> {
  // Before those that are merged: what it says to be merged must be found there.
  const unmerged = await readUnmerged(after, scope, reading.isTimeUp);
  const { batches, mergedUntil, unlistedUntil } = unmerged;
  const { isForward = true } = reading;
  const last = listingsIn(batches, scope, after);
  const listed = [
    ...(after + 1 < mergedUntil ? [readMerged(scope, after, { ...reading, until: mergedUntil })] : []),
    readUnread(unmerged, scope, after, reading),
    isForward ? last : last.reverse(),
  ];
  yield* inOrder<Found>(
    [
      ...(after + 1 < unlistedUntil ? [readIndexed(scope, after, { ...reading, until: unlistedUntil })] : []),
      oneByOne(isForward ? listed : listed.reverse()),
    ],
    isForward,
  );
}

/** Each source is begun when the one before has ended: often a page needs no more. */
async function* oneByOne<Each>(sources: (AsyncIterable<Each> | Iterable<Each>)[]): AsyncGenerator<Each> {
  for (const source of sources) yield* source;
}

async function positionOf(merchantId: string, id: string): Promise<number> {
  const position = await loadPosition(merchantId, id);
  if (position !== undefined) return position;
  throw nothingToStartAfter('an event');
}

const tooBroad = (): Refusal =>
  new Refusal(
    422,
    'query_too_broad',
    'There are too many events to search in the available time. Ask by subject or correlationId, or with fewer filters.',
  );

/** Whatever was found before could be gone on from. Nothing was, so it cannot: the next run of the clock merges what is behind. */
const behind = (): Refusal =>
  new Refusal(
    503,
    'list_behind',
    'Lists are behind with what was recorded, and there was no time to search it. Ask again after the time in Retry-After, or by subject.',
    { headers: { 'Retry-After': '60' } },
  );

/**
 * How many items of listings are read, if some may not match the filters: four times a page, and four times as many with
 * each further call. So frequent matches cost little, and rare ones at most three calls more.
 */
const filteredReadFactor = 4;

const isFiltered = ({ type, from, to }: EventQuery): boolean =>
  [type, from, to].some((each) => each !== undefined);

/** An index of correlations does not tell again which one it is. */
const fits = (
  { correlationId, type, from, to }: EventQuery,
  found: Pick<Found, 'correlationId' | 'type' | 'time'>,
): boolean =>
  (correlationId ?? found.correlationId) === (found.correlationId ?? correlationId) &&
  (type ?? found.type) === found.type &&
  (from ?? found.time) <= found.time &&
  (to === undefined || found.time < to);
