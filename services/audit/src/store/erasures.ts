import { createHash } from 'node:crypto';
import {
  type AttributeValue,
  QueryCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { auditSubjectErased } from '@fanfold/contracts/audit';
import { type Event, makeEvent, type Trace } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { reasonsOf } from '@fanfold/runtime/failure';
import { destroyKey, keyName, loadKeys } from './keys.ts';
import { tableName } from './tables.ts';

/** The erasure of a data subject, and the order for it. */
export type Erasure = {
  merchantId: string;
  dataSubject: string;
  reason: string | null;
  operationId: string;
  erasedAt: string;
  trace: Trace;
};

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
  const { merchantId, dataSubject, operationId, erasedAt } = erasure;
  const item: ErasureItem = { pk: `erasure:${merchantId}`, sk: `${dataSubject}#${operationId}`, erasure };
  erasedEventOf(erasure); // what nobody could read is never written
  const destroyed = destroyKey(keyName(merchantId, dataSubject), erasedAt);
  const written = {
    Put: {
      TableName: tableName(),
      Item: marshall(item),
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  };
  const [isDestroyed, isWritten] = await alreadyDone([destroyed, written]);
  if (isWritten && !isDestroyed) await alreadyDone([destroyed]);
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
