import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { readItems, readTables } from '@fanfold/runtime/readItems';
import type { Recorded } from '../record/received.ts';
import type { DataKey } from '../record/seal.ts';
import {
  type EventItem,
  eventItemOf,
  keyNameOf,
  keyOf,
  type Openable,
  openedBy,
  unsealAll,
  unsealWith,
} from './eventItems.ts';
import { type Found, subjectIndexedAt } from './indexes.ts';
import { keyName, keysIn, loadKeys } from './keys.ts';
import { decodeListings } from './listings.ts';
import { entriesWith } from './log.ts';
import { keysTableName, tableName } from './tables.ts';

/** An event of a merchant by its id. */
export async function load(merchantId: string, id: string): Promise<Recorded | undefined> {
  const item = await loadItem(merchantId, id);
  return item && (await unsealAll([item]))[0];
}

/** An event of a merchant by its id, for a proof. */
export async function loadOpenable(merchantId: string, id: string): Promise<Openable | undefined> {
  const item = await loadItem(merchantId, id);
  if (!item) return undefined;
  return { position: item.position, ...openedBy(item, await loadKeys([keyNameOf(item)])) };
}

/** The position of a merchant's event, by its id. */
export const loadPosition = async (merchantId: string, id: string): Promise<number | undefined> =>
  (await loadItem(merchantId, id))?.position;

async function loadItem(merchantId: string, id: string): Promise<EventItem | undefined> {
  const key = keyOf(merchantId, id);
  if (!key) return undefined;
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(key), ConsistentRead: true }),
  );
  return Item && eventItemOf(Item);
}

/**
 * The events of a list, in its order: those that there are, at their positions. Events and keys are read by the same calls, where
 * the list tells the data subjects.
 */
export async function loadAll(found: Located[]): Promise<Recorded[]> {
  const names = new Set(
    found.flatMap(({ merchantId, dataSubject }) =>
      dataSubject === undefined ? [] : [keyName(merchantId, dataSubject)],
    ),
  );
  const items: EventItem[] = [];
  const keys = new Map<string, DataKey>();
  const requests = [
    ...found.map((each) => ({ tableName: tableName(), key: itemKeyOf(each) })),
    ...[...names].map((pk) => ({ tableName: keysTableName(), key: { pk } })),
  ];
  for await (const page of readTables(requests)) {
    items.push(...(page[tableName()] ?? []).map(eventItemOf));
    for (const [name, key] of keysIn(page[keysTableName()] ?? [])) keys.set(name, key);
  }
  const others = items.map(keyNameOf).filter((name) => !names.has(name));
  for (const [name, key] of await loadKeys(others)) keys.set(name, key);
  const recorded = unsealWith(items, keys);
  const byKey = new Map(items.map((item, i) => [nameOf(item), recorded[i]]));
  return found.flatMap((each) => {
    const there = byKey.get(nameOf(itemKeyOf(each)));
    return there && (each.position ?? there.position) === there.position ? [there] : [];
  });
}

/** The items of some events, in no order. */
export async function loadItems(found: Located[]): Promise<EventItem[]> {
  const items: EventItem[] = [];
  for await (const page of readItems(tableName(), found.map(itemKeyOf))) items.push(...page.map(eventItemOf));
  return items;
}

/** Where an event is. One that was recorded again, behind all, is no longer where it was. */
type Located = Pick<Found, 'merchantId' | 'subject' | 'sk' | 'dataSubject'> & { position?: number };

const itemKeyOf = ({ merchantId, subject, sk }: Located) => ({ pk: `${merchantId}#${subject}`, sk });

const nameOf = ({ pk, sk }: Pick<EventItem, 'pk' | 'sk'>): string => JSON.stringify([pk, sk]);

/** The subject of a merchant's event at a position: undefined when there is none, or not yet. */
export async function subjectAt(merchantId: string, position: number): Promise<string | undefined> {
  const { sk, listed } = await entriesWith(position);
  if (!listed) return subjectIndexedAt(merchantId, position);
  return decodeListings(listed, Number(sk)).find((each) => each.position === position)?.subject;
}
