import {
  ConditionalCheckFailedException,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { tableName } from './tables.ts';

/** A cosignature that a witness outside has given. */
export type Collected = {
  size: number;
  /** The checkpoint as it was sent: with the signatures of the log, and of its own witness if there was one. */
  note: string;
  /** When the log wrote the checkpoint. */
  writtenAt: string;
  /** The signature line of the witness. */
  line: string;
  /** When it signed, by its clock: in seconds since 1970. */
  timestamp: number;
};

/** What became of asking a witness the last time, when it did not cosign. */
export type Failure = {
  /** How often in a row. */
  count: number;
  askAgainAt: string;
  /** When asking again helps nothing, what somebody has to look at. */
  refusal?: string;
};

/** What is known of a witness outside. */
export type Asked = {
  firstAskedAt: string;
  /** The last one. */
  collected?: Collected;
  /** Unless it has cosigned since. */
  failure?: Failure;
};

/** The last checkpoint that a quorum of witnesses has cosigned. */
export type Quorate = {
  size: number;
  note: string;
  /** Of each witness by its id. */
  lines: Record<string, string>;
  collectedAt: string;
};

/** An item for each witness, so that who writes of one writes over nothing of another; and one for {@link Quorate}. */
const pk = 'cosignatures';
const quorateKey = { pk, sk: 'quorum' };
const keyOf = (witnessId: string) => ({ pk, sk: `witness:${witnessId}` });

/** All that is known of witnesses, by their ids, and of what they have cosigned. */
export async function loadCosignatures(): Promise<{ asked: Map<string, Asked>; quorate?: Quorate }> {
  const { Items = [] } = await dynamodb.send(
    new QueryCommand({
      TableName: tableName(),
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: marshall({ ':pk': pk }),
      ConsistentRead: true,
    }),
  );
  const asked = new Map<string, Asked>();
  let quorate: Quorate | undefined;
  for (const { sk, ...item } of Items.map((each) => unmarshall(each))) {
    if (sk === quorateKey.sk) quorate = item as Quorate;
    else asked.set(sk.slice('witness:'.length), item as Asked);
  }
  return { asked, ...(quorate && { quorate }) };
}

/**
 * Notes a cosignature, unless one of a later checkpoint, or a later one of the same, is there: another run was faster.
 *
 * @returns whether it did
 */
export const saveCollected = (witnessId: string, collected: Collected, askedAt: string): Promise<boolean> =>
  isDone(
    new UpdateItemCommand({
      TableName: tableName(),
      Key: marshall(keyOf(witnessId)),
      UpdateExpression:
        'SET collected = :collected, firstAskedAt = if_not_exists(firstAskedAt, :askedAt) REMOVE failure',
      ConditionExpression:
        'attribute_not_exists(collected) OR collected.#size < :size OR (collected.#size = :size AND collected.#timestamp <= :timestamp)',
      ExpressionAttributeNames: { '#size': 'size', '#timestamp': 'timestamp' },
      ExpressionAttributeValues: marshall({
        ':collected': collected,
        ':size': collected.size,
        ':timestamp': collected.timestamp,
        ':askedAt': askedAt,
      }),
    }),
  );

/** Notes that a witness did not cosign. What it has cosigned stays. */
export async function saveFailure(witnessId: string, failure: Failure, askedAt: string): Promise<void> {
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: tableName(),
      Key: marshall(keyOf(witnessId)),
      UpdateExpression: 'SET failure = :failure, firstAskedAt = if_not_exists(firstAskedAt, :askedAt)',
      ExpressionAttributeValues: marshall(
        { ':failure': failure, ':askedAt': askedAt },
        { removeUndefinedValues: true },
      ),
    }),
  );
}

/**
 * Notes a checkpoint that a quorum has cosigned, unless a later one is there.
 *
 * @returns whether it did
 */
export const saveQuorate = (quorate: Quorate): Promise<boolean> =>
  isDone(
    new PutItemCommand({
      TableName: tableName(),
      Item: marshall({ ...quorateKey, ...quorate }),
      ConditionExpression:
        'attribute_not_exists(pk) OR #size < :size OR (#size = :size AND collectedAt < :collectedAt)',
      ExpressionAttributeNames: { '#size': 'size' },
      ExpressionAttributeValues: marshall({ ':size': quorate.size, ':collectedAt': quorate.collectedAt }),
    }),
  );

async function isDone(command: UpdateItemCommand | PutItemCommand): Promise<boolean> {
  try {
    await dynamodb.send(command as PutItemCommand);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}
