import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { putOnce } from './putOnce.ts';

const table = mockClient(DynamoDBClient);
beforeEach(() => table.reset());
afterAll(() => table.restore());

const put = () => putOnce('points', { pk: 'acme#pay_1', points: 3 });

it('writes an item on condition that its key has none', async () => {
  table.on(PutItemCommand).resolves({});
  expect(await put()).toBe(true);
  expect(table.commandCalls(PutItemCommand).map(({ args: [{ input }] }) => input)).toEqual([
    {
      TableName: 'points',
      Item: { pk: { S: 'acme#pay_1' }, points: { N: '3' } },
      ConditionExpression: 'attribute_not_exists(pk)',
    },
  ]);
});

it('says that nothing was written when there is one', async () => {
  table.on(PutItemCommand).rejects(new ConditionalCheckFailedException({ message: 'there', $metadata: {} }));
  expect(await put()).toBe(false);
});

it('fails when it is not known whether it was written', async () => {
  table.on(PutItemCommand).rejects(new Error('no answer'));
  await expect(put()).rejects.toThrow('no answer');
});
