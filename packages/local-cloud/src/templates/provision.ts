import { isDeepStrictEqual } from 'node:util';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  ResourceInUseException,
  type TimeToLiveSpecification,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import {
  AlreadyExistsException,
  CreateAliasCommand,
  CreateKeyCommand,
  KMSClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateTopicCommand,
  GetSubscriptionAttributesCommand,
  paginateListSubscriptionsByTopic,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientConfiguration } from '../account.ts';
import type { Endpoints } from '../emulators/emulators.ts';
import { keyIdTag, keyKind } from '../emulators/kms.ts';
import { eventSourceMapping } from '../mappings/eventSourceMapping.ts';
import { refusedByAws } from './refusedByAws.ts';
import type { Resource } from './template.ts';

/**
 * Creates the resources of a resolved template in the emulators. Existing ones are kept and get the attributes of the
 * template, so that a service can start again on stored data. Keys and indexes of a table are not changed: as with a
 * deployment that would replace the table, that needs a new one.
 *
 * @throws when the local cloud has no counterpart of a resource, or of a property of a key or an event source
 *   mapping; when AWS would refuse a mapping or a filter; or when an emulator does not create what it should.
 */
export async function provision(resources: Record<string, Resource>, endpoints: Endpoints): Promise<void> {
  for (const [logicalId, resource] of Object.entries(resources)) checkSupport(logicalId, resource);
  const cloud = {
    dynamodb: new DynamoDBClient(clientConfiguration(endpoints.dynamodb)),
    kms: new KMSClient(clientConfiguration(endpoints.kms)),
    s3: new S3Client(clientConfiguration(endpoints.aws)),
    sns: new SNSClient(clientConfiguration(endpoints.aws)),
    sqs: new SQSClient(clientConfiguration(endpoints.aws)),
  };
  try {
    await Promise.all(
      [...Object.entries(resources), ...bucketsOfOthers(resources)].map(([logicalId, { Type, Properties }]) =>
        creators[Type]?.(cloud, Properties).catch((error: Error) => {
          throw notCreated(logicalId, Type, endpoints, error);
        }),
      ),
    );
  } finally {
    for (const client of Object.values(cloud)) client.destroy();
  }
}

type Cloud = { dynamodb: DynamoDBClient; kms: KMSClient; s3: S3Client; sns: SNSClient; sqs: SQSClient };
type Properties = Record<string, unknown>;

const creators: Record<string, (cloud: Cloud, properties: Properties) => Promise<unknown>> = {
  'AWS::DynamoDB::Table': createTable,
  'AWS::KMS::Alias': createKeyAndAlias,
  'AWS::S3::Bucket': createBucket,
  'AWS::SNS::Subscription': subscribe,
  'AWS::SNS::Topic': (cloud, properties) => createTopic(cloud, String(properties.TopicName)),
  'AWS::SQS::Queue': createQueue,
};

const withoutLocalMeaning = new Set([
  // The gateway serves it.
  'AWS::ApiGatewayV2::Api',
  'AWS::ApiGatewayV2::Integration',
  'AWS::ApiGatewayV2::Route',
  'AWS::ApiGatewayV2::Stage',
  'AWS::Events::Rule',
  'AWS::Lambda::Function',
  'AWS::Lambda::Version',
  // The emulators allow everything. Tests check the permissions in the template itself.
  'AWS::IAM::Role',
  'AWS::Lambda::Permission',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  // There is no Athena: any engine reads the files.
  'AWS::Glue::Database',
  'AWS::Glue::Table',
  // There is no CloudWatch: logs go to the terminal.
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::Logs::LogGroup',
  'AWS::Logs::MetricFilter',
]);

function checkSupport(logicalId: string, { Type, Properties }: Resource): void {
  const refusal = refusedByAws({ Type, Properties });
  if (refusal) throw new Error(`${logicalId}: ${refusal}`);
  if (Type === 'AWS::Lambda::EventSourceMapping') eventSourceMapping(Properties);
  else if (Type === 'AWS::KMS::Key') checkKey(logicalId, Properties);
  else if (!(Type in creators) && !withoutLocalMeaning.has(Type)) {
    throw new Error(
      `${logicalId}: the local cloud has nothing for ${Type}. Create it in packages/local-cloud/src/templates/provision.ts, ` +
        'or say there why it has no meaning locally.',
    );
  }
}

/** A role, as far as it matters here. */
type Role = { Policies?: { PolicyDocument: { Statement: { Resource: string | string[] }[] } }[] };

/** Buckets of other services, which need not run yet: they are known by the roles that may list them. */
function bucketsOfOthers(resources: Record<string, Resource>): [string, Resource][] {
  const own = new Set(Object.values(resources).map(({ Properties }) => Properties.BucketName));
  const named = Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::IAM::Role')
    .flatMap(({ Properties: { Policies = [] } }: { Properties: Role }) => Policies)
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .flatMap(({ Resource }) => Resource)
    .flatMap((arn) => /^arn:aws:s3:::([^/*]+)$/.exec(arn)?.[1] ?? []);
  return [...new Set(named)]
    .filter((BucketName) => !own.has(BucketName))
    .map((BucketName) => [BucketName, { Type: 'AWS::S3::Bucket', Properties: { BucketName } }]);
}

function notCreated(logicalId: string, type: string, endpoints: Endpoints, error: Error): Error {
  const service = { 'AWS::DynamoDB::Table': 'dynamodb', 'AWS::KMS::Alias': 'kms' } as const;
  const endpoint = endpoints[service[type as keyof typeof service] ?? 'aws'];
  const isNoJson = error.name === 'SyntaxError';
  const reason = isNoJson ? 'it does not answer in JSON, and so is something else' : error.message;
  return new Error(`${logicalId} (${type}) cannot be created at ${endpoint}: ${reason}.`, { cause: error });
}

/** Its policy and tags have no meaning locally, and nothing deletes it. */
function checkKey(
  logicalId: string,
  { Description, KeyPolicy, PendingWindowInDays, Tags, ...kind }: Properties,
): void {
  if (isDeepStrictEqual(kind, keyKind)) return;
  throw new Error(
    `${logicalId}: the local cloud has no key that is ${JSON.stringify(kind)}, only ${JSON.stringify(keyKind)}.`,
  );
}

async function createTable({ dynamodb }: Cloud, properties: Properties): Promise<void> {
  const { StreamSpecification, TimeToLiveSpecification } = properties;
  // The emulator has no backups, encryption or tags.
  const input = {
    TableName: properties.TableName,
    AttributeDefinitions: properties.AttributeDefinitions,
    KeySchema: properties.KeySchema,
    BillingMode: properties.BillingMode,
    ProvisionedThroughput: properties.ProvisionedThroughput,
    GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes,
    LocalSecondaryIndexes: properties.LocalSecondaryIndexes,
    ...(StreamSpecification !== undefined && {
      StreamSpecification: { StreamEnabled: true, ...StreamSpecification },
    }),
  } as CreateTableCommandInput;
  try {
    await dynamodb.send(new CreateTableCommand(input));
  } catch (error) {
    if (error instanceof ResourceInUseException) return;
    throw error;
  }
  if (TimeToLiveSpecification) {
    await dynamodb.send(
      new UpdateTimeToLiveCommand({
        TableName: input.TableName,
        TimeToLiveSpecification: TimeToLiveSpecification as TimeToLiveSpecification,
      }),
    );
  }
}

async function createQueue({ sqs }: Cloud, properties: Properties): Promise<void> {
  const { QueueName, Tags, ...attributes } = properties;
  // Attributes are set afterwards: creating an existing queue with other attributes would fail.
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: QueueName as string }));
  const Attributes = Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [name, attributeText(value)]),
  );
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
}

/** @returns the topic's ARN. */
async function createTopic({ sns }: Pick<Cloud, 'sns'>, name: string): Promise<string> {
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
  return TopicArn as string;
}

async function subscribe({ sns }: Cloud, properties: Properties): Promise<void> {
  const { Protocol, Endpoint } = properties as { Protocol: string; Endpoint: string };
  // The topic belongs to another service, which need not run yet.
  const TopicArn = await createTopic({ sns }, String(properties.TopicArn).split(':').at(-1) as string);
  const wanted = {
    RawMessageDelivery: attributeText(properties.RawMessageDelivery ?? false),
    FilterPolicyScope: attributeText(properties.FilterPolicyScope ?? 'MessageAttributes'),
    FilterPolicy: attributeText(properties.FilterPolicy ?? ''),
    RedrivePolicy: attributeText(properties.RedrivePolicy ?? ''),
  };
  const SubscriptionArn = await subscriptionArn(sns, TopicArn, Endpoint);
  if (!SubscriptionArn) {
    const Attributes = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ''));
    await sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }));
    return;
  }
  // Changed in place: between unsubscribing and subscribing again, messages would be lost.
  const { Attributes = {} } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  for (const [AttributeName, AttributeValue] of Object.entries(wanted)) {
    if (AttributeValue === (Attributes[AttributeName] ?? '')) continue;
    await sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
  }
}

/**
 * Ends the subscriptions that a resolved template had and another has not, as its deployment would: its queue gets nothing any more.
 * Tables, queues and buckets outlive their stack.
 */
export async function unsubscribe(
  before: Record<string, Resource>,
  after: Record<string, Resource>,
  endpoints: Endpoints,
): Promise<void> {
  const endpointsOf = (resources: Record<string, Resource>) =>
    Object.values(resources)
      .filter(({ Type }) => Type === 'AWS::SNS::Subscription')
      .map(({ Properties }) => ({ topic: String(Properties.TopicArn), queue: String(Properties.Endpoint) }));
  const kept = endpointsOf(after).map(({ queue }) => queue);
  const sns = new SNSClient(clientConfiguration(endpoints.aws));
  try {
    for (const { topic, queue } of endpointsOf(before)) {
      if (kept.includes(queue)) continue;
      const SubscriptionArn = await subscriptionArn(sns, topic, queue);
      if (SubscriptionArn) await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    }
  } finally {
    sns.destroy();
  }
}

async function subscriptionArn(
  sns: SNSClient,
  TopicArn: string,
  endpoint: string,
): Promise<string | undefined> {
  for await (const { Subscriptions = [] } of paginateListSubscriptionsByTopic(
    { client: sns },
    { TopicArn },
  )) {
    const found = Subscriptions.find(({ Endpoint }) => Endpoint === endpoint);
    if (found) return found.SubscriptionArn;
  }
  return undefined;
}

/** The key's id is derived from the name of its alias (template.ts), so that stored keys are found again. */
async function createKeyAndAlias({ kms }: Cloud, { AliasName, TargetKeyId }: Properties): Promise<void> {
  const alias = { AliasName: String(AliasName), TargetKeyId: String(TargetKeyId) };
  const TagValue = alias.TargetKeyId.replace(/^arn:.*:key\//, '');
  await unlessItExists(
    kms.send(new CreateKeyCommand({ ...keyKind, Tags: [{ TagKey: keyIdTag, TagValue }] })),
  );
  await unlessItExists(kms.send(new CreateAliasCommand(alias)));
  await kms.send(new UpdateAliasCommand(alias));
}

async function unlessItExists(creating: Promise<unknown>): Promise<void> {
  try {
    await creating;
  } catch (error) {
    if (!(error instanceof AlreadyExistsException)) throw error;
  }
}

/**
 * The emulator has no versions, object lock, encryption, expiry or public access settings: such properties are left
 * out.
 */
async function createBucket({ s3 }: Cloud, properties: Properties): Promise<void> {
  // The framework's bucket for bundles, which has no name, is not needed here.
  if (properties.BucketName === undefined) return;
  await s3.send(new CreateBucketCommand({ Bucket: properties.BucketName as string }));
}

/** Attributes of queues and subscriptions are texts. */
function attributeText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
