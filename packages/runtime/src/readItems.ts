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
  let left: Item[] = [];
  let next = 0;
  for (let attempt = 0; left.length > 0 || next < keys.length; attempt = left.length > 0 ? attempt + 1 : 0) {
    if (attempt > 0) await delay(Math.random() * Math.min(10 * 2 ** attempt, 1000));
    const more = keys.slice(next, next + maxKeys - left.length);
    next += more.length;
    const Keys = [...left, ...more.map((key) => marshall(key))];
    const { Responses, UnprocessedKeys } = await dynamodb.send(
      new BatchGetItemCommand({
        RequestItems: {
          [tableName]: {
            Keys,
            ConsistentRead: true,
            ...(projection && { ProjectionExpression: projection }),
          },
        },
      }),
    );
    yield Responses?.[tableName] ?? [];
    left = UnprocessedKeys?.[tableName]?.Keys ?? [];
  }
}
