import {
  type AttributeValue,
  type CancellationReason,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { auditGapFound } from '@fanfold/contracts/audit';
import { type Event, eventId, makeEvent, sequenceOf } from '@fanfold/contracts/event';
import { chunksOf } from '@fanfold/runtime/batch';
import { Unprocessable } from '@fanfold/runtime/consume';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import type { Finding, Noted } from '@fanfold/runtime/finding';
import type { Page } from '@fanfold/runtime/list';
import { readItems } from '@fanfold/runtime/readItems';
import { Refusal } from '@fanfold/runtime/refusal';
import type { Gap, Mention, Numbered } from './completeness.ts';
import { comparableTime, type Entry, type Recorded } from './entry.ts';
import type { EventQuery } from './eventQuery.ts';
import type { Indexed, IndexRequest } from './exportRequest.ts';

/**
 * The audit table is the log: an item per event, and the head, which counts them. Beside it stands a finding for each
 * day on which events were missing. Only findings are said: the stream's mapping runs the publisher for nothing else.
 *
 * Events are appended in one transaction with the head's move from n to n + k, on condition that it still is at n:
 * positions have neither gaps nor doubles, and whoever appends at the same time comes second and is told so. The key
 * of an event is its id, so that the item is also the record of having heard it, for ever: no later duplicate, redrive
 * or replay can be recorded again.
 *
 * Indexes have what queries filter by, so that only what is shown is read: `ByMerchant` and `ByCorrelation`, each by
 * position. `ByMerchant` has also when an event was recorded, which tells when a day's events have all been read.
 */
type EventItem = {
  /** `<merchant>#<subject>` */
  pk: string;
  /** The event's number among those of its subject, padded. */
  sk: string;
  merchantId: string;
  position: number;
  /** `<merchant>#<correlation id>` */
  correlation: string;
  type: string;
  /** When the event was said, in the form that can be compared. */
  time: string;
  recordedAt: string;
  /** The message as it came. */
  event: string;
};

const tableName = () => environmentVariable('AUDIT_TABLE_NAME');

type FindingItem = {
  /** `finding:<merchant>`: no merchant's events have a key without `#`. */
  pk: string;
  /** The day. */
  sk: string;
  finding: Finding<Gap>;
  said: boolean;
};

const headKey = marshall({ pk: 'head', sk: 'head' });

/** How many events are in the log, as this instance knows. Undefined: to be read again. */
let knownSize: number | undefined;

/** DynamoDB takes 100 items in a transaction, the head among them, of 4 MB in all. */
const transactionLimits = { entries: 99, bytes: 3_900_000 };

/** Splits entries by what one transaction takes. An item has a kilobyte beside the event's text at most. */
export const transactionsOf = (entries: Entry[]): Entry[][] =>
  chunksOf(entries, ({ text }) => Buffer.byteLength(text) + 1024, transactionLimits);

/** What came of an attempt to append. Entries that it does not settle were not recorded. */
export type Attempt = {
  /** What is in the log, now or since before, and what can never be, with the reason. */
  settled: Map<Entry, Recorded | Error>;
  /** Others appended at the same time, or DynamoDB was short of capacity: the rest is to be tried again. */
  conflict: boolean;
};

/**
 * Tries to append entries, all or none. No two of them may have the same id.
 *
 * @throws when it is not known whether they were appended
 */
export async function append(entries: Entry[], now: Date): Promise<Attempt> {
  const size = knownSize ?? (await readSize());
  const items = entries.map((entry, i) => itemOf(entry, size + i, now));
  // Should the answer get lost, the size is not known.
  knownSize = undefined;
  try {
    await dynamodb.send(
      new TransactWriteItemsCommand({
        TransactItems: [moveHead(size, size + entries.length), ...items.map(putOnce)],
      }),
    );
  } catch (error) {
    if (!(error instanceof TransactionCanceledException)) throw error;
    return attemptOf(entries, error, size);
  }
  knownSize = size + entries.length;
  return {
    settled: new Map(entries.map((entry, i) => [entry, recordedOf(items[i] as EventItem)])),
    conflict: false,
  };
}

async function readSize(): Promise<number> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: headKey, ConsistentRead: true }),
  );
  return Item ? unmarshall(Item).size : 0;
}

const moveHead = (size: number, newSize: number): TransactWriteItem => ({
  Update: {
    TableName: tableName(),
    Key: headKey,
    UpdateExpression: 'SET #size = :newSize',
    ConditionExpression: size === 0 ? 'attribute_not_exists(pk)' : '#size = :size',
    ExpressionAttributeNames: { '#size': 'size' },
    ExpressionAttributeValues: marshall({ ':newSize': newSize, ...(size > 0 && { ':size': size }) }),
  },
});

const putOnce = (item: EventItem): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: marshall(item),
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});

/** Reads from a cancelled transaction what became of each entry; the reasons are in the order of the items. */
function attemptOf(entries: Entry[], error: TransactionCanceledException, size: number): Attempt {
  const [ofHead, ...ofEntries] = error.CancellationReasons ?? [];
  const moved = ofHead?.Code === 'ConditionalCheckFailed';
  const settled = new Map<Entry, Recorded | Error>();
  for (const [i, entry] of entries.entries()) {
    const { Code, Message, Item } = ofEntries[i] ?? {};
    if (Item) settled.set(entry, recordedOf(unmarshall(Item) as EventItem));
    else if (isCause(ofEntries[i]))
      settled.set(entry, new Error(`${entry.event.id} was refused: ${Code} ${Message}`));
  }
  const conflict = moved || [ofHead, ...ofEntries].some(isTransient);
  if (!conflict && settled.size === 0) throw error;
  if (!conflict) knownSize = size;
  return { settled, conflict };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const transientCodes = ['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded'];

const isTransient = (reason?: CancellationReason): boolean => transientCodes.includes(reason?.Code ?? '');

const isCause = (reason?: CancellationReason): boolean =>
  reason?.Code !== undefined && reason.Code !== 'None' && !isTransient(reason);

/** An event of a merchant by its id. */
export async function load(merchantId: string, id: string): Promise<Recorded | undefined> {
  const key = keyOf(merchantId, id);
  if (!key) return undefined;
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(key), ConsistentRead: true }),
  );
  return Item && recordedOf(unmarshall(Item) as EventItem);
}

/** Undefined for an id that no event can have. */
function keyOf(merchantId: string, id: string): Pick<EventItem, 'pk' | 'sk'> | undefined {
  const [, subject, n] = /^([\x21-\x7e]{1,128}):([1-9]\d{0,9})$/.exec(id) ?? [];
  return subject === undefined ? undefined : { pk: `${merchantId}#${subject}`, sk: sequenceOf(Number(n)) };
}

/**
 * A merchant's events, in the order of arrival. A subject's events are few and all read; of a correlation's, or of all
 * that the merchant has, as many as it takes.
 *
 * @param isTimeUp asked when there is more to read before a page is full: then the page stays as it is
 * @throws Refusal 422 when there is no event with the id `startingAfter`, or time was up before anything was found
 */
export async function find(
  merchantId: string,
  query: EventQuery,
  isTimeUp: () => boolean,
): Promise<Page<Recorded>> {
  const { limit, startingAfter, subject } = query;
  const after = startingAfter === undefined ? -1 : await positionOf(merchantId, startingAfter);
  const request = requestOf(merchantId, query, after);
  const found: EventItem[] = [];
  let next: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({ ...request, ExclusiveStartKey: next }),
    );
    found.push(...Items.map((item) => unmarshall(item) as EventItem));
    next = LastEvaluatedKey;
  } while (next && (subject !== undefined || (found.length <= limit && !isTimeUp())));

  if (next && found.length === 0) throw tooBroad();
  const hasMore = next !== undefined || found.length > limit;
  if (subject === undefined) return { items: await loadAll(found.slice(0, limit)), hasMore };
  found.sort((a, b) => a.position - b.position);
  return { items: found.slice(0, limit).map(recordedOf), hasMore };
}

async function positionOf(merchantId: string, id: string): Promise<number> {
  const recorded = await load(merchantId, id);
  if (recorded) return recorded.position;
  throw new Refusal(422, 'invalid_request', 'There is no event to start after.', {
    errors: [{ pointer: '#/startingAfter', detail: 'must be the id of an event' }],
  });
}

const tooBroad = (): Refusal =>
  new Refusal(
    422,
    'query_too_broad',
    'Nothing was found among so many events in the time there is. Ask by subject or correlationId, or with fewer filters.',
  );

type Condition = {
  attribute: keyof EventItem;
  operator: '=' | '>' | '>=' | '<';
  value: string | number | undefined;
};

/** How many entries of an index are looked at per call when most of them may not match. */
const filteredPageSize = 1000;

/** Asks what has the fewest events: the subject, else the correlation, else the merchant. The rest filters. */
function requestOf(
  merchantId: string,
  { subject, correlationId, type, from, to, limit }: EventQuery,
  after: number,
): QueryCommandInput {
  const position: Condition = { attribute: 'position', operator: '>', value: after };
  const correlation: Condition = {
    attribute: 'correlation',
    operator: '=',
    value: correlationId && `${merchantId}#${correlationId}`,
  };
  const given = (conditions: Condition[]) => conditions.filter(({ value }) => value !== undefined);
  const filters = given([
    { attribute: 'type', operator: '=', value: type },
    { attribute: 'time', operator: '>=', value: from },
    { attribute: 'time', operator: '<', value: to },
  ]);
  if (subject !== undefined) {
    const key: Condition = { attribute: 'pk', operator: '=', value: `${merchantId}#${subject}` };
    return { ...expressionsOf([key], [position, ...given([correlation]), ...filters]), ConsistentRead: true };
  }
  const [IndexName, key]: [string, Condition] =
    correlationId === undefined
      ? ['ByMerchant', { attribute: 'merchantId', operator: '=', value: merchantId }]
      : ['ByCorrelation', correlation];
  const Limit = filters.length > 0 ? filteredPageSize : limit + 1;
  return { ...expressionsOf([key, position], filters), IndexName, Limit };
}

/** Where the next part of the index begins. */
type Next = NonNullable<IndexRequest['after']>;

/** How many events a part of the index has, give or take a page: some 2 MB, of 6 that Lambda answers. */
const indexPartSize = 5000;

/**
 * A part of the log's index: of one merchant by position, of all in no order. `next` is there as long as there may be
 * more, also behind a part in which nothing is.
 */
export async function readIndex(
  { merchantId, subject, type, from, to, after }: IndexRequest,
  isTimeUp: () => boolean,
): Promise<{ events: Indexed[]; next?: Next }> {
  const filters: Condition[] = [
    { attribute: 'time', operator: '>=', value: from },
    { attribute: 'time', operator: '<', value: to },
    ...(type === undefined ? [] : [{ attribute: 'type', operator: '=', value: type } as const]),
  ];
  const keys: Condition[] =
    merchantId === undefined ? [] : [{ attribute: 'merchantId', operator: '=', value: merchantId }];
  const request = { ...expressionsOf(keys, filters), IndexName: 'ByMerchant' };
  const events: Indexed[] = [];
  let next = after && marshall(after);
  do {
    const input = { ...request, ExclusiveStartKey: next };
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      merchantId === undefined ? new ScanCommand(input) : new QueryCommand(input),
    );
    for (const item of Items) {
      const { pk, sk, ...found } = unmarshall(item) as EventItem;
      const subjectFound = pk.slice(found.merchantId.length + 1);
      if (subject !== undefined && subject !== subjectFound) continue;
      const { merchantId, type, position } = found;
      events.push({ merchantId, id: eventId(subjectFound, Number(sk)), type, position });
    }
    next = LastEvaluatedKey;
  } while (next && events.length < indexPartSize && !isTimeUp());
  return { events, ...(next && { next: unmarshall(next) as Next }) };
}

/** Encoded, with room for the rest of what Lambda answers with: 6 MB. */
const maxTextsBytes = 4_000_000;

/**
 * The texts of events that the index has, in the order of the log: the first ones, as many as one answer takes.
 *
 * @throws when one of them is not in the log
 */
export async function loadTexts(
  events: Pick<Indexed, 'merchantId' | 'id' | 'position'>[],
): Promise<Pick<Recorded, 'position' | 'text'>[]> {
  const entries = events.map(({ merchantId, id, position }) => {
    const key = keyOf(merchantId, id);
    if (!key) throw new Error(`${id} is no id of an event`);
    return { ...key, position };
  });
  const texts = (await loadAll(entries.toSorted((a, b) => a.position - b.position))).map(
    ({ position, text }) => ({ position, text }),
  );
  if (texts.length < events.length) throw new Error('The log does not have all of these events');
  const [first = []] = chunksOf(texts, ({ text }) => Buffer.byteLength(JSON.stringify(text)) + 50, {
    entries: events.length,
    bytes: maxTextsBytes,
  });
  return first;
}

function expressionsOf(keys: Condition[], filters: Condition[]): QueryCommandInput {
  const all = [...keys, ...filters];
  const texts = all.map(({ attribute, operator }, i) => `#${attribute} ${operator} :${i}`);
  return {
    TableName: tableName(),
    ...(keys.length > 0 && { KeyConditionExpression: texts.slice(0, keys.length).join(' AND ') }),
    ...(filters.length > 0 && { FilterExpression: texts.slice(keys.length).join(' AND ') }),
    ExpressionAttributeNames: Object.fromEntries(all.map(({ attribute }) => [`#${attribute}`, attribute])),
    ExpressionAttributeValues: marshall(Object.fromEntries(all.map(({ value }, i) => [`:${i}`, value]))),
  };
}

/** The events that index entries point to, in their order. */
async function loadAll(entries: Pick<EventItem, 'pk' | 'sk' | 'position'>[]): Promise<Recorded[]> {
  const found = new Map<number, Recorded>();
  const keys = entries.map(({ pk, sk }) => ({ pk, sk }));
  for await (const items of readItems(tableName(), keys)) {
    for (const item of items) {
      const recorded = recordedOf(unmarshall(item) as EventItem);
      found.set(recorded.position, recorded);
    }
  }
  return entries.flatMap(({ position }) => found.get(position) ?? []);
}

function itemOf({ event, text }: Entry, position: number, now: Date): EventItem {
  const { merchantid, subject, sequence, correlationid, type, time } = event;
  return {
    pk: `${merchantid}#${subject}`,
    sk: sequence,
    merchantId: merchantid,
    position,
    correlation: `${merchantid}#${correlationid}`,
    type,
    time: comparableTime(time),
    recordedAt: now.toISOString(),
    event: text,
  };
}

const recordedOf = ({ event, position, recordedAt }: EventItem): Recorded => ({
  text: event,
  position,
  recordedAt,
});

/** How much clocks may differ, of those who say events and of those who record them. */
const clockSkewMs = 5 * 60_000;

/**
 * A consumer has 30 s and 512 MB. Reading so many takes some five seconds at 4,000 entries a page, and some 60 MB, which
 * leaves room for as much to look up.
 */
const maxMentionsRead = 250_000;

/**
 * What of a merchant has been recorded since a day began, page by page. Times of recording grow with positions, so the newest are
 * read first until that time.
 *
 * @throws Unprocessable when it is more than can be read
 */
export async function* mentionsSince(merchantId: string, date: string): AsyncGenerator<Mention[]> {
  let read = 0;
  const earliest = new Date(Date.parse(date) - clockSkewMs).toISOString();
  const merchant: Condition = { attribute: 'merchantId', operator: '=', value: merchantId };
  let next: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        ...expressionsOf([merchant], []),
        IndexName: 'ByMerchant',
        ScanIndexForward: false,
        ExclusiveStartKey: next,
      }),
    );
    const page = Items.map((item) => unmarshall(item) as EventItem);
    yield page.map(({ pk, sk, type, time }) => ({
      subject: pk.slice(merchantId.length + 1),
      n: Number(sk),
      type,
      time,
    }));
    read += page.length;
    next = page.some(({ recordedAt }) => recordedAt < earliest) ? undefined : LastEvaluatedKey;
    if (next && read >= maxMentionsRead) {
      throw new Unprocessable(
        'too-many-events',
        `${merchantId} has more than ${maxMentionsRead} events since ${date}: check that day by hand`,
      );
    }
  } while (next);
}

/** Those of some numbers that are not recorded. */
export async function absentOf(merchantId: string, numbered: Numbered[]): Promise<Numbered[]> {
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

const findingKey = (merchantId: string, date: string) => ({ pk: `finding:${merchantId}`, sk: date });

/** What was found missing of a merchant's day, if ever something was. */
export async function loadFinding(merchantId: string, date: string): Promise<Finding<Gap> | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({
      TableName: tableName(),
      Key: marshall(findingKey(merchantId, date)),
      ConsistentRead: true,
    }),
  );
  return Item && (unmarshall(Item) as FindingItem).finding;
}

/**
 * Writes what was found of a merchant's day, in the place of what was known.
 *
 * @throws when another consumer wrote in between: the day has to be checked again
 */
export async function saveFinding(
  { finding, isNews }: Noted<Gap>,
  known: Finding<Gap> | undefined,
): Promise<void> {
  const item: FindingItem = { ...findingKey(finding.merchantId, finding.date), finding, said: isNews };
  eventOf(finding); // what nobody could read is never written
  await dynamodb.send(
    new PutItemCommand({
      TableName: tableName(),
      Item: marshall(item),
      ...(known
        ? {
            ConditionExpression: 'finding.n = :n AND finding.mendedAt = :mendedAt',
            ExpressionAttributeValues: marshall({ ':n': known.n, ':mendedAt': known.mendedAt }),
          }
        : { ConditionExpression: 'attribute_not_exists(pk)' }),
    }),
  );
}

/** The events of the write that left an item as it is in this image of the stream. */
export function eventsOf(image: Record<string, AttributeValue>): Event[] {
  const item = unmarshall(image) as Partial<FindingItem>;
  return item.finding && item.said ? [eventOf(item.finding)] : [];
}

const eventOf = ({ merchantId, date, difference, n, foundAt, trace }: Finding<Gap>): Event =>
  makeEvent(auditGapFound, {
    subject: `gap_${date}_${merchantId}`,
    n,
    time: foundAt,
    merchantid: merchantId,
    trace,
    data: { date, ...difference },
  });
