import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeSecretCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';

/** A resource of a CloudFormation template. */
export type Resource = {
  Type: string;
  DeletionPolicy?: string;
  DependsOn?: string | string[];
  Properties?: Record<string, unknown>;
};
export type Template = { Resources: Record<string, Resource>; Outputs?: object };

/**
 * A resource that a template retains when its stack is removed or fails to be created. `name` is known before it
 * exists.
 */
export type Keepable = { logicalId: string; type: string; name: string };

/** One that exists. */
export type Kept = Keepable & {
  /**
   * Its identifier for an import:
   * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html
   */
  identifier: Record<string, string>;
};

export type Clients = {
  cloudformation: CloudFormationClient;
  dynamodb: DynamoDBClient;
  sqs: SQSClient;
  s3: S3Client;
  kms: KMSClient;
  secrets: SecretsManagerClient;
};

/** @param settings of every client: region and credentials, if not the SDK's own */
export const clientsWith = (settings: object): Clients => ({
  cloudformation: new CloudFormationClient(settings),
  dynamodb: new DynamoDBClient(settings),
  sqs: new SQSClient(settings),
  s3: new S3Client(settings),
  kms: new KMSClient(settings),
  secrets: new SecretsManagerClient(settings),
});

const nameProperties: Record<string, string> = {
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::KMS::Alias': 'AliasName',
};

/**
 * The retained resources of a packaged template. A key has no name of its own: it is found by the alias that is
 * retained with it.
 *
 * @throws when a retained resource could not be found again
 */
export function keepablesOf({ Resources }: Template, account: string): Keepable[] {
  const kept = Object.entries(Resources).filter(([, { DeletionPolicy }]) =>
    /^Retain(ExceptOnCreate)?$/.test(DeletionPolicy ?? ''),
  );
  return kept.map(([logicalId, { Type: type, Properties = {} }]) => {
    const alias = Object.values(Resources).find(
      (resource) =>
        resource.Type === 'AWS::KMS::Alias' &&
        (resource.Properties?.TargetKeyId as { Ref?: string } | undefined)?.Ref === logicalId,
    );
    const value =
      type === 'AWS::KMS::Key' ? alias?.Properties?.AliasName : Properties[nameProperties[type] ?? ''];
    const name = plainText(value, account);
    if (name === undefined) {
      throw new Error(`${logicalId} (${type}) outlives its stack, and has no name to find it by afterwards.`);
    }
    return { logicalId, type, name };
  });
}

function plainText(value: unknown, account: string): string | undefined {
  if (typeof value === 'string') return value;
  const text = (value as { 'Fn::Sub'?: unknown } | undefined)?.['Fn::Sub'];
  return typeof text === 'string' ? text.replaceAll(/\$\{AWS::AccountId\}/g, account) : undefined;
}

/**
 * Those that exist.
 *
 * @throws when AWS does not allow the lookups, or a key is about to be deleted
 */
export async function findKept(keepables: Keepable[], clients: Clients): Promise<Kept[]> {
  const found = await Promise.all(
    keepables.map(async (keepable) => {
      const identifier = await identifierOf(keepable, clients).catch((error: Error) => {
        if (notFound.has(error.name)) return undefined;
        throw error;
      });
      return identifier && { ...keepable, identifier };
    }),
  );
  return found.filter((kept) => kept !== undefined);
}

const notFound = new Set([
  'ResourceNotFoundException',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'NotFound',
  'NoSuchBucket',
  'NotFoundException',
]);

async function identifierOf({ type, name }: Keepable, clients: Clients): Promise<Record<string, string>> {
  switch (type) {
    case 'AWS::DynamoDB::Table':
      await clients.dynamodb.send(new DescribeTableCommand({ TableName: name }));
      return { TableName: name };
    case 'AWS::SQS::Queue': {
      const { QueueUrl = '' } = await clients.sqs.send(new GetQueueUrlCommand({ QueueName: name }));
      return { QueueUrl };
    }
    case 'AWS::S3::Bucket':
      await clients.s3.send(new HeadBucketCommand({ Bucket: name }));
      return { BucketName: name };
    default: {
      const { KeyMetadata } = await clients.kms.send(new DescribeKeyCommand({ KeyId: name }));
      if (KeyMetadata?.KeyState === 'PendingDeletion') {
        throw new Error(
          `The key of ${name} will be deleted at ${KeyMetadata.DeletionDate?.toISOString()}, and what it signed is still there. ` +
            `Keep it: aws kms cancel-key-deletion --key-id ${KeyMetadata.KeyId}, and then aws kms enable-key with the same.`,
        );
      }
      return type === 'AWS::KMS::Alias' ? { AliasName: name } : { KeyId: KeyMetadata?.KeyId ?? '' };
    }
  }
}

const words: Record<string, string> = {
  'AWS::DynamoDB::Table': 'table',
  'AWS::SQS::Queue': 'queue',
  'AWS::S3::Bucket': 'bucket',
  'AWS::KMS::Key': 'key behind',
  'AWS::KMS::Alias': 'alias',
};

/** For operators, such as `table fanfold-production-billing`. */
export const describeKept = ({ type, name }: Keepable): string =>
  `${words[type] ?? type} ${type === 'AWS::KMS::Alias' ? name.replace(/^alias\//, '') : name}`;

/** Whether a secret is there. What it is, nobody who deploys needs to know. */
export async function secretIsThere(name: string, secrets: SecretsManagerClient): Promise<boolean> {
  try {
    const { DeletedDate } = await secrets.send(new DescribeSecretCommand({ SecretId: name }));
    return DeletedDate === undefined;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw error;
  }
}
