import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import { readItems } from '@fanfold/runtime/readItems';

/** A subject whose events were put into the stream. */
export type Moved = {
  subject: string;
  /** The number of the event that was the last one there; 0 when there was none. */
  before: number;
  /** The number of the one that is now. */
  position: number;
};

const tableName = () => environmentVariable('STREAM_TABLE_NAME');

/** The number of the last event in the stream of each subject that has one. */
export async function positionsOf(subjects: string[]): Promise<Map<string, number>> {
  const positions = new Map<string, number>();
  const keys = subjects.map((pk) => ({ pk }));
  for await (const items of readItems(tableName(), keys)) {
    for (const item of items) {
      const { pk, position } = unmarshall(item);
      positions.set(pk, position);
    }
  }
  return positions;
}

/** Stores where a subject is, unless another instance is further. */
export async function saveMoved({ subject, before, position }: Moved): Promise<void> {
  if (position === before) return;
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: tableName(),
        Key: { pk: { S: subject } },
        UpdateExpression: 'SET #position = :position',
        ConditionExpression: 'attribute_not_exists(#position) OR #position < :position',
        ExpressionAttributeNames: { '#position': 'position' },
        ExpressionAttributeValues: { ':position': { N: String(position) } },
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
