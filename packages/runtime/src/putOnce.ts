import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from './dynamodb.ts';

/**
 * Writes an item unless there is one with its key: what is done again, in whatever order, has its effect once.
 *
 * @returns whether it was written
 */
export async function putOnce<Item extends { pk: string }>(TableName: string, item: Item): Promise<boolean> {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName,
        Item: marshall(item),
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
