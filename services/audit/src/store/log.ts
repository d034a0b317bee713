import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  type AttributeValue,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dataSubjectOf } from '@fanfold/contracts/event';
import { chunksOf } from '@fanfold/runtime/batch';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type Cancelled, reasonsOf } from '@fanfold/runtime/failure';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { decodeEdge, type Edge, emptyEdge, encodeEdge, extend, leafHash, rootOf } from '@fanfold/tlog/merkle';
import { decodeBundle, encodeBundle, fullWidth } from '@fanfold/tlog/tile';
import { type Issued, issuedIn, placeOf } from '../compare/series.ts';
import { entryOf } from '../record/entry.ts';
import type { Received, Recorded } from '../record/received.ts';
import { type DataKey, newDataKey } from '../record/seal.ts';
import { type EventItem, eventItemOf, itemOf, listingOf, storedEvent, unsealAll } from './eventItems.ts';
import { keyName, loadKeys, putKeyOnce } from './keys.ts';
import { encodeListings } from './listings.ts';
import { tableName } from './tables.ts';

/**
 * The log: a head with the number of entries and the right edge of their tree, and the entries as they were appended.
 * One transaction writes entries, their events and the new head, on condition that the head still has n entries. So
 * indexes have neither gaps nor duplicates and the tree never forks: of two concurrent appends the second one fails
 * and tries again. https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */
type HeadItem = {
  pk: 'head';
  sk: 'head';
  size: number;
  edge: Uint8Array;
  /** Whether this update completed a tile of 256 entries. The stream's filter for publishLog reads it. */
  completesTile: boolean;
  /** Of a log that was restored: up to which time events may have an entry that waits for them. */
  openUntil?: string;
  /** While it is restored: from where on events may be at the positions of others. */
  forkedFrom?: number;
};

/** The entries that were appended together. */
export type EntriesItem = {
  pk: 'entries';
  /** The index of the first one, padded. */
  sk: string;
  count: number;
  /**
   * An entry bundle, compressed: names of members and most of the times repeat, so it takes a third of the write
   * units.
   */
  deflated?: Uint8Array;
  /** The same, as it was stored before it was compressed. */
  entries?: Uint8Array;
  /** The root of the tree that ends with them. Older items have none. */
  root?: Uint8Array;
  /** Which of them give documents their numbers, as compressed JSON, which adds some ten bytes for each. */
  issued?: Uint8Array;
  /**
   * The listings of their events, by which lists find these. Older items have none, nor have those of a log that was
   * restored: the indexes find their events.
   */
  listed?: Uint8Array;
};

/** An entry that gives a document its number: which of those that were appended together, and what. */
export type IssuedEntry = [offset: number, merchantId: string, number: string];

/**
 * DynamoDB takes 100 items in a transaction, of 4 MB in all: the head, the entries, and for each event its own item
 * and perhaps the key of its data subject.
 */
const transactionLimits = { entries: 49, bytes: 3_900_000 };

/** The most entries that are appended together. Whoever reads from a position on begins so many before it. */
export const maxAppended = transactionLimits.entries;

/** Splits events by what one transaction takes. Besides its text, an event takes at most two kilobytes. */
export const transactionsOf = (received: Received[]): Received[][] =>
  chunksOf(received, ({ text }) => Buffer.byteLength(text) + 2048, transactionLimits);

/** Events that are ready to be appended at any position. */
export type Prepared = {
  received: Received[];
  /** Without their position. */
  items: Record<string, AttributeValue>[];
  leaves: Uint8Array[];
  /** Their entries, as they are stored. */
  bundle: Uint8Array;
  issued?: Uint8Array;
  /** Their listings, with positions that are counted from the first one. */
  listed: Uint8Array;
  newKeys: TransactWriteItem[];
};

/**
 * Encrypts events and makes their entries, before the head is read. That is most of the work, and the longer it takes
 * between reading the head and updating it, the more often another instance comes in between. The transaction does
 * not check existing keys again, which would cost two write units each: an event that is recorded at the moment of an
 * erasure is erased as well.
 */
export async function prepare(received: Received[], now: Date): Promise<Prepared> {
  const names = received.map(({ event }) => keyName(event.merchantid, dataSubjectOf(event)));
  const keys = await loadKeys(names);
  const newKeys = new Map<string, DataKey>();
  for (const name of names) if (!keys.has(name) && !newKeys.has(name)) newKeys.set(name, newDataKey());
  const recordedAt = now.toISOString();
  const items: EventItem[] = [];
  const entries: Uint8Array[] = [];
  for (const [i, each] of received.entries()) {
    const name = names[i] ?? '';
    const key = (keys.get(name) ?? newKeys.get(name)) as DataKey;
    items.push(itemOf(each, key, i, recordedAt));
    entries.push(Buffer.from(entryOf(each, key, recordedAt)));
  }
  return {
    received,
    items: items.map(storedEvent),
    leaves: entries.map(leafHash),
    bundle: deflateRawSync(encodeBundle(entries)),
    ...issuedBy(received),
    listed: encodeListings(items.map(listingOf)),
    newKeys: [...newKeys].map(([name, key]) => putKeyOnce(name, key)),
  };
}

function issuedBy(received: Received[]): Pick<EntriesItem, 'issued'> {
  const issued = received.flatMap(({ event }, offset): IssuedEntry[] => {
    const document = issuedIn(event);
    return document ? [[offset, document.merchantId, document.number]] : [];
  });
  return issued.length === 0 ? {} : { issued: encodeIssued(issued) };
}

export const encodeIssued = (issued: IssuedEntry[]): Uint8Array => deflateRawSync(JSON.stringify(issued));

export const decodeIssued = (deflated: Uint8Array | undefined): IssuedEntry[] =>
  deflated ? JSON.parse(String(inflateRawSync(deflated))) : [];

/** The outcome of an attempt to append. Events that are not settled were not recorded. */
export type Attempt = {
  /** Events that are in the log, now or since before, and those that can never be, with the reason. */
  settled: Map<Received, Recorded | 'recorded' | Error>;
  /** Another instance appended at the same time: the rest has to be tried again. */
  conflict: boolean;
  /** The new head, when another instance has updated it: as current as if it were read now. */
  head?: Head;
  /** Whether the rest can be tried again without preparing it anew. */
  isStillPrepared: boolean;
};

/**
 * Tries to append events, all or none. No two of them may have the same id.
 *
 * @param putEvent how an event is put: only when there is none with its id
 * @throws when the outcome is unknown, or an immediate retry would not help
 */
export async function append(
  { received, items, leaves, bundle, issued, listed, newKeys }: Prepared,
  head: Edge,
  putEvent = putOnce,
): Promise<Attempt> {
  const size = Number(head.size);
  const newHead = extend(head, leaves);
  try {
    await dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          moveHead(head, newHead),
          putEntries(size, {
            count: received.length,
            deflated: bundle,
            root: rootOf(newHead),
            ...(issued && { issued }),
            listed,
          }),
          ...items.map((item, i) => putEvent({ ...item, position: { N: String(size + i) } }, i)),
          ...newKeys,
        ],
      }),
    );
  } catch (error) {
    return attemptOf(received, error);
  }
  return {
    settled: new Map(received.map((each) => [each, 'recorded'])),
    conflict: false,
    isStillPrepared: false,
  };
}

export const headKey = marshall({ pk: 'head', sk: 'head' });

/** The number of entries, the right edge of the tree over them, and whether some of them wait for their events. */
export type Head = Edge & Pick<HeadItem, 'openUntil' | 'forkedFrom'>;

export async function readHead(): Promise<Head> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: headKey, ConsistentRead: true }),
  );
  return Item ? edgeOf(Item) : emptyEdge;
}

function edgeOf(item: Record<string, AttributeValue>): Head {
  const { size, edge, openUntil, forkedFrom } = unmarshall(item) as HeadItem;
  return {
    ...decodeEdge(size, edge),
    ...(openUntil !== undefined && { openUntil }),
    ...(forkedFrom !== undefined && { forkedFrom }),
  };
}

const moveHead = (edge: Edge, newEdge: Edge): TransactWriteItem => ({
  Update: {
    TableName: tableName(),
    Key: headKey,
    UpdateExpression: 'SET #size = :newSize, edge = :edge, completesTile = :completesTile',
    ConditionExpression: edge.size === 0n ? 'attribute_not_exists(pk)' : '#size = :size',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ExpressionAttributeNames: { '#size': 'size' },
    ExpressionAttributeValues: marshall({
      ':newSize': Number(newEdge.size),
      ':edge': encodeEdge(newEdge),
      ':completesTile': newEdge.size / BigInt(fullWidth) > edge.size / BigInt(fullWidth),
      ...(edge.size > 0n && { ':size': Number(edge.size) }),
    }),
  },
});

export const entriesKey = (index: number) => ({ pk: 'entries' as const, sk: padded(index) });

/** A position, as it is sorted. */
export const padded = (position: number): string => String(position).padStart(16, '0');

const putEntries = (index: number, entries: Omit<EntriesItem, 'pk' | 'sk'>): TransactWriteItem => {
  const item: EntriesItem = { ...entriesKey(index), ...entries };
  return {
    Put: {
      TableName: tableName(),
      Item: marshall(item),
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
};

const putOnce = (item: Record<string, AttributeValue>, _index: number): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: item,
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});

/** The outcome for each event of a cancelled transaction. The reasons are in the order of the items. */
async function attemptOf(received: Received[], error: unknown): Promise<Attempt> {
  const [ofHead, ofEntries, ...others] = reasonsOf(error);
  const ofEvents = others.slice(0, received.length);
  const ofKeys = others.slice(received.length);
  const settled = new Map<Received, Recorded | Error>();
  const found: [Received, EventItem][] = [];
  for (const [i, each] of received.entries()) {
    const { cause, Code, Message, Item } = ofEvents[i] ?? { cause: 'none' };
    const refusal = `${each.event.id} was refused: ${Code} ${Message}`;
    if (Item) found.push([each, eventItemOf(Item)]);
    else if (cause === 'refused') settled.set(each, new Unprocessable('refused', refusal));
    else if (cause === 'condition' || cause === 'unknown') settled.set(each, new Error(refusal));
  }
  const recorded = await unsealAll(found.map(([, item]) => item));
  for (const [i, [each]] of found.entries()) settled.set(each, recorded[i] as Recorded);
  // Existing entries were written by the instance that has updated the head.
  const ofLog = [ofHead, ofEntries, ...ofKeys];
  const conflict = ofLog.some(isRace) || ofEvents.some((reason) => reason.cause === 'conflict');
  // If the failure is not about an event, such as a head that cannot be written, an immediate retry does not help.
  if (ofLog.some(isBroken) || (!conflict && settled.size === 0)) throw error;
  return {
    settled,
    conflict,
    ...(ofHead?.Item && { head: edgeOf(ofHead.Item) }),
    isStillPrepared: settled.size === 0 && !ofKeys.some(({ cause }) => cause === 'condition'),
  };
}

const isRace = (reason?: Cancelled): boolean => reason?.cause === 'condition' || reason?.cause === 'conflict';

const isBroken = (reason?: Cancelled): boolean => reason?.cause === 'refused' || reason?.cause === 'unknown';

/** Entries that were appended together, and the root of the tree that ends with them, if it was stored. */
export type Appended = { index: number; entries: Uint8Array[]; root?: Uint8Array };

/**
 * The entries of the log from an index on, in order, as they were appended. The first batch may begin before that
 * index: see its `index`.
 */
export async function* readEntries(from: number): AsyncGenerator<Appended> {
  for await (const item of queryEntries('>=', Math.max(0, from - maxAppended + 1))) yield appendedOf(item);
}

/** The same from the end of the log backwards. */
export async function* readEntriesBackwards(): AsyncGenerator<Appended> {
  for await (const item of queryEntries('<=', Number.MAX_SAFE_INTEGER)) yield appendedOf(item);
}

function appendedOf({
  sk,
  count,
  deflated,
  entries = inflateRawSync(deflated ?? ''),
  root,
}: EntriesItem): Appended {
  return { index: Number(sk), entries: decodeBundle(entries, count), ...(root && { root }) };
}

/** How many series one transaction counts, besides how far it has come. */
const maxSeriesPerWrite = 90;

/** A document that was given its number at a position of the log. */
export type IssuedAt = Issued & { position: number };

/**
 * The documents that were given their numbers from a position on, in parts that one transaction counts. Each part says where
 * it ends; entries that are missing end it all.
 */
export async function* readIssued(
  from: number,
  maxEntries: number,
): AsyncGenerator<{ issued: IssuedAt[]; end: number }> {
  let issued: IssuedAt[] = [];
  let series = new Set<string>();
  let end = from;
  for await (const { sk, count, issued: deflated } of queryEntries(
    '>=',
    Math.max(0, from - maxAppended + 1),
    issuedOnly,
  )) {
    const index = Number(sk);
    if (index > end || end - from >= maxEntries) break;
    for (const each of issuedAt(index, deflated)) {
      if (each.position < end) continue;
      const key = `${each.merchantId}#${placeOf(each.number).name}`;
      if (!series.has(key) && series.size === maxSeriesPerWrite) {
        yield { issued, end: each.position };
        [issued, series] = [[], new Set()];
      }
      series.add(key);
      issued.push(each);
    }
    end = Math.max(end, index + count);
  }
  if (end > from) yield { issued, end };
}

/** The same before and at a position, the last ones first, a batch at a time. */
export async function* readIssuedBackwards(until: number): AsyncGenerator<IssuedAt[]> {
  for await (const { sk, issued } of queryEntries('<=', until, issuedOnly))
    yield issuedAt(Number(sk), issued);
}

const issuedAt = (index: number, deflated: Uint8Array | undefined): IssuedAt[] =>
  decodeIssued(deflated).map(([offset, merchantId, number]) => ({
    merchantId,
    number,
    position: index + offset,
  }));

const issuedOnly = 'sk, #count, issued';

/** Items of entries by where they begin: from an index on, or back from it. Behind the last one may be what is merged. */
async function* queryEntries(
  direction: '>=' | '<=',
  index: number,
  attributes?: string,
): AsyncGenerator<EntriesItem> {
  let next: QueryCommandInput['ExclusiveStartKey'];
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ...(attributes && {
          ProjectionExpression: attributes,
          ExpressionAttributeNames: { '#count': 'count' },
        }),
        ExpressionAttributeValues: marshall({
          ':pk': 'entries',
          ':first': entriesKey(direction === '>=' ? index : 0).sk,
          ':last': entriesKey(direction === '>=' ? Number.MAX_SAFE_INTEGER : index).sk,
        }),
        ScanIndexForward: direction === '>=',
        ConsistentRead: true,
        ExclusiveStartKey: next,
      }),
    );
    for (const item of Items) yield unmarshall(item) as EntriesItem;
    next = LastEvaluatedKey;
  } while (next);
}

/** The entry at a position, as its JSON. */
export async function entryAt(position: number): Promise<string> {
  const { index, entries } = appendedOf(await entriesWith(position));
  const entry = entries[position - index];
  if (!entry) throw new Error(`The log has no entry at ${position}`);
  return Buffer.from(entry).toString();
}

/** The item of the entries that were appended together with the one at a position. */
export async function entriesWith(position: number): Promise<EntriesItem> {
  const { Items: [item] = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      KeyConditionExpression: 'pk = :pk AND sk <= :sk',
      ExpressionAttributeValues: marshall({ ':pk': 'entries', ':sk': entriesKey(position).sk }),
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: 1,
    }),
  );
  if (!item) throw new Error(`The log has no entry at ${position}`);
  return unmarshall(item) as EntriesItem;
}
