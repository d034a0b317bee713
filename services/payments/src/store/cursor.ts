import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { tableName } from './table.ts';

/** Up to when the provider's news were followed. */
const pk = 'news';

/** @returns milliseconds; undefined before the first run */
export async function readCursor(): Promise<number | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: { pk: { S: pk } }, ConsistentRead: true }),
  );
  return Item?.readTo?.S ? Date.parse(Item.readTo.S) : undefined;
}

/** Never back, whichever of two runs at once is later. */
export async function moveCursor(to: number): Promise<void> {
  const readTo = new Date(to).toISOString();
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall({ pk, readTo, saysNothing: true }),
        ConditionExpression: 'attribute_not_exists(pk) OR readTo < :readTo',
        ExpressionAttributeValues: marshall({ ':readTo': readTo }),
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
