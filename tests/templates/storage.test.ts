import { readFile } from 'node:fs/promises';
import { eventTypes } from '@fanfold/contracts/catalog';
import { keepablesOf } from '@fanfold/deployment/kept';
import { describe, expect, test } from 'vitest';
import { allOf, breaking, type Deployed, listed, one, servicesOfStack, templateFor } from './stacks.ts';

const tables = allOf('AWS::DynamoDB::Table');

type Index = { IndexName: string; KeySchema: { AttributeName: string }[]; Projection: unknown };

/** A table's or an index's keys with their types, as `merchantId S, createdAt S`. */
const keysOf = ({ Properties }: Deployed, { KeySchema }: Pick<Index, 'KeySchema'> = Properties): string =>
  KeySchema.map(({ AttributeName }) => {
    const { AttributeType } = Properties.AttributeDefinitions.find(
      (definition: { AttributeName: string }) => definition.AttributeName === AttributeName,
    );
    return `${AttributeName} ${AttributeType}`;
  }).join(', ');

const indexesOf = (table: Deployed) =>
  Object.fromEntries(
    (table.Properties.GlobalSecondaryIndexes ?? []).map((index: Index) => [
      index.IndexName,
      [keysOf(table, index), index.Projection],
    ]),
  );

const keysOnly = { ProjectionType: 'KEYS_ONLY' };
/** What a day is summed up from. */
const sums = {
  ProjectionType: 'INCLUDE',
  NonKeyAttributes: ['issueDate', 'happenedOn', 'currency', 'amount'],
};
/** What queries filter by: a filter sees only what its index has. */
const typeAndTime = { ProjectionType: 'INCLUDE', NonKeyAttributes: ['type', 'time'] };

/** And by what a day's events are known to be read. */
const typeAndTimes = { ProjectionType: 'INCLUDE', NonKeyAttributes: ['type', 'time', 'recordedAt'] };

describe('a table', () => {
  test('is where the code looks for it, with its keys and indexes', () => {
    const found = Object.fromEntries(
      listed(tables).map((table) => [
        table.Properties.TableName,
        { keys: keysOf(table), indexes: indexesOf(table) },
      ]),
    );
    expect(found).toEqual({
      'fanfold-local-payments': {
        keys: 'pk S',
        indexes: {
          ByMerchant: ['merchantId S, createdAt S', keysOnly],
          Due: ['due S, dueAt S', keysOnly],
          ByDay: ['day S, pk S', keysOnly],
        },
      },
      'fanfold-local-payments-sandbox': { keys: 'pk S', indexes: {} },
      'fanfold-local-billing': {
        keys: 'pk S',
        indexes: {
          ByMerchant: ['documents S, number S', sums],
          ByOrder: ['order S, number S', keysOnly],
          Waiting: ['waits S, waitsAs S', { ProjectionType: 'INCLUDE', NonKeyAttributes: ['tried'] }],
        },
      },
      'fanfold-local-audit': {
        keys: 'pk S, sk S',
        indexes: {
          ByMerchant: ['merchantId S, position N', typeAndTimes],
          ByCorrelation: ['correlation S, position N', typeAndTime],
        },
      },
      'fanfold-local-audit-keys': { keys: 'pk S', indexes: {} },
      'fanfold-local-audit-witness': { keys: 'pk S', indexes: {} },
      'fanfold-local-stream': { keys: 'pk S', indexes: {} },
    });
  });

  test('of a service that publishes has a stream with the new image', () => {
    const streams = listed(tables)
      .filter(({ Properties }) => Properties.StreamSpecification)
      .map(({ Properties }) => [Properties.TableName, Properties.StreamSpecification.StreamViewType]);
    expect(streams).toEqual([
      ['fanfold-local-audit', 'NEW_IMAGE'],
      ['fanfold-local-billing', 'NEW_IMAGE'],
      ['fanfold-local-payments', 'NEW_IMAGE'],
    ]);
  });

  test('is paid by request', () => {
    expect(breaking(tables, ({ Properties }) => Properties.BillingMode === 'PAY_PER_REQUEST')).toEqual([]);
  });

  test('is encrypted with a key whose use is logged', () => {
    expect(breaking(tables, ({ Properties }) => Properties.SSESpecification?.SSEEnabled === true)).toEqual(
      [],
    );
  });

  test('can be restored to any second of the last days', () => {
    const keeps = ({ Properties }: Deployed) =>
      Properties.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled === true;
    expect(breaking(tables, keeps)).toEqual([]);
  });

  test('of keys forgets what was destroyed after a week, for which a month would be too long', () => {
    const days = listed(tables).map(({ logicalId, Properties }) => [
      logicalId,
      Properties.PointInTimeRecoverySpecification.RecoveryPeriodInDays ?? 35,
    ]);
    expect(Object.fromEntries(days)).toEqual({ Table: 35, SandboxTable: 35, KeysTable: 7, WitnessTable: 35 });
  });

  test('cannot be deleted, not even with its stack', () => {
    const keeps = ({ DeletionPolicy, UpdateReplacePolicy, Properties }: Deployed) =>
      DeletionPolicy === 'Retain' &&
      UpdateReplacePolicy === 'Retain' &&
      Properties.DeletionProtectionEnabled === true;
    expect(breaking(tables, keeps)).toEqual([]);
  });
});

describe('a bucket', () => {
  const buckets = allOf('AWS::S3::Bucket');
  const failures = buckets.filter(({ logicalId }) => logicalId === 'StreamFailuresBucket');

  test('is encrypted', () => {
    const keeps = ({ Properties }: Deployed) =>
      Properties.BucketEncryption?.ServerSideEncryptionConfiguration[0].ServerSideEncryptionByDefault
        .SSEAlgorithm === 'AES256';
    expect(breaking(buckets, keeps)).toEqual([]);
  });

  test('is never public', () => {
    const keeps = ({ Properties }: Deployed) =>
      ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'].every(
        (setting) => Properties.PublicAccessBlockConfiguration?.[setting] === true,
      );
    expect(breaking(buckets, keeps)).toEqual([]);
  });

  test('refuses what does not come over TLS', () => {
    const keeps = ({ service, logicalId }: Deployed) => {
      const { Bucket, PolicyDocument } = one(service, `${logicalId}Policy`).Properties;
      const [{ Effect, Principal, Action, Resource, Condition }] = PolicyDocument.Statement;
      return (
        Effect === 'Deny' &&
        Principal === '*' &&
        Action === 's3:*' &&
        [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`].every((arn) => Resource.includes(arn)) &&
        Condition.Bool['aws:SecureTransport'] === false
      );
    };
    expect(breaking(buckets, keeps)).toEqual([]);
  });

  test('of records that were given up forgets them after 30 days', () => {
    expect(listed(failures).map(({ service }) => service)).toEqual(['audit', 'billing', 'payments']);
    const keeps = ({ Properties }: Deployed) => {
      const [rule] = Properties.LifecycleConfiguration.Rules;
      return rule.Status === 'Enabled' && rule.ExpirationInDays === 30;
    };
    expect(breaking(failures, keeps)).toEqual([]);
  });

  test('of records that were given up outlives its stack', () => {
    const keeps = ({ DeletionPolicy, UpdateReplacePolicy }: Deployed) =>
      DeletionPolicy === 'RetainExceptOnCreate' && UpdateReplacePolicy === 'Retain';
    expect(breaking(failures, keeps)).toEqual([]);
  });
});

describe('the bucket of marks', () => {
  test('outlives its stack, as the tables do that are compared with it', () => {
    const { DeletionPolicy, UpdateReplacePolicy } = one('bus', 'MarksBucket');
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['RetainExceptOnCreate', 'Retain']);
  });

  test('is the one that services are told', () => {
    const { BucketName } = one('bus', 'MarksBucket').Properties;
    const told = allOf('AWS::Lambda::Function').flatMap(
      ({ Properties }) => Properties.Environment.Variables.MARKS_BUCKET_NAME ?? [],
    );
    expect(new Set(told)).toEqual(new Set([BucketName]));
  });
});

describe('the bucket of documents', () => {
  const { Properties, DeletionPolicy, UpdateReplacePolicy } = one('billing', 'DocumentsBucket');
  const statements = one('billing', 'DocumentsBucketPolicy').Properties.PolicyDocument.Statement;

  test('outlives its stack, and keeps every version of every file', () => {
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(Properties.VersioningConfiguration).toEqual({ Status: 'Enabled' });
    expect(Properties).not.toHaveProperty('LifecycleConfiguration');
  });

  test('lets nobody delete a file, or write one over another', () => {
    const everybody = {
      Effect: 'Deny',
      Principal: '*',
      Resource: `arn:aws:s3:::${Properties.BucketName}/*`,
    };
    expect(statements.slice(1)).toEqual([
      { Sid: 'NothingIsDeleted', ...everybody, Action: ['s3:DeleteObject', 's3:DeleteObjectVersion'] },
      {
        Sid: 'FilesAreWrittenOnce',
        ...everybody,
        Action: 's3:PutObject',
        Condition: { Null: { 's3:if-none-match': true } },
      },
    ]);
  });

  test('is the one that functions are told', () => {
    const told = allOf('AWS::Lambda::Function').flatMap(
      ({ Properties }) => Properties.Environment.Variables.DOCUMENTS_BUCKET_NAME ?? [],
    );
    expect(new Set(told)).toEqual(new Set([Properties.BucketName]));
  });
});

describe('the bucket of the archive', () => {
  const { Properties, DeletionPolicy, UpdateReplacePolicy } = one('archive', 'ArchiveBucket');

  test('outlives its stack, and no file of it is written over another', () => {
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
    expect(one('archive', 'ArchiveBucketPolicy').Properties.PolicyDocument.Statement[1]).toEqual({
      Sid: 'FilesAreWrittenOnce',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${Properties.BucketName}/*`,
      Condition: { Null: { 's3:if-none-match': true } },
    });
  });

  test('is where the tables of all types of events look', () => {
    const tables = allOf('AWS::Glue::Table').map(({ Properties: { TableInput } }) => TableInput);
    expect(tables.map(({ StorageDescriptor }) => StorageDescriptor.Location).sort()).toEqual(
      ['ndjson/', ...eventTypes.map((type) => `parquet/type=${type}/`)]
        .map((folder) => `s3://${Properties.BucketName}/${folder}`)
        .sort(),
    );
    for (const { Name, StorageDescriptor, PartitionKeys, Parameters } of tables) {
      expect(Name).toMatch(/^[a-z0-9_]+$/);
      const columns = [...StorageDescriptor.Columns, ...PartitionKeys].map((column) => column.Name);
      expect(new Set(columns).size).toBe(columns.length);
      for (const { Name: partition } of PartitionKeys)
        expect(Parameters).toHaveProperty([`projection.${partition}.type`]);
    }
  });
});

describe('the log’s bucket', () => {
  const { Properties, DeletionPolicy, UpdateReplacePolicy } = one('audit', 'LogBucket');
  const statements = one('audit', 'LogBucketPolicy').Properties.PolicyDocument.Statement as {
    Sid: string;
    Effect: string;
    Principal: string;
    Action: string | string[];
    Resource: string;
    Condition?: unknown;
  }[];
  const statement = (id: string) => statements.find(({ Sid }) => Sid === id);

  test('keeps every version of every file for as long as the stage says, a day by default, against everybody', () => {
    expect(Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } },
      },
    });
    expect(Properties).not.toHaveProperty('LifecycleConfiguration');
    expect([DeletionPolicy, UpdateReplacePolicy]).toEqual(['Retain', 'Retain']);
  });

  test('lets nobody delete, whatever else is allowed', () => {
    expect(statement('NothingIsDeleted')).toMatchObject({
      Effect: 'Deny',
      Principal: '*',
      Action: expect.arrayContaining(['s3:DeleteObject', 's3:DeleteObjectVersion']),
      Resource: `arn:aws:s3:::${Properties.BucketName}/*`,
    });
    expect(statement('NothingIsDeleted')).not.toHaveProperty('Condition');
  });

  test('lets nobody write a tile over another', () => {
    expect(statement('TilesAreWrittenOnce')).toMatchObject({
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${Properties.BucketName}/tile/*`,
      Condition: { Null: { 's3:if-none-match': true } },
    });
  });
});

test('all that outlives its stack can be found again, and be given to the next', async () => {
  const kept = await Promise.all(
    listed(servicesOfStack.map((service) => ({ service }))).map(async ({ service }) =>
      keepablesOf(await templateFor(service, 'local'), '123456789012'),
    ),
  );
  const count = (type: string) => kept.flat().filter((each) => each.type === type).length;
  expect({
    tables: count('AWS::DynamoDB::Table'),
    queues: count('AWS::SQS::Queue'),
    buckets: count('AWS::S3::Bucket'),
    keys: count('AWS::KMS::Key'),
    aliases: count('AWS::KMS::Alias'),
    all: kept.flat().length,
  }).toEqual({ tables: 6, queues: 11, buckets: 6, keys: 2, aliases: 2, all: 27 });
  const page = await readFile(new URL('../../docs/deploy.md', import.meta.url), 'utf8');
  expect(page.replaceAll('\n', ' ')).toMatch(
    /stays on purpose: 6 tables, 11 queues .*, 6 buckets, and the log's two keys with their aliases/,
  );
});

test('checkpoints are signed with Ed25519 keys that outlive their stack', () => {
  const keys = allOf('AWS::KMS::Key');
  expect(keys.map(({ logicalId }) => logicalId)).toEqual(['LogSigningKey', 'WitnessSigningKey']);
  const keeps = ({ Properties, DeletionPolicy, UpdateReplacePolicy }: Deployed) =>
    Properties.KeySpec === 'ECC_NIST_EDWARDS25519' &&
    Properties.KeyUsage === 'SIGN_VERIFY' &&
    DeletionPolicy === 'Retain' &&
    UpdateReplacePolicy === 'Retain';
  expect(breaking(keys, keeps)).toEqual([]);
  // By its alias a key is found again: a stack that is deployed again goes on with it.
  expect(breaking(allOf('AWS::KMS::Alias'), ({ DeletionPolicy }) => DeletionPolicy === 'Retain')).toEqual([]);
  const aliases = allOf('AWS::KMS::Alias').map(({ Properties }) => Properties.AliasName);
  expect(aliases).toEqual(['alias/fanfold-local-audit-log', 'alias/fanfold-local-audit-witness']);
});
