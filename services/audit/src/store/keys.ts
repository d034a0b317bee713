import type { AttributeValue, TransactWriteItem } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { readItems } from '@fanfold/runtime/readItems';
import type { DataKey } from '../record/seal.ts';
import { keysTableName } from './tables.ts';

/**
 * A key for each data subject of a merchant. They have a table of their own, because keys are destroyed by erasures,
 * while nothing may ever be removed from the log's table.
 */
type KeyItem = {
  /** `<merchant>#<data subject>` */
  pk: string;
  /** Removed by an erasure. If there are events again later, they get a new key. */
  dataKey?: DataKey;
  erasedAt?: string;
};

export const keyName = (merchantId: string, dataSubject: string): string => `${merchantId}#${dataSubject}`;

/** The existing keys, by name. */
export async function loadKeys(names: Iterable<string>): Promise<Map<string, DataKey>> {
  const keys = new Map<string, DataKey>();
  const wanted = [...new Set(names)].map((pk) => ({ pk }));
  for await (const items of readItems(keysTableName(), wanted)) {
    for (const [name, key] of keysIn(items)) keys.set(name, key);
  }
  return keys;
}

/** Those of some items that are not destroyed, by name. */
export function* keysIn(items: Record<string, AttributeValue>[]): Generator<[string, DataKey]> {
  for (const item of items) {
    const { pk, dataKey } = unmarshall(item) as KeyItem;
    if (dataKey) yield [pk, dataKey];
  }
}

/** When the last key of a data subject was destroyed, if that was so and there is no other. */
export async function erasedAtOf(name: string): Promise<string | undefined> {
  for await (const items of readItems(keysTableName(), [{ pk: name }])) {
    for (const item of items) return (unmarshall(item) as KeyItem).erasedAt;
  }
  return undefined;
}

/** Writes a new key, unless another consumer was faster: then that key can be read. */
export const putKeyOnce = (name: string, dataKey: DataKey): TransactWriteItem => ({
  Update: {
    TableName: keysTableName(),
    Key: marshall({ pk: name }),
    UpdateExpression: 'SET dataKey = :dataKey',
    ConditionExpression: 'attribute_not_exists(dataKey)',
    ExpressionAttributeValues: marshall({ ':dataKey': dataKey }),
  },
});

/** Removes the key, if there is one; only this one if it is given. */
export const destroyKey = (name: string, erasedAt: string, dataKey?: DataKey): TransactWriteItem => ({
  Update: {
    TableName: keysTableName(),
    Key: marshall({ pk: name }),
    UpdateExpression: 'REMOVE dataKey SET erasedAt = :erasedAt',
    ConditionExpression: dataKey ? 'dataKey = :dataKey' : 'attribute_exists(dataKey)',
    ExpressionAttributeValues: marshall({ ':erasedAt': erasedAt, ...(dataKey && { ':dataKey': dataKey }) }),
  },
});
