import { setTimeout as delay } from 'node:timers/promises';
import { type AttributeValue, BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from './dynamodb.ts';

type Item = Record<string, AttributeValue>;

/** The maximum of keys for BatchGetItem. */
const maxKeys = 100;

/**
 * Items by their keys, read consistently, page by page and in no order; missing items are left out. DynamoDB may
 * return fewer items than requested, when it throttles or the response gets too large. The rest is requested again
 * after a pause of up to a second, with jitter.
 * https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
 *
 * @param keys each once
 * @param projection the attributes to read, if not all
 */
export async function* readItems(
  tableName: string,
  keys: Record<string, string>[],
  projection?: string,
): AsyncGenerator<Item[]> {
  for await (const page of readTables(
    keys.map((key) => ({ tableName, key })),
    projection,
  )) {
    yield page[tableName] ?? [];
  }
}

/** The same of several tables, by the same calls: the items by the names of their tables. */
export async function* readTables(
  wanted: { tableName: string; key: Record<string, string> }[],
  projection?: string,
): AsyncGenerator<Record<string, Item[]>> {
  let left: { tableName: string; key: Item }[] = [];
  let next = 0;
  for (
    let attempt = 0;
    left.length > 0 || next < wanted.length;
    attempt = left.length > 0 ? attempt + 1 : 0
  ) {
    if (attempt > 0) await delay(Math.random() * Math.min(10 * 2 ** attempt, 1000));
    const more = wanted.slice(next, next + maxKeys - left.length);
    next += more.length;
    const asked = [...left, ...more.map(({ tableName, key }) => ({ tableName, key: marshall(key) }))];
    const RequestItems = Object.fromEntries(
      [...Map.groupBy(asked, ({ tableName }) => tableName)].map(([tableName, own]) => [
        tableName,
        {
          Keys: own.map(({ key }) => key),
          ConsistentRead: true,
          ...(projection && { ProjectionExpression: projection }),
        },
      ]),
    );
    const { Responses = {}, UnprocessedKeys = {} } = await dynamodb.send(
      new BatchGetItemCommand({ RequestItems }),
    );
    yield Responses;
    left = Object.entries(UnprocessedKeys).flatMap(([tableName, { Keys = [] }]) =>
      Keys.map((key) => ({ tableName, key })),
    );
  }
}
