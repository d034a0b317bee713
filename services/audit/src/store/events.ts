import {
  type AttributeValue,
  GetItemCommand,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { eventId, maxLength, sequenceOf } from '@fanfold/contracts/event';
import { chunksOf, lambdaAnswer } from '@fanfold/runtime/batch';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import { readItems } from '@fanfold/runtime/readItems';
import { Refusal } from '@fanfold/runtime/refusal';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import type { Mention, Numbered } from '../compare/completeness.ts';
import type { EventQuery } from '../query/eventQuery.ts';
import type { Indexed, IndexRequest } from '../query/exportRequest.ts';
import type { Opened } from '../record/entry.ts';
import { comparableTime, dataSubjectOf, type Received, type Recorded } from '../record/received.ts';
import { type DataKey, keyIdOf, seal, unseal } from '../record/seal.ts';
import { keyName, loadKeys } from './keys.ts';
import { tableName } from './tables.ts';

/**
 * A recorded event. Its key is its id, and it is never deleted. So no duplicate, redrive or replay can be recorded
 * again, not even after an erasure.
 *
 * The indexes `ByMerchant` and `ByCorrelation`, each sorted by position, have the attributes that queries filter by,
 * so that only events on the page are read from the table. `ByMerchant` has the time of recording too: it tells when
 * all events of a day were read.
 */
export type EventItem = {
  /** `<merchant>#<subject>` */
  pk: string;
  /** The event's sequence number, padded. */
  sk: string;
  merchantId: string;
  position: number;
  /** `<merchant>#<correlation id>` */
  correlation: string;
  type: string;
  /** The time of the event, in the form that can be compared as text. */
  time: string;
  recordedAt: string;
  /** The data subject whose key it is encrypted with, and which of its successive keys. */
  dataSubject: string;
  keyId: string;
  /** The message as it came, encrypted. */
  sealed: Uint8Array;
};

export function itemOf(
  { event, text }: Received,
  key: DataKey,
  position: number,
  recordedAt: string,
): EventItem {
  const { merchantid, subject, sequence, correlationid, type, time } = event;
  const pk = `${merchantid}#${subject}`;
  return {
    pk,
    sk: sequence,
    merchantId: merchantid,
    position,
    correlation: `${merchantid}#${correlationid}`,
    type,
    time: comparableTime(time),
    recordedAt,
    dataSubject: dataSubjectOf(event),
    keyId: keyIdOf(key),
    sealed: seal(key, text, placeOf({ pk, sk: sequence })),
  };
}

const placeOf = ({ pk, sk }: Pick<EventItem, 'pk' | 'sk'>): string => `${pk}#${sk}`;

/** The events of items, with their texts where the key still exists. */
export async function unsealAll(items: EventItem[]): Promise<Recorded[]> {
  const keys = await loadKeys(items.map(keyNameOf));
  return items.map((item) => {
    const key = keyTo(item, keys);
    return { ...recordedOf(item), ...(key && { text: unseal(key, item.sealed, placeOf(item)) }) };
  });
}

function recordedOf(item: EventItem): Omit<Recorded, 'text'> {
  const { pk, sk, merchantId, correlation, type, time, position, recordedAt } = item;
  const subject = pk.slice(merchantId.length + 1);
  return {
    id: eventId(subject, Number(sk)),
    type,
    subject,
    merchantid: merchantId,
    // Without the decimals that make times comparable, where there is nothing in them.
    time: time.replace(/0{6}Z$/, 'Z'),
    sequence: sk,
    correlationid: correlation.slice(merchantId.length + 1),
    position,
    recordedAt,
  };
}

/** The key that an item was encrypted with, if it still exists. */
function keyTo(item: EventItem, keys: Map<string, DataKey>): DataKey | undefined {
  const key = keys.get(keyNameOf(item));
  return key && keyIdOf(key) === item.keyId ? key : undefined;
}

const keyNameOf = ({ merchantId, dataSubject }: EventItem): string => keyName(merchantId, dataSubject);

/** An event of a merchant by its id. */
export async function load(merchantId: string, id: string): Promise<Recorded | undefined> {
  const item = await loadItem(merchantId, id);
  return item && (await unsealAll([item]))[0];
}

/**
 * What is needed to prove an event: its position, and the event with its key, unless it was erased. `broken` when it
 * cannot be decrypted because somebody changed it.
 */
export type Openable = { position: number; opened?: Opened | 'broken' };

/** An event of a merchant by its id, for a proof. */
export async function loadOpenable(merchantId: string, id: string): Promise<Openable | undefined> {
  const item = await loadItem(merchantId, id);
  if (!item) return undefined;
  return { position: item.position, ...openedBy(item, await loadKeys([keyNameOf(item)])) };
}

function openedBy(item: EventItem, keys: Map<string, DataKey>): Pick<Openable, 'opened'> {
  const key = keyTo(item, keys);
  if (!key) return {};
  try {
    const text = unseal(key, item.sealed, placeOf(item));
    const event = JSON.parse(text);
    return { opened: Object(event) === event ? { received: { event, text }, key } : 'broken' };
  } catch {
    return { opened: 'broken' };
  }
}

async function loadItem(merchantId: string, id: string): Promise<EventItem | undefined> {
  const key = keyOf(merchantId, id);
  if (!key) return undefined;
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(key), ConsistentRead: true }),
  );
  return Item && (unmarshall(Item) as EventItem);
}

const eventIdPattern = new RegExp(`^([\\x21-\\x7e]{1,${maxLength.subject}}):([1-9]\\d{0,9})$`);

/** Undefined for an id that no event can have. */
function keyOf(merchantId: string, id: string): Pick<EventItem, 'pk' | 'sk'> | undefined {
  const [, subject, n] = eventIdPattern.exec(id) ?? [];
  return subject === undefined ? undefined : { pk: `${merchantId}#${subject}`, sk: sequenceOf(Number(n)) };
}

/**
 * A merchant's events, in the order of arrival. The events of a subject are few, so all of them are read. Of a
 * correlation or of the whole merchant, as many are read as the page needs.
 *
 * @param isTimeUp is asked when there is more to read and the page is not full: then the page ends there
 * @throws Refusal 404 when there is no event with the id `startingAfter`, 422 when time was up before anything was
 *   found
 */
export async function find(
  merchantId: string,
  query: EventQuery,
  isTimeUp: () => boolean,
): Promise<Page<Recorded>> {
  const { limit, startingAfter, subject } = query;
  const after = startingAfter === undefined ? -1 : await positionOf(merchantId, startingAfter);
  if (query.from !== undefined && query.from === query.to) return { items: [], hasMore: false };
  const request = requestOf(merchantId, query, after);
  let { Limit } = request;
  const found: EventItem[] = [];
  let next: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({ ...request, Limit, ExclusiveStartKey: next }),
    );
    found.push(...Items.map((item) => unmarshall(item) as EventItem));
    next = LastEvaluatedKey;
    Limit &&= Math.min(Limit * filteredReadFactor, maxFilteredPageSize);
  } while (next && (subject !== undefined || (found.length <= limit && !isTimeUp())));

  if (next && found.length === 0) throw tooBroad();
  const hasMore = next !== undefined || found.length > limit;
  if (subject === undefined) return { items: await loadAll(found.slice(0, limit)), hasMore };
  found.sort((a, b) => a.position - b.position);
  return { items: await unsealAll(found.slice(0, limit)), hasMore };
}

async function positionOf(merchantId: string, id: string): Promise<number> {
  const recorded = await load(merchantId, id);
  if (recorded) return recorded.position;
  throw nothingToStartAfter('an event');
}

const tooBroad = (): Refusal =>
  new Refusal(
    422,
    'query_too_broad',
    'There are too many events to search in the available time. Ask by subject or correlationId, or with fewer filters.',
  );

type Condition = {
  attribute: keyof EventItem;
  operator: '=' | '>' | '>=' | '<';
  value: string | number | undefined;
};

/**
 * How many index entries are read, if some may not match the filters: four times a page, and four times as many with
 * each further call. So frequent matches cost little, and rare ones at most three calls more.
 */
const filteredReadFactor = 4;
const maxFilteredPageSize = 1000;

/**
 * Reads the index with the fewest events: the subject, else the correlation, else the merchant. The rest is a filter.
 */
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
  const Limit = filters.length > 0 ? filteredReadFactor * (limit + 1) : limit + 1;
  return { ...expressionsOf([key, position], filters), IndexName, Limit };
}

/** Where the next part of the index begins. */
export type Next = NonNullable<IndexRequest['after']>;

/** How many events a part of the index has, give or take a page: about 2 MB, of the 6 MB of a Lambda response. */
const indexPartSize = 5000;

/**
 * A part of the index: of one merchant by position, of all merchants in no order. As long as there is `next` there
 * may be more, also after a part without events.
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

/** The text of an event in the index. It is null when the event was erased. */
export type RecordedText = { position: number; text: string | null };

/**
 * The texts of events of the index, in the order of the log: the first ones, as many as fit into one answer.
 *
 * @throws when one of them is not in the log
 */
export async function loadTexts(
  events: Pick<Indexed, 'merchantId' | 'id' | 'position'>[],
): Promise<RecordedText[]> {
  const entries = events.map(({ merchantId, id, position }) => {
    const key = keyOf(merchantId, id);
    if (!key) throw new Error(`${id} is not the id of an event`);
    return { ...key, position };
  });
  const texts = (await loadAll(entries.toSorted((a, b) => a.position - b.position))).map(
    ({ position, text = null }) => ({ position, text }),
  );
  if (texts.length < events.length) throw new Error('The log does not have all of these events');
  const [first = []] = chunksOf(
    texts,
    ({ text }) => Buffer.byteLength(JSON.stringify(text)) + 50,
    lambdaAnswer,
  );
  return first;
}

/** A recorded event as the table has it, and what is needed to compare it with its entry. */
export type Recording = Pick<Openable, 'opened'> & { item: EventItem };

/**
 * A part of all recorded events. Those of one merchant come in the order of the log, so that many of them are in the
 * same bundle. As long as there is `next` there may be more.
 */
export async function readRecordings(
  limit: number,
  after: Next | undefined,
): Promise<{ recordings: Recording[]; next?: Next }> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new ScanCommand({
      TableName: tableName(),
      IndexName: 'ByMerchant',
      Limit: limit,
      ExclusiveStartKey: after && marshall(after),
    }),
  );
  const found = Items.map((item) => unmarshall(item) as EventItem);
  const items: EventItem[] = [];
  for await (const page of readItems(
    tableName(),
    found.map(({ pk, sk }) => ({ pk, sk })),
  )) {
    items.push(...page.map((item) => unmarshall(item) as EventItem));
  }
  const keys = await loadKeys(items.map(keyNameOf));
  const recordings = items.map((item) => ({ item, ...openedBy(item, keys) }));
  return { recordings, ...(LastEvaluatedKey && { next: unmarshall(LastEvaluatedKey) as Next }) };
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

/** The events of index entries, in their order. */
async function loadAll(entries: Pick<EventItem, 'pk' | 'sk' | 'position'>[]): Promise<Recorded[]> {
  const items: EventItem[] = [];
  const keys = entries.map(({ pk, sk }) => ({ pk, sk }));
  for await (const page of readItems(tableName(), keys)) {
    items.push(...page.map((item) => unmarshall(item) as EventItem));
  }
  const found = new Map((await unsealAll(items)).map((recorded) => [recorded.position, recorded]));
  return entries.flatMap(({ position }) => found.get(position) ?? []);
}

/** How far the clocks of publishers and of this service may differ. */
const clockSkewMs = 5 * 60_000;

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
