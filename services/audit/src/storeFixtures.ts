import {
  BatchGetItemCommand,
  type BatchGetItemCommandInput,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { AwsClientStub } from 'aws-sdk-client-mock';
import { vi } from 'vitest';
import type { DataKey } from './record/seal.ts';

/** The key of every data subject that {@link stubTables} has one for. */
export const dataKey: DataKey = Buffer.alloc(32, 7);

/** Matches reads of one table. */
export const asksFor = (tableName: string): BatchGetItemCommandInput =>
  ({ RequestItems: { [tableName]: { ConsistentRead: true } } }) as never;

/** Names the tables `audit` and `keys`. Reads of the named keys give {@link dataKey}. */
export function stubTables(dynamodb: AwsClientStub<DynamoDBClient>, names: string[] = []): void {
  vi.stubEnv('AUDIT_TABLE_NAME', 'audit');
  vi.stubEnv('AUDIT_KEYS_TABLE_NAME', 'keys');
  dynamodb
    .on(BatchGetItemCommand, asksFor('keys'))
    .resolves({ Responses: { keys: names.map((pk) => marshall({ pk, dataKey })) } });
}
