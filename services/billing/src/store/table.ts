import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import { readItems } from '@fanfold/runtime/readItems';
import type { Stored } from './items.ts';

export const tableName = () => environmentVariable('BILLING_TABLE_NAME');

export async function read(merchantId: string, id: string): Promise<Stored | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({
      TableName: tableName(),
      Key: { pk: { S: `${merchantId}#${id}` } },
      ConsistentRead: true,
    }),
  );
  return Item && (unmarshall(Item) as Stored);
}

export async function readAll(pks: string[]): Promise<Stored[]> {
  const stored: Stored[] = [];
  const keys = pks.map((pk) => ({ pk }));
  for await (const items of readItems(tableName(), keys)) {
    stored.push(...items.map((item) => unmarshall(item) as Stored));
  }
  return stored;
}
