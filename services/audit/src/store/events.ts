import { GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { readItems } from '@fanfold/runtime/readItems';
import type { Recorded } from '../record/received.ts';
import { expressionsOf } from './conditions.ts';
import { type EventItem, keyNameOf, keyOf, type Openable, openedBy, unsealAll } from './eventItems.ts';
import { loadKeys } from './keys.ts';
import { tableName } from './tables.ts';

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

async function loadItem(merchantId: string, id: string): Promise<EventItem | undefined> {
  const key = keyOf(merchantId, id);
  if (!key) return undefined;
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(key), ConsistentRead: true }),
  );
  return Item && (unmarshall(Item) as EventItem);
}

/** The events of these keys that there are, in their order. */
export async function loadAll(entries: Pick<EventItem, 'pk' | 'sk'>[]): Promise<Recorded[]> {
  const items: EventItem[] = [];
  const keys = entries.map(({ pk, sk }) => ({ pk, sk }));
  for await (const page of readItems(tableName(), keys)) {
    items.push(...page.map((item) => unmarshall(item) as EventItem));
  }
  const recorded = await unsealAll(items);
  const nameOf = ({ pk, sk }: Pick<EventItem, 'pk' | 'sk'>) => JSON.stringify([pk, sk]);
  const found = new Map(items.map((item, i) => [nameOf(item), recorded[i]]));
  return entries.flatMap((entry) => found.get(nameOf(entry)) ?? []);
}

/** The subject of a merchant's event at a position, from the index: undefined when there is none, or not yet. */
export async function subjectAt(merchantId: string, position: number): Promise<string | undefined> {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      ...expressionsOf(
        [
          { attribute: 'merchantId', operator: '=', value: merchantId },
          { attribute: 'position', operator: '=', value: position },
        ],
        [],
      ),
      IndexName: 'ByMerchant',
    }),
  );
  const [item] = Items.map((each) => unmarshall(each) as EventItem);
  return item?.pk.slice(merchantId.length + 1);
}
