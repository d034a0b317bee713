import { dataSubjectOf, eventId, maxLength, sequenceOf } from '@fanfold/contracts/event';
import type { Opened } from '../record/entry.ts';
import { comparableTime, type Received, type Recorded } from '../record/received.ts';
import { type DataKey, keyIdOf, newDataKey, seal, unseal } from '../record/seal.ts';
import { keyName, loadKeys } from './keys.ts';

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

/** An event that is recorded, and whose data subject was erased before it was written: nobody can ever read it. */
export function erasedItemOf(received: Received, position: number, recordedAt: string): EventItem {
  return { ...itemOf(received, newDataKey(), position, recordedAt), sealed: new Uint8Array() };
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

export const keyNameOf = ({ merchantId, dataSubject }: EventItem): string => keyName(merchantId, dataSubject);

/** Undefined for an id that no event can have. */
export function keyOf(merchantId: string, id: string): Pick<EventItem, 'pk' | 'sk'> | undefined {
  const [, subject, n] = eventIdPattern.exec(id) ?? [];
  return subject === undefined ? undefined : { pk: `${merchantId}#${subject}`, sk: sequenceOf(Number(n)) };
}

const eventIdPattern = new RegExp(`^([\\x21-\\x7e]{1,${maxLength.subject}}):([1-9]\\d{0,9})$`);
