import { GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import type { Next } from '@fanfold/runtime/restore';
import type { Done, Instruction, ProviderRecords } from '../provider.ts';

/** What the sandbox has recorded. It is apart from the sandbox, because only a restore reads it. */
export const records: ProviderRecords = {
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

  // It has no index by time: a part is what is new in a megabyte of its table.
  async list(since = '', after) {
    const { Items = [], LastEvaluatedKey } = await dynamodb.send(
      new ScanCommand({
        TableName: environmentVariable('SANDBOX_TABLE_NAME'),
        ConsistentRead: true,
        FilterExpression: '#recordedAt >= :since AND #outcome.#result = :succeeded',
        ExpressionAttributeNames: {
          '#recordedAt': 'recordedAt',
          '#outcome': 'outcome',
          '#result': 'result',
        },
        ExpressionAttributeValues: marshall({ ':since': since, ':succeeded': 'succeeded' }),
        ExclusiveStartKey: after && marshall(after),
      }),
    );
    const done = Items.map((item) => {
      const { pk, operation, paymentId, merchantId, amount, currency, recordedAt } = unmarshall(item);
      return { key: pk, operation, paymentId, merchantId, amount, currency, recordedAt } as Done;
    });
    return { done, ...(LastEvaluatedKey && { next: unmarshall(LastEvaluatedKey) as Next }) };
  },
};
