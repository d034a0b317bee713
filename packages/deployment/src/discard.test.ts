import {
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import { DeleteAliasCommand, KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, test } from 'vitest';
import { type Discarded, discard } from './discard.ts';
import { clientsWith, type Kept } from './kept.ts';

// Locks and pages as AWS answers them, which emulators do not.
const dynamodb = mockClient(DynamoDBClient);
const sqs = mockClient(SQSClient);
const s3 = mockClient(S3Client);
const kms = mockClient(KMSClient);
const clients = clientsWith({ region: 'eu-west-1' });
const now = new Date('2026-11-30T12:00:00Z');

const kept = (type: string, name: string, identifier: Record<string, string>): Kept => ({
  logicalId: name,
  type,
  name,
  identifier,
});
const all = [
  kept('AWS::KMS::Key', 'key', { KeyId: 'key' }),
  kept('AWS::KMS::Alias', 'alias', { AliasName: 'alias' }),
  kept('AWS::DynamoDB::Table', 'table', { TableName: 'table' }),
  kept('AWS::S3::Bucket', 'log', { BucketName: 'log' }),
  kept('AWS::SQS::Queue', 'queue', { QueueUrl: 'queue' }),
];

beforeEach(() => {
  for (const client of [dynamodb, sqs, s3, kms]) client.reset();
  dynamodb.on(DescribeTableCommand).rejects(new ResourceNotFoundException({ message: 'no', $metadata: {} }));
  kms.on(ScheduleKeyDeletionCommand).resolves({ DeletionDate: new Date('2026-12-30T12:00:00Z') });
  s3.on(DeleteObjectsCommand).resolves({});
  s3.on(ListObjectVersionsCommand).resolves({
    IsTruncated: true,
    NextKeyMarker: 'a',
    NextVersionIdMarker: '1',
    Versions: [{ Key: 'a', VersionId: '1', LastModified: new Date('2026-11-30T10:00:00Z') }],
  });
  s3.on(ListObjectVersionsCommand, { KeyMarker: 'a', VersionIdMarker: '1' }).resolves({
    Versions: [{ Key: 'checkpoint', VersionId: '2', LastModified: new Date('2026-11-30T11:00:00Z') }],
    DeleteMarkers: [{ Key: 'gone', VersionId: '3' }],
  });
  s3.on(GetObjectRetentionCommand).rejects(Object.assign(new Error(), { name: 'InvalidRequest' }));
});

async function outcomes(): Promise<[boolean, Record<string, string>]> {
  const done: Discarded[] = [];
  const isEmpty = await discard(all, clients, now, (discarded) => done.push(discarded));
  return [isEmpty, Object.fromEntries(done.map(({ kept, outcome }) => [kept.name, outcome]))];
}

test('what nobody locked is deleted, every version of every file, and keys at the end', async () => {
  expect(await outcomes()).toEqual([
    true,
    {
      table: 'deleted; DynamoDB keeps a backup of it for 35 days',
      log: 'emptied and deleted',
      queue: 'deleted',
      key: 'will be deleted on 2026-12-30',
      alias: 'deleted',
    },
  ]);
  expect(dynamodb.commandCalls(UpdateTableCommand)[0]?.args[0].input.DeletionProtectionEnabled).toBe(false);
  expect(
    s3.commandCalls(DeleteObjectsCommand).flatMap(({ args: [{ input }] }) => input.Delete?.Objects),
  ).toEqual([
    { Key: 'a', VersionId: '1' },
    { Key: 'checkpoint', VersionId: '2' },
    { Key: 'gone', VersionId: '3' },
  ]);
  expect(s3.commandCalls(DeleteBucketCommand)).toHaveLength(1);
  expect(kms.commandCalls(DeleteAliasCommand)).toHaveLength(1);
});

test('a log of which one file is locked stays whole: its table, its keys, its bucket', async () => {
  s3.on(GetObjectRetentionCommand, { Key: 'checkpoint', VersionId: '2' }).resolves({
    Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date('2026-12-01T11:00:00Z') },
  });
  const [isEmpty, others] = await outcomes();
  expect(isEmpty).toBe(false);
  expect(new Set(Object.values(others))).toEqual(
    new Set(['stays until 2026-12-01T11:00:00.000Z: until then nobody can delete the locked files in log']),
  );
  for (const [client, command] of [
    [dynamodb, DeleteTableCommand],
    [s3, DeleteObjectsCommand],
    [kms, ScheduleKeyDeletionCommand],
    [sqs, DeleteQueueCommand],
  ] as const) {
    expect(client.commandCalls(command as never)).toHaveLength(0);
  }
});

test('a log stays for as long as any of its files, also one from before the retention was lowered', async () => {
  const lockOf = (VersionId: string, until: string) =>
    s3
      .on(GetObjectRetentionCommand, { VersionId })
      .resolves({ Retention: { Mode: 'COMPLIANCE', RetainUntilDate: new Date(until) } });
  lockOf('1', '2027-11-30T10:00:00Z');
  lockOf('2', '2026-11-30T11:30:00Z');
  const [isEmpty, outcome] = await outcomes();
  expect(isEmpty).toBe(false);
  expect(outcome.table).toContain('stays until 2027-11-30T10:00:00.000Z');
  expect(dynamodb.commandCalls(DeleteTableCommand)).toHaveLength(0);
  expect(s3.commandCalls(DeleteObjectsCommand)).toHaveLength(0);
});

test('a lock that has run out holds nothing', async () => {
  s3.on(GetObjectRetentionCommand).resolves({ Retention: { Mode: 'COMPLIANCE', RetainUntilDate: now } });
  expect((await outcomes())[0]).toBe(true);
});

test('a file that cannot be deleted is reported, and its bucket, table and keys stay', async () => {
  s3.on(DeleteObjectsCommand).resolves({ Errors: [{ Key: 'a', Message: 'Access Denied' }] });
  await expect(outcomes()).rejects.toThrow('log cannot be emptied: a: Access Denied');
  expect(s3.commandCalls(DeleteBucketCommand)).toHaveLength(0);
  expect(dynamodb.commandCalls(DeleteTableCommand)).toHaveLength(0);
  expect(kms.commandCalls(ScheduleKeyDeletionCommand)).toHaveLength(0);
});
