import { setTimeout as delay } from 'node:timers/promises';
import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { tableName } from './tables.ts';

/** The maximum of BatchWriteItem. */
const itemsPerWrite = 25;

/** Puts items into the log's table, over what is there, some at the same time; in no order. */
export async function putAll(items: object[]): Promise<void> {
  const chunks = [];
  for (let i = 0; i < items.length; i += itemsPerWrite) chunks.push(items.slice(i, i + itemsPerWrite));
  await Promise.all(chunks.map(putTogether));
}

async function putTogether(items: object[]): Promise<void> {
  let left: WriteRequest[] | undefined = items.map((item) => ({ PutRequest: { Item: marshall(item) } }));
  for (let attempt = 0; left && left.length > 0; attempt++) {
    if (attempt > 0) await delay(Math.random() * Math.min(10 * 2 ** attempt, 1000));
    const { UnprocessedItems }: { UnprocessedItems?: Record<string, WriteRequest[]> | undefined } =
      await dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [tableName()]: left } }));
    left = UnprocessedItems?.[tableName()];
  }
}
