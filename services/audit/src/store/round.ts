import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import type { Next } from './recordings.ts';
import { tableName } from './tables.ts';

/** How far checkEvents has come. When all events are compared, the next round begins. */
export type Round = {
  /** How many parts have been compared, in all rounds. */
  parts: number;
  /** Where the next part begins; undefined for the first part of a round. */
  next?: Next | undefined;
  /** How many entries were published when the previous round ended: this round has to find as many events. */
  expected: number;
  /** How many it has found so far. */
  found: number;
  /** From which position on listings are compared next. */
  listed?: number;
};

const key = { pk: 'checked', sk: 'checked' };

export async function loadRound(): Promise<Round> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(key), ConsistentRead: true }),
  );
  if (!Item) return { parts: 0, expected: 0, found: 0 };
  const { next, ...round } = unmarshall(Item) as Round;
  // Of an earlier version, which went through an index: its round begins again.
  if (next && Object.keys(next).length > 2) return { ...round, found: 0 };
  return { ...round, next };
}

/** Stores the progress, unless another run has done so since. */
export async function saveRound(round: Omit<Round, 'parts'>, { parts }: Round): Promise<void> {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall({ ...key, ...round, parts: parts + 1 }, { removeUndefinedValues: true }),
        ConditionExpression: 'attribute_not_exists(pk) OR parts = :parts',
        ExpressionAttributeValues: marshall({ ':parts': parts }),
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
  }
}
