import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import { ProviderRefusal } from '../provider.ts';
import { type SandboxRecord, sandboxWith } from './sandbox.ts';

/** The sandbox, with its records in a table of its own. */
export const provider = sandboxWith({
  async get(key) {
    const { Item } = await refusing(() =>
      dynamodb.send(
        new GetItemCommand({ TableName: tableName(), Key: { pk: { S: key } }, ConsistentRead: true }),
      ),
    );
    return Item && (unmarshall(Item) as SandboxRecord);
  },

  async putFirst(key, record) {
    try {
      await refusing(() =>
        dynamodb.send(
          new PutItemCommand({
            TableName: tableName(),
            Item: marshall({ pk: key, ...record }),
            ConditionExpression: 'attribute_not_exists(pk)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        ),
      );
      return undefined;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException && error.Item)
        return unmarshall(error.Item) as SandboxRecord;
      throw error;
    }
  },
});

const tableName = () => environmentVariable('SANDBOX_TABLE_NAME');

/** @throws ProviderRefusal when the table refuses */
async function refusing<Answer>(call: () => Promise<Answer>): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (isRefusal(error)) throw new ProviderRefusal(error.message, { cause: error });
    throw error;
  }
}

/**
 * Whether the table has certainly done nothing, and never will until somebody corrects it, like a wrong API key at a
 * real provider. Not after a retry of the SDK: the first attempt may have been done, and its answer lost.
 */
const isRefusal = (error: unknown): error is Error =>
  error instanceof DynamoDBServiceException &&
  error.$metadata.attempts === 1 &&
  /^(AccessDenied|UnrecognizedClient|InvalidSignature)/.test(error.name);
