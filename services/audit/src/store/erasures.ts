import { createHash } from 'node:crypto';
import {
  type AttributeValue,
  QueryCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { auditSubjectErased } from '@fanfold/contracts/audit';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { reasonsOf } from '@fanfold/runtime/failure';
import { type DataKey, keyIdOf } from '../record/seal.ts';
import { type Erasure, writeErasedKey } from './erasedKeys.ts';
import { destroyKey, keyName, loadKeys } from './keys.ts';
import { tableName } from './tables.ts';

export type { Erasure };

export type ErasureItem = {
  /** `erasure:<merchant>`. The keys of events always have a `#`. */
  pk: string;
  /** `<data subject>#<operation>` */
  sk: string;
  erasure: Erasure;
};

/** The data subjects of a subject's events. */
export async function dataSubjectsOf(merchantId: string, subject: string): Promise<Set<string>> {
  const items = await query('pk = :pk', { ':pk': `${merchantId}#${subject}` });
  return new Set([subject, ...items.map((item) => String(unmarshall(item).dataSubject))]);
}

/** The data subjects that still have readable events. */
export async function readable(merchantId: string, dataSubjects: Iterable<string>): Promise<string[]> {
  const names = [...dataSubjects].map((each) => [each, keyName(merchantId, each)] as const);
  const keys = await loadKeys(names.map(([, name]) => name));
  return names.flatMap(([each, name]) => (keys.has(name) ? [each] : []));
}

/**
 * Destroys the key of a data subject and writes the erasure, both or nothing. If both are done already, it does
 * nothing. If the order is repeated and there is a new key, for events that were recorded since, that key is
 * destroyed as well; the erasure that is written stays as it is.
 */
export async function erase(erasure: Erasure): Promise<void> {
  const { merchantId, dataSubject, erasedAt } = erasure;
  erasedEventOf(erasure); // what nobody could read is never written
  const name = keyName(merchantId, dataSubject);
  const key = (await loadKeys([name])).get(name);
  // Before it is destroyed: a table that is put back knows nothing of it.
  if (key) await writeErasedKey(keyIdOf(key), erasure);
  const destroyed = destroyKey(name, erasedAt);
  const written = putErasure(erasure);
  const [isDestroyed, isWritten] = await alreadyDone([destroyed, written]);
  if (isWritten && !isDestroyed) await alreadyDone([destroyed]);
}

const erasureKey = ({ merchantId, dataSubject, operationId }: Erasure) => ({
  pk: `erasure:${merchantId}`,
  sk: `${dataSubject}#${operationId}`,
});

function putErasure(erasure: Erasure): TransactWriteItem {
  const item: ErasureItem = { ...erasureKey(erasure), erasure };
  return {
    Put: {
      TableName: tableName(),
      Item: marshall(item),
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
}

/** Whether an erasure is missing, or the key is there that it destroyed. */
export async function wasForgotten(erasure: Erasure, keyId: string): Promise<boolean> {
  if (await erasedKeyOf(erasure, keyId)) return true;
  const { pk, sk } = erasureKey(erasure);
  return (await query('pk = :pk AND sk = :sk', { ':pk': pk, ':sk': sk })).length === 0;
}

/** The key that an erasure destroyed, if a table that was put back has it. */
async function erasedKeyOf(
  { merchantId, dataSubject }: Erasure,
  keyId: string,
): Promise<DataKey | undefined> {
  const name = keyName(merchantId, dataSubject);
  const key = (await loadKeys([name])).get(name);
  return key && keyIdOf(key) === keyId ? key : undefined;
}

/**
 * Destroys the key that an erasure destroyed, and no later one, and writes the erasure, if they are not so already.
 *
 * @returns whether they were not
 */
export async function eraseAgain(erasure: Erasure, keyId: string): Promise<boolean> {
  const key = await erasedKeyOf(erasure, keyId);
  const name = keyName(erasure.merchantId, erasure.dataSubject);
  if (key) await alreadyDone([destroyKey(name, erasure.erasedAt, key)]);
  return (await alreadyDone([putErasure(erasure)])).length === 0 || key !== undefined;
}

/** Writes all or nothing. Returns for each write whether its condition failed; an empty list when all was written. */
async function alreadyDone(TransactItems: TransactWriteItem[]): Promise<boolean[]> {
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems }));
    return [];
  } catch (error) {
    const failed = reasonsOf(error).map(({ cause }) => cause === 'condition');
    if (!failed.includes(true)) throw error;
    return failed;
  }
}

/** All erasures of a data subject. */
export async function erasuresOf(merchantId: string, dataSubject: string): Promise<Erasure[]> {
  const values = { ':pk': `erasure:${merchantId}`, ':sk': `${dataSubject}#` };
  const items = await query('pk = :pk AND begins_with(sk, :sk)', values);
  return (
    items
      .map((item) => (unmarshall(item) as ErasureItem).erasure)
      // An id may contain `#`: `a#` is also the beginning of the erasures of `a#b`.
      .filter((erasure) => erasure.dataSubject === dataSubject)
  );
}

async function query(
  condition: string,
  values: Record<string, string>,
): Promise<Record<string, AttributeValue>[]> {
  const found: Record<string, AttributeValue>[] = [];
  let next: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        KeyConditionExpression: condition,
        ExpressionAttributeValues: marshall(values),
        ConsistentRead: true,
        ExclusiveStartKey: next,
      }),
    );
    found.push(...Items);
    next = LastEvaluatedKey;
  } while (next);
  return found;
}

export const erasedEventOf = (erasure: Erasure): Event => {
  const { merchantId, dataSubject, reason, operationId, erasedAt, trace } = erasure;
  const id = createHash('sha256')
    .update(JSON.stringify([merchantId, dataSubject, operationId]))
    .digest('hex');
  return makeEvent(auditSubjectErased, {
    subject: `era_${id.slice(0, 32)}`,
    n: 1,
    time: erasedAt,
    merchantid: merchantId,
    trace,
    data: { dataSubject, reason, operationId },
  });
};
