import { type AttributeValue, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type ListQuery, nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import { readItems } from '@fanfold/runtime/readItems';
import type { Difference } from '../payment/difference.ts';
import type { Payment } from '../payment/payment.ts';
import { type DifferenceItem, differencesOf, shards } from './items.ts';
import { load, loadAll } from './payments.ts';
import { tableName } from './table.ts';

/**
 * A merchant's payments, newest first.
 *
 * @throws Refusal 404 when there is no payment with the id `startingAfter`
 */
export async function list(merchantId: string, { limit, startingAfter }: ListQuery): Promise<Page<Payment>> {
  const start = startingAfter === undefined ? undefined : await load(merchantId, startingAfter);
  if (startingAfter !== undefined && !start) throw nothingToStartAfter('a payment');
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      IndexName: 'ByMerchant',
      KeyConditionExpression: 'merchantId = :merchantId',
      ExpressionAttributeValues: marshall({ ':merchantId': merchantId }),
      ScanIndexForward: false,
      Limit: limit + 1,
      ExclusiveStartKey:
        start && marshall({ pk: `${merchantId}#${start.id}`, merchantId, createdAt: start.createdAt }),
    }),
  );
  const items = await loadAll(Items.slice(0, limit));
  return { items, hasMore: Items.length > limit };
}

/**
 * What is due: payments to settle with the provider, or authorizations to expire. Partition by partition, beginning
 * with another one each time, so that one that a provider cannot settle does not hold up the others for ever.
 */
export async function* dueFor(kind: 'settle' | 'expire', now: Date): AsyncGenerator<Payment[]> {
  const first = Math.floor(Math.random() * shards.length);
  for (const shard of shards.slice(first) + shards.slice(0, first)) {
    const keys = queryKeys('Due', 'due = :part AND dueAt <= :now', {
      ':part': `${kind}#${shard}`,
      ':now': now.toISOString(),
    });
    for await (const page of keys) yield await loadAll(page);
  }
}

/** The payments whose last event was on a day, or all of a merchant: page by page, also empty ones. */
export async function* activeOn(date: string, merchantId?: string): AsyncGenerator<Payment[]> {
  for (const shard of shards) {
    for await (const page of keysOfDay(`${date}#${shard}`, merchantId)) yield await loadAll(page);
  }
}

/** The differences from the provider that were found on a day, or those of a merchant: page by page. */
export async function* differencesOn(date: string, merchantId?: string): AsyncGenerator<Difference[]> {
  for await (const page of keysOfDay(differencesOf(date), merchantId)) {
    const keys = page.map(({ pk }) => ({ pk: pk?.S ?? '' }));
    for await (const items of readItems(tableName(), keys))
      yield items.map((item) => (unmarshall(item) as DifferenceItem).difference);
  }
}

function keysOfDay(
  part: string,
  merchantId: string | undefined,
): AsyncGenerator<Record<string, AttributeValue>[]> {
  const [ofMerchant, prefix] =
    merchantId === undefined ? ['', {}] : [' AND begins_with(pk, :prefix)', { ':prefix': `${merchantId}#` }];
  const values = { ':part': part, ...prefix };
  return queryKeys('ByDay', `#day = :part${ofMerchant}`, values, { '#day': 'day' });
}

async function* queryKeys(
  index: string,
  condition: string,
  values: Record<string, string>,
  names?: Record<string, string>,
): AsyncGenerator<Record<string, AttributeValue>[]> {
  let start: Record<string, AttributeValue> | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new QueryCommand({
        TableName: tableName(),
        IndexName: index,
        KeyConditionExpression: condition,
        ExpressionAttributeValues: marshall(values),
        ExpressionAttributeNames: names,
        ExclusiveStartKey: start,
        Limit: 100,
      }),
    );
    yield Items;
    start = LastEvaluatedKey;
  } while (start);
}
