import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { readItems } from '@fanfold/runtime/readItems';
import { type DayClosing, eventOfDay, subjectOfDay } from '../days/day.ts';
import type { DayItem, Marker, Progress } from './items.ts';
import { tableName } from './table.ts';

/**
 * Writes a merchant's closed day, whose event is published like a payment's. A day that is closed already stays as it
 * is.
 */
export async function closeDay(closing: DayClosing): Promise<void> {
  eventOfDay(closing);
  await putIf('attribute_not_exists(pk)', { pk: `${closing.merchantId}#${closing.subject}`, closing });
}

/** Stores that a day is closed for every merchant. */
export const markClosed = (date: string): Promise<void> => mark({ pk: `closed#${date}` });

/** Stores how far the closing of a day has come, unless the day was closed meanwhile. */
export const saveProgress = (date: string, progress: Progress): Promise<void> =>
  mark({ pk: `closed#${date}`, progress });

/** How far the closing of a day has come. */
export async function progressOf(date: string): Promise<Progress | 'closed' | 'not begun'> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({
      TableName: tableName(),
      Key: { pk: { S: `closed#${date}` } },
      ConsistentRead: true,
    }),
  );
  return Item ? ((unmarshall(Item) as Marker).progress ?? 'closed') : 'not begun';
}

/** The closings of a day, of those merchants whose day is closed. */
export async function* closingsOf(date: string, merchantIds: string[]): AsyncGenerator<DayClosing[]> {
  const keys = merchantIds.map((id) => ({ pk: `${id}#${subjectOfDay(date, id)}` }));
  for await (const items of readItems(tableName(), keys)) {
    yield items.map((item) => (unmarshall(item) as DayItem).closing);
  }
}

const mark = (marker: Marker): Promise<void> =>
  putIf('attribute_not_exists(pk) OR attribute_exists(progress)', marker);

async function putIf(condition: string, item: DayItem | Marker): Promise<void> {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall(item, { removeUndefinedValues: true }),
        ConditionExpression: condition,
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
