import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dataSubjectOf, eventId, maxLength, sequenceOf } from '@fanfold/contracts/event';
import type { Opened } from '../record/entry.ts';
import { comparableTime, type Received, type Recorded } from '../record/received.ts';
import { type DataKey, keyIdOf, newDataKey, seal, unseal } from '../record/seal.ts';
import { keyName, loadKeys } from './keys.ts';
import type { Listing } from './listings.ts';

/**
 * A recorded event. Its key is its id, and it is never deleted. So no duplicate, redrive or replay can be recorded
 * again, not even after an erasure.
 *
 * Lists find it by its listing, beside the entries that it was appended with. Where there is none, the indexes `ByMerchant` and
 * `ByCorrelation` have it, each sorted by position: of what was recorded before there were listings, and of what came
 * back to a log that was restored. Only those items have the attributes that the indexes are keyed by.
 */
export type EventItem = {
  /** `<merchant>#<subject>` */
  pk: string;
  /** The event's sequence number, padded. */
  sk: string;
  position: number;
  correlationId: string;
  type: string;
  /** The time of the event, in the form that can be compared as text. */
  time: string;
  recordedAt: string;
  /** The data subject whose key it is encrypted with, and which of its successive keys. */
  dataSubject: string;
  keyId: string;
  /** The message as it came, encrypted. */
  sealed: Uint8Array;
  /** What the indexes find it by. */
  indexed?: Indexed;
};

/** As it is stored: what the indexes are keyed by beside the rest. Earlier versions have no other correlation. */
type StoredEvent = Omit<EventItem, 'indexed' | 'correlationId'> &
  Partial<Pick<EventItem, 'correlationId'> & Indexed>;

type Indexed = {
  merchantId: string;
  /** `<merchant>#<correlation id>` */
  correlation: string;
};

export function eventItemOf(stored: Record<string, AttributeValue>): EventItem {
  const { merchantId, correlation = '', correlationId, ...item } = unmarshall(stored) as StoredEvent;
  return {
    ...item,
    correlationId: correlationId ?? correlation.slice(merchantOf(item).length + 1),
    ...(merchantId !== undefined && { indexed: { merchantId, correlation } }),
  };
}

/** An item that lists find without the indexes. */
export const storedEvent = ({ indexed, ...item }: EventItem): Record<string, AttributeValue> =>
  marshall({ ...item, ...indexed });

/** The same event, found by the indexes. */
export const indexedItem = (item: EventItem): EventItem => ({
  ...item,
  indexed: { merchantId: merchantOf(item), correlation: `${merchantOf(item)}#${item.correlationId}` },
});

/** No merchant's id has a `#`. */
export const merchantOf = ({ pk }: Pick<EventItem, 'pk'>): string => pk.slice(0, pk.indexOf('#'));

export const subjectOf = ({ pk }: Pick<EventItem, 'pk'>): string => pk.slice(pk.indexOf('#') + 1);

export const listingOf = (item: Omit<EventItem, 'keyId' | 'sealed' | 'indexed'>): Listing => {
  const { position, sk, type, time, recordedAt, correlationId, dataSubject } = item;
  const [merchantId, subject] = [merchantOf(item), subjectOf(item)];
  return { position, merchantId, subject, sk, type, time, recordedAt, correlationId, dataSubject };
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
    position,
    correlationId: correlationid,
    type,
    time: comparableTime(time),
    recordedAt,
    dataSubject: dataSubjectOf(event),
    keyId: keyIdOf(key),
    sealed: seal(key, text, placeOf({ pk, sk: sequence })),
  };
}

/** An event that is recorded, and whose data subject was erased before it was written: nobody can ever read it. */
export function erasedItemOf(received: Received, position: number, recordedAt: string): EventItem {
  return { ...itemOf(received, newDataKey(), position, recordedAt), sealed: new Uint8Array() };
}

const placeOf = ({ pk, sk }: Pick<EventItem, 'pk' | 'sk'>): string => `${pk}#${sk}`;

/** The events of items, with their texts where the key still exists. */
export async function unsealAll(items: EventItem[]): Promise<Recorded[]> {
  return unsealWith(items, await loadKeys(items.map(keyNameOf)));
}

export function unsealWith(items: EventItem[], keys: Map<string, DataKey>): Recorded[] {
  return items.map((item) => {
    const key = keyTo(item, keys);
    return { ...recordedOf(item), ...(key && { text: unseal(key, item.sealed, placeOf(item)) }) };
  });
}

function recordedOf(item: EventItem): Omit<Recorded, 'text'> {
  const { sk, correlationId, type, time, position, recordedAt } = item;
  const subject = subjectOf(item);
  return {
    id: eventId(subject, Number(sk)),
    type,
    subject,
    merchantid: merchantOf(item),
    // Without the decimals that make times comparable, where there is nothing in them.
    time: time.replace(/0{6}Z$/, 'Z'),
    sequence: sk,
    correlationid: correlationId,
    position,
    recordedAt,
  };
}

/**
 * What is needed to prove an event: its position, and the event with its key, unless it was erased. `broken` when it
 * cannot be decrypted because somebody changed it.
 */
export type Openable = { position: number; opened?: Opened | 'broken' };

export function openedBy(item: EventItem, keys: Map<string, DataKey>): Pick<Openable, 'opened'> {
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

/** The key that an item was encrypted with, if it still exists. */
function keyTo(item: EventItem, keys: Map<string, DataKey>): DataKey | undefined {
  const key = keys.get(keyNameOf(item));
  return key && keyIdOf(key) === item.keyId ? key : undefined;
}

export const keyNameOf = (item: Pick<EventItem, 'pk' | 'dataSubject'>): string =>
  keyName(merchantOf(item), item.dataSubject);

/** Undefined for an id that no event can have. */
export function keyOf(merchantId: string, id: string): Pick<EventItem, 'pk' | 'sk'> | undefined {
  const [, subject, n] = eventIdPattern.exec(id) ?? [];
  return subject === undefined ? undefined : { pk: `${merchantId}#${subject}`, sk: sequenceOf(Number(n)) };
}

const eventIdPattern = new RegExp(`^([\\x21-\\x7e]{1,${maxLength.subject}}):([1-9]\\d{0,9})$`);
