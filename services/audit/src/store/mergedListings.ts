import {
  type AttributeValue,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import {
  decodeListings,
  encodeListings,
  isCut,
  isIn,
  type Listing,
  mergingIsBehind,
  type Read,
  type Scope,
  timeIsUp,
} from './listings.ts';
import { type EntriesItem, maxAppended, padded } from './log.ts';
import { putAll } from './putAll.ts';
import { tableName } from './tables.ts';

/**
 * Listings of events that were published, merged by merchant and by correlation, so that a list reads its own alone. A clock merges
 * those of sixteen batches at a time. A piece never changes: whoever merges the same batches writes the same pieces.
 */
type PieceItem = {
  /** `listed:<merchant>`, or `listed:<merchant>#<correlation id>`. No merchant's id has a `:` or a `#`. */
  pk: string;
  /** The position of its last event, padded. */
  sk: string;
  listed: Uint8Array;
};

/** How far listings are merged. It stands behind all entries, so that whoever reads these from their end has it first. */
type MergedItem = Merged & { pk: 'entries'; sk: 'merged' };

export type Merged = {
  /** The positions that are merged: from the first one until the second one, which is not. */
  mergedFrom: number;
  mergedUntil: number;
  /** Before it are events that only the indexes find. */
  unlistedUntil: number;
};

const mergedKey = { pk: 'entries', sk: 'merged' } as const;

const nothing: Merged = { mergedFrom: 0, mergedUntil: 0, unlistedUntil: 0 };

/** Events that were appended together. Without listings, the indexes find them. */
export type Batch = { index: number; end: number; listings?: Listing[] };

const batchOf = ({ sk, count, listed }: EntriesItem): Batch => {
  const index = Number(sk);
  return { index, end: index + count, ...(listed && { listings: decodeListings(listed, index) }) };
};

/** How many batches are merged together. Until then, lists read them as they are: they fit into one answer. */
const batchesTogether = 16;

/**
 * After a long outage a run merges so much and no more. A merge takes some ten milliseconds, and with a thousand merchants in each
 * batch a hundred times as long: what else the function does must not wait for that.
 */
const mergesPerRun = 200;
export const mergingMs = 30_000;

/** A page of a list has 100 events at most, and few of them are in one piece where there are many merchants. */
const eventsPerPiece = 64;

/** What is merged, and what was appended since. */
export type Unmerged = Merged & {
  /** The last ones, by position. */
  batches: Batch[];
  /** Between what is merged and these, when merging has stood still: the positions from the first one until the second one. */
  unread?: { from: number; until: number };
};

/**
 * How many batches without listings, one after another, say that those before them have none either, as long as nothing is merged:
 * then the stage is of an earlier version, and while it is updated, both versions append for some seconds.
 */
const unlistedInARow = 500;

/**
 * The batches that are not merged, from the end of the log backwards, and no further than a position. When merging has stood still
 * they are many. Then only the last ones are read, and {@link readUnread} has the others, if they are needed.
 *
 * @param scope whose listings are kept
 * @param isTimeUp asked before more is read, as long as nothing is merged yet
 * @returns of what comes before that position, `unlistedUntil` may know nothing
 */
export async function readUnmerged(after = -1, scope?: Scope, isTimeUp?: () => boolean): Promise<Unmerged> {
  let merged: Merged | undefined;
  const batches: Batch[] = [];
  let unlistedUntil = 0;
  let inARow = 0;
  const from = () => Math.max(merged?.mergedUntil ?? 0, after + 1);
  const found = (lowest?: Batch): Unmerged => ({
    ...nothing,
    ...merged,
    // What is not read may be unlisted, too.
    unlistedUntil: Math.max(unlistedUntil, lowest?.index ?? 0),
    batches: batches.reverse(),
    ...(lowest && { unread: { from: from(), until: lowest.index } }),
  });
  for await (const item of queryEntries({ ...entries(), ScanIndexForward: false }, isTimeUp)) {
    if (isCut(item)) return found(batches.at(-1));
    if (isMerged(item)) {
      merged = item;
      unlistedUntil = item.unlistedUntil;
      continue;
    }
    const batch = batchOf(item);
    if (batch.end <= from()) break;
    batches.push(
      scope && batch.listings ? { ...batch, listings: batch.listings.filter(isIn(scope)) } : batch,
    );
    inARow = batch.listings ? 0 : inARow + 1;
    if (!batch.listings) unlistedUntil = Math.max(unlistedUntil, batch.end);
    if (batch.index <= from()) break;
    if (!merged && inARow === unlistedInARow) break;
    if (merged && batches.length === firstRead - 1) return found(batch);
  }
  return found();
}

/** What {@link readUnmerged} did not read of a scope's listings, in the order of the log or against it. */
export async function* readUnread(
  { unread }: Pick<Unmerged, 'unread'>,
  scope: Scope,
  after: number,
  { isForward = true, isTimeUp }: Reading,
): AsyncGenerator<Read<Listing>> {
  if (!unread) return;
  const query = entriesBetween(Math.max(0, unread.from - maxAppended + 1), unread.until - 1);
  for await (const item of queryEntries({ ...query, ScanIndexForward: isForward }, isTimeUp)) {
    if (isCut(item)) {
      yield item;
      return;
    }
    const listings = listingsIn([batchOf(item as EntriesItem)], scope, Math.max(after, unread.from - 1));
    yield* isForward ? listings : listings.reverse();
  }
}

const isMerged = (item: EntriesItem | MergedItem): item is MergedItem => item.sk === mergedKey.sk;

/** With some that are appended while a run begins, and `merged` itself. */
const firstRead = 2 * batchesTogether;

async function* queryEntries(
  query: QueryCommandInput,
  isTimeUp = () => false,
): AsyncGenerator<Read<EntriesItem | MergedItem>> {
  let next: QueryCommandInput['ExclusiveStartKey'];
  let Limit = firstRead;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({ ...query, Limit, ExclusiveStartKey: next }),
    );
    for (const item of Items) yield unmarshall(item) as EntriesItem | MergedItem;
    next = LastEvaluatedKey;
    Limit = Math.min(4 * Limit, 1000);
    if (next && isTimeUp()) {
      yield mergingIsBehind;
      return;
    }
  } while (next);
}

/** The batches from a position on, by position: so many, or as many as one answer has. */
export async function readBatches(from: number, limit?: number): Promise<Batch[]> {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      ...entriesBetween(from, Number.MAX_SAFE_INTEGER),
      ...(limit && { Limit: limit }),
    }),
  );
  return Items.map((item) => batchOf(unmarshall(item) as EntriesItem));
}

/** All batches, and behind them how far they are merged. */
const entries = () => ({
  TableName: tableName(),
  KeyConditionExpression: 'pk = :pk',
  ProjectionExpression: 'sk, #count, listed, mergedFrom, mergedUntil, unlistedUntil',
  ExpressionAttributeNames: { '#count': 'count' },
  ExpressionAttributeValues: marshall({ ':pk': mergedKey.pk }),
  ConsistentRead: true,
});

/** The batches that begin between two positions, both of them included. */
const entriesBetween = (first: number, last: number): QueryCommandInput => ({
  ...entries(),
  KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
  ExpressionAttributeValues: marshall({
    ':pk': mergedKey.pk,
    ':first': padded(first),
    ':last': padded(last),
  }),
});

/**
 * Merges listings of events that are published, sixteen batches at a time, as long as there are so many. Only what is published
 * stays at its position whatever happens to the table. Two runs at once write the same, and so does one that is repeated.
 *
 * @param published how many events the published log has, which fits the table's
 * @param isTimeUp asked before each merge: the next run does the rest
 * @returns how many events it merged
 */
export async function mergeListings(published: number, isTimeUp = () => false): Promise<number> {
  if (published < batchesTogether) return 0;
  let merged = (await loadMerged()) ?? (await beginning());
  const begun = merged?.mergedUntil ?? 0;
  for (
    let i = 0;
    i < mergesPerRun && !isTimeUp() && merged && published - merged.mergedUntil >= batchesTogether;
    i++
  ) {
    const batches = await readBatches(merged.mergedUntil, batchesTogether);
    const mergedUntil = batches.at(-1)?.end ?? 0;
    if (batches.length < batchesTogether || mergedUntil > published) break;
    await putAll(piecesOf(batches.flatMap(({ listings = [] }) => listings)));
    const unlisted = batches.filter(({ listings }) => !listings).map(({ end }) => end);
    const next = { ...merged, mergedUntil, unlistedUntil: Math.max(merged.unlistedUntil, ...unlisted) };
    if (!(await moveMerged(next, merged))) break;
    merged = next;
  }
  return (merged?.mergedUntil ?? 0) - begun;
}

export async function loadMerged(): Promise<Merged | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(mergedKey), ConsistentRead: true }),
  );
  return Item && (unmarshall(Item) as Merged);
}

/** Where merging begins: at the first batch that has listings. There is none yet in a stage that was updated a moment ago. */
async function beginning(): Promise<Merged | undefined> {
  const { batches } = await readUnmerged();
  const first = batches.find(({ listings }) => listings);
  return first && { mergedFrom: first.index, mergedUntil: first.index, unlistedUntil: first.index };
}

function piecesOf(listings: Listing[]): PieceItem[] {
  const scopes = [
    ({ merchantId }: Listing) => partitionOf({ merchantId }),
    ({ merchantId, correlationId }: Listing) => partitionOf({ merchantId, correlationId }),
  ];
  return scopes.flatMap((scope) =>
    [...Map.groupBy(listings, scope)].flatMap(([pk, own]) => {
      const pieces: PieceItem[] = [];
      for (let i = 0; i < own.length; i += eventsPerPiece) {
        const together = own.slice(i, i + eventsPerPiece);
        pieces.push({ pk, sk: padded(together.at(-1)?.position ?? 0), listed: encodeListings(together) });
      }
      return pieces;
    }),
  );
}

const partitionOf = ({ merchantId, correlationId }: Scope): string =>
  correlationId === undefined ? `listed:${merchantId}` : `listed:${merchantId}#${correlationId}`;

/** @returns whether it did; otherwise another run was faster */
async function moveMerged(
  { mergedFrom, mergedUntil, unlistedUntil }: Merged,
  before: Merged,
): Promise<boolean> {
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: tableName(),
        Key: marshall(mergedKey),
        UpdateExpression:
          'SET mergedFrom = :mergedFrom, mergedUntil = :mergedUntil, unlistedUntil = :unlistedUntil',
        ConditionExpression: 'attribute_not_exists(mergedUntil) OR mergedUntil = :before',
        ExpressionAttributeValues: marshall({
          ':mergedFrom': mergedFrom,
          ':mergedUntil': mergedUntil,
          ':unlistedUntil': unlistedUntil,
          ':before': before.mergedUntil,
        }),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

/**
 * Has what comes behind a position merged anew, because a restoration puts other entries there, without listings. Pieces with
 * listings of these stay: they were published, so they are right, and the indexes find the same events once more.
 */
export async function mergeAgainFrom(position: number): Promise<void> {
  const merged = await loadMerged();
  if (!merged || merged.mergedUntil <= position) return;
  const again: MergedItem = {
    ...mergedKey,
    mergedFrom: Math.min(merged.mergedFrom, position),
    mergedUntil: position,
    unlistedUntil: merged.unlistedUntil,
  };
  await dynamodb.send(new PutItemCommand({ TableName: tableName(), Item: marshall(again) }));
}

export type Reading = {
  /** Only what is before this position. What is merged or recorded while a list is read may be behind what it does not know yet. */
  until?: number;
  /** How many items are read at first, and four times as many with each further call; all when it is absent. */
  limit?: number;
  isForward?: boolean;
  isTimeUp?: () => boolean;
};

/** Merged listings behind a position, in the order of the log or against it. */
export async function* readMerged(
  scope: Scope,
  after: number,
  { until = Number.POSITIVE_INFINITY, limit, isForward = true, isTimeUp = () => false }: Reading = {},
): AsyncGenerator<Read<Listing>> {
  let next: Record<string, AttributeValue> | undefined;
  let Limit = limit;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        KeyConditionExpression: 'pk = :pk AND sk >= :first',
        ExpressionAttributeValues: marshall({ ':pk': partitionOf(scope), ':first': padded(after + 1) }),
        ScanIndexForward: isForward,
        // What is said to be merged must be found.
        ConsistentRead: true,
        ExclusiveStartKey: next,
        ...(Limit && { Limit }),
      }),
    );
    for (const item of Items) {
      const listings = decodeListings((unmarshall(item) as PieceItem).listed).filter(
        ({ position }) => position > after && position < until,
      );
      yield* isForward ? listings : listings.reverse();
    }
    next = LastEvaluatedKey;
    Limit &&= Math.min(4 * Limit, 1000);
    if (next && isTimeUp()) {
      yield timeIsUp;
      return;
    }
  } while (next);
}

/** Listings of a scope in batches, by position. */
export const listingsIn = (batches: Batch[], scope: Scope, after = -1): Listing[] =>
  batches.flatMap(({ listings = [] }) =>
    listings.filter((each) => each.position > after && isIn(scope)(each)),
  );
