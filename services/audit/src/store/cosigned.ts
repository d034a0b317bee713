import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';

/** The last checkpoint that the witness saw and signed. Nothing else in audit may write to its table. */
export type Cosigned = {
  size: number;
  root: Uint8Array;
  /** The checkpoint with the signatures of the log and of the witness. */
  note: string;
  cosignedAt: string;
  /** When the log wrote the checkpoint. Those that were cosigned before this was stored have none. */
  writtenAt?: string;
};

const tableName = () => environmentVariable('AUDIT_WITNESS_TABLE_NAME');

const key = { pk: 'cosigned' };

export async function loadCosigned(): Promise<Cosigned | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(key), ConsistentRead: true }),
  );
  return Item && (unmarshall(Item) as Cosigned);
}

/**
 * Stores a checkpoint in place of the one that it was compared with.
 *
 * @returns whether it did; otherwise another run of the witness was faster
 */
export async function replaceCosigned(cosigned: Cosigned, compared: Cosigned | undefined): Promise<boolean> {
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall({ ...key, ...cosigned }),
        ...(compared
          ? {
              ConditionExpression: '#size = :size AND root = :root AND cosignedAt = :cosignedAt',
              ExpressionAttributeNames: { '#size': 'size' },
              ExpressionAttributeValues: marshall({
                ':size': compared.size,
                ':root': compared.root,
                ':cosignedAt': compared.cosignedAt,
              }),
            }
          : { ConditionExpression: 'attribute_not_exists(pk)' }),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
