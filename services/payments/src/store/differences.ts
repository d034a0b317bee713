import { ConditionalCheckFailedException, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { type Difference, eventOfDifference } from '../payment/difference.ts';
import { differenceItem } from './items.ts';
import { tableName } from './table.ts';

/** Writes a difference, whose event is published like a payment's. One that was found before stays as it is. */
export async function saveDifference(difference: Difference): Promise<void> {
  eventOfDifference(difference); // what no consumer could read is never written
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall(differenceItem(difference), { removeUndefinedValues: true }),
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
