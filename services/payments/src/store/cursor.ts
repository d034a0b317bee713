import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { tableName } from './table.ts';

/** How far the provider's news were followed. */
export type Reading = {
  /** Up to when, in milliseconds. */
  readTo: number;
  /** The references of payments that could not be observed since, and the first time (RFC 3339, UTC) of each. */
  failing: Record<string, string>;
};

const pk = 'news';

/** Undefined before the first run. */
export async function loadReading(): Promise<Reading | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: { pk: { S: pk } }, ConsistentRead: true }),
  );
  if (!Item) return undefined;
  const { readTo, failing = {} } = unmarshall(Item) as { readTo: string; failing?: Reading['failing'] };
  return { readTo: Date.parse(readTo), failing };
}

/** Never back, whichever of two runs at once is later. */
export async function saveReading({ failing, ...reading }: Reading): Promise<void> {
  const readTo = new Date(reading.readTo).toISOString();
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall({ pk, readTo, failing, saysNothing: true }),
        ConditionExpression: 'attribute_not_exists(pk) OR readTo <= :readTo',
        ExpressionAttributeValues: marshall({ ':readTo': readTo }),
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
