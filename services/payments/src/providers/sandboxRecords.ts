import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import type { Instruction, ProviderRecords } from './provider.ts';

/** What the sandbox has recorded. It is apart from the sandbox, because only a restore reads it. */
export const sandboxRecords: ProviderRecords = {
  async find(key) {
    const { Item } = await dynamodb.send(
      new GetItemCommand({
        TableName: environmentVariable('SANDBOX_TABLE_NAME'),
        Key: { pk: { S: key } },
        ConsistentRead: true,
      }),
    );
    // A key that was given up has an outcome only.
    return Item?.operation ? (unmarshall(Item) as Instruction) : undefined;
  },
};
