import { DeleteTableCommand, UpdateTableCommand, waitUntilTableNotExists } from '@aws-sdk/client-dynamodb';
import { DeleteAliasCommand, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectRetentionCommand,
  type GetObjectRetentionCommandInput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';
import { DeleteQueueCommand } from '@aws-sdk/client-sqs';
import type { Clients, Kept } from './kept.ts';

/** The outcome of a deletion. */
export type Discarded = { kept: Kept; outcome: string; gone: boolean };

/**
 * Deletes for good what the stack of a service has left: all its data is lost. If any file is locked, nothing is
 * deleted: without its tables or keys, a log could be neither read nor continued.
 *
 * @param report is called with each outcome, at once
 * @returns whether nothing is left
 */
export async function discard(
  all: Kept[],
  clients: Clients,
  now: Date,
  report: (discarded: Discarded) => void,
): Promise<boolean> {
  const locked = await lockedBucket(all, clients, now);
  if (locked) {
    const outcome = `stays until ${locked.until.toISOString()}: until then nobody can delete the locked files in ${locked.name}`;
    for (const kept of all) report({ kept, outcome, gone: false });
    return false;
  }
  for (const kept of [...all].sort((one, other) => turnOf(one) - turnOf(other))) {
    report({ kept, outcome: await discardOne(kept, clients), gone: true });
  }
  return true;
}

/**
 * Buckets first: no table is deleted while a file remains. Keys last: if something fails, what they signed can still
 * be verified.
 */
const turnOf = ({ type }: Kept) => (type === 'AWS::S3::Bucket' ? 0 : type.startsWith('AWS::KMS::') ? 2 : 1);

/** @returns what was done */
async function discardOne({ type, identifier }: Kept, { dynamodb, sqs, s3, kms }: Clients): Promise<string> {
  switch (type) {
    case 'AWS::DynamoDB::Table': {
      const TableName = identifier.TableName as string;
      await dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
      await dynamodb.send(new DeleteTableCommand({ TableName }));
      await waitUntilTableNotExists({ client: dynamodb, maxWaitTime: 600, minDelay: 1 }, { TableName });
      return 'deleted; DynamoDB keeps a backup of it for 35 days';
    }
    case 'AWS::SQS::Queue':
      await sqs.send(new DeleteQueueCommand({ QueueUrl: identifier.QueueUrl }));
      return 'deleted';
    case 'AWS::S3::Bucket':
      await empty(identifier.BucketName as string, s3);
      await s3.send(new DeleteBucketCommand({ Bucket: identifier.BucketName }));
      return 'emptied and deleted';
    case 'AWS::KMS::Alias':
      await kms.send(new DeleteAliasCommand({ AliasName: identifier.AliasName }));
      return 'deleted';
    default: {
      const { DeletionDate } = await kms.send(new ScheduleKeyDeletionCommand({ KeyId: identifier.KeyId }));
      return `will be deleted on ${DeletionDate?.toISOString().slice(0, 10)}`;
    }
  }
}

async function empty(Bucket: string, s3: Clients['s3']): Promise<void> {
  for await (const { Versions = [], DeleteMarkers = [] } of versionsIn(Bucket, s3)) {
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) continue;
    const { Errors: [error] = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
    );
    if (error) throw new Error(`${Bucket} cannot be emptied: ${error.Key}: ${error.Message ?? error.Code}`);
  }
}

async function lockedBucket(
  all: Kept[],
  { s3 }: Clients,
  now: Date,
): Promise<{ name: string; until: Date } | undefined> {
  for (const { type, name } of all) {
    const until = type === 'AWS::S3::Bucket' ? await lockOf(name, s3) : undefined;
    if (until && until > now) return { name, until };
  }
  return undefined;
}

/** How many locks are looked up in parallel. */
const concurrency = 25;

/**
 * When the last lock of a file in the bucket ends; undefined when there is none. Each version has its own lock: a
 * file that was written while the retention was longer is locked for longer than later ones. The lookups cost $0.4
 * per million files.
 */
async function lockOf(Bucket: string, client: Clients['s3']): Promise<Date | undefined> {
  let last: Date | undefined;
  for await (const { Versions = [] } of versionsIn(Bucket, client)) {
    for (let i = 0; i < Versions.length; i += concurrency) {
      const locks = await Promise.all(
        Versions.slice(i, i + concurrency).map(({ Key, VersionId }) =>
          lockOfVersion({ Bucket, Key, VersionId }, client),
        ),
      );
      for (const until of locks) if (until && (!last || until > last)) last = until;
    }
  }
  return last;
}

async function lockOfVersion(
  version: GetObjectRetentionCommandInput,
  client: Clients['s3'],
): Promise<Date | undefined> {
  try {
    return (await client.send(new GetObjectRetentionCommand(version))).Retention?.RetainUntilDate;
  } catch (error) {
    // The answers for a bucket without locks, and for a file without one.
    if (/^(InvalidRequest|NoSuchObjectLockConfiguration)$/.test((error as Error).name)) return undefined;
    throw error;
  }
}

/** All versions of all files, page by page. The SDK has no paginator for it. */
async function* versionsIn(Bucket: string, client: Clients['s3']) {
  let page: Partial<ListObjectVersionsCommandOutput> | undefined;
  do {
    const { NextKeyMarker, NextVersionIdMarker } = page ?? {};
    page = await client.send(
      new ListObjectVersionsCommand({
        Bucket,
        KeyMarker: NextKeyMarker,
        VersionIdMarker: NextVersionIdMarker,
      }),
    );
    yield page;
  } while (page.IsTruncated);
}
