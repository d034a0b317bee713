import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { environmentVariable } from '@fanfold/runtime/env';
import { readItems } from '@fanfold/runtime/readItems';
import { type Stored, storedOf } from './items.ts';

export const tableName = () => environmentVariable('BILLING_TABLE_NAME');

export async function read(merchantId: string, id: string): Promise<Stored | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({
      TableName: tableName(),
      Key: { pk: { S: `${merchantId}#${id}` } },
      ConsistentRead: true,
    }),
  );
  return Item && storedOf(Item);
}

export async function readAll(pks: string[]): Promise<Stored[]> {
  const stored: Stored[] = [];
  const keys = pks.map((pk) => ({ pk }));
  for await (const items of readItems(tableName(), keys)) {
    stored.push(...items.map(storedOf));
  }
  return stored;
}
