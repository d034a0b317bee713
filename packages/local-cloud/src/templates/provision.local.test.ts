import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
} from '@aws-sdk/client-dynamodb';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { type Emulators, startEmulators } from '../emulators/emulators.ts';
import { packageService, serviceNames, templateOf } from './packagedTemplates.ts';
import { provision } from './provision.ts';
import { type Resource, resolveTemplate } from './template.ts';

let emulators: Emulators;
let resources: Record<string, Resource>;
let dynamodb: DynamoDBClient;
let sns: SNSClient;
let sqs: SQSClient;

beforeAll(async () => {
  emulators = await startEmulators();
  const { aws } = emulators.endpoints;
  resources = resolveTemplate(await packageService(`${import.meta.dirname}/../../fixtures/mapped`), aws);
  dynamodb = new DynamoDBClient(clientConfiguration(emulators.endpoints.dynamodb));
  sns = new SNSClient(clientConfiguration(aws));
  sqs = new SQSClient(clientConfiguration(aws));
  await provision(resources, emulators.endpoints);
});

afterAll(() => emulators.stop());

const queueUrl = (name: string) => `${emulators.endpoints.aws}/000000000000/${name}`;

async function publish(type: string): Promise<void> {
  await sns.send(
    new PublishCommand({
      TopicArn: 'arn:aws:sns:eu-west-1:000000000000:mapped-bus',
      Message: type,
      MessageAttributes: { type: { DataType: 'String', StringValue: type } },
    }),
  );
}

async function receivedBodies(): Promise<(string | undefined)[]> {
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl('mapped-queue'), MaxNumberOfMessages: 10 }),
  );
  return Messages.map(({ Body }) => Body);
}

test('A table has the keys, indexes, stream and time to live of its template', async () => {
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: 'mapped-table' }));
  expect(Table).toMatchObject({
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [{ IndexName: 'ByOwner', Projection: { ProjectionType: 'KEYS_ONLY' } }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
  const { TimeToLiveDescription } = await dynamodb.send(
    new DescribeTimeToLiveCommand({ TableName: 'mapped-table' }),
  );
  expect(TimeToLiveDescription).toMatchObject({ AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' });
});

test('A queue has the attributes of its template', async () => {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl('mapped-queue'), AttributeNames: ['All'] }),
  );
  expect(Attributes).toMatchObject({ VisibilityTimeout: '30' });
  expect(JSON.parse(Attributes?.RedrivePolicy as string)).toEqual({
    deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:000000000000:mapped-dead-letters',
    maxReceiveCount: 3,
  });
});

test.each(['mapped-stream-failures-000000000000', 'mapped-locked-000000000000'])(
  'The bucket %s is there',
  async (Bucket) => {
    await new S3Client(clientConfiguration(emulators.endpoints.aws)).send(new HeadBucketCommand({ Bucket }));
  },
);

test('A key is there under its id, ARN and alias, and stays the same when it is provisioned again', async () => {
  const kms = new KMSClient(clientConfiguration(emulators.endpoints.kms));
  const publicKeys = () =>
    Promise.all(
      ['mapped-signing', 'arn:aws:kms:eu-west-1:000000000000:key/mapped-signing', 'alias/mapped-signing'].map(
        async (KeyId) => String((await kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey),
      ),
    );
  const [first, ...others] = await publicKeys();
  expect(others).toEqual([first, first]);
  await provision(resources, emulators.endpoints);
  expect(await publicKeys()).toEqual([first, first, first]);
});

test('A subscription filters and delivers as in its template, from a topic of another service', async () => {
  await publish('thing.made.v1');
  await publish('thing.lost.v1');
  expect(await receivedBodies()).toEqual(['thing.made.v1']);
});

test('Provisioning again changes queues and subscriptions in place', async () => {
  const changed = structuredClone(resources);
  (changed.Queue as Resource).Properties.VisibilityTimeout = 60;
  (changed.Subscription as Resource).Properties.FilterPolicy = { type: ['thing.lost.v1'] };
  await provision(changed, emulators.endpoints);
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl('mapped-queue'),
      AttributeNames: ['VisibilityTimeout'],
    }),
  );
  expect(Attributes?.VisibilityTimeout).toBe('60');
  await publish('thing.made.v1');
  await publish('thing.lost.v1');
  expect(await receivedBodies()).toEqual(['thing.lost.v1']);

  delete (changed.Subscription as Resource).Properties.FilterPolicy;
  await provision(changed, emulators.endpoints);
  await publish('thing.made.v1');
  expect(await receivedBodies()).toEqual(['thing.made.v1']);
  await provision(resources, emulators.endpoints);
});

test.each([
  [
    'a resource of an unknown type',
    { Type: 'AWS::Kinesis::Stream', Properties: {} },
    'has nothing for AWS::Kinesis',
  ],
  [
    'a mapping with a filter',
    {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: 'arn:aws:sqs:eu-west-1:000000000000:queue', FilterCriteria: {} },
    },
    'FilterCriteria is not supported by the local cloud',
  ],
  [
    'a mapping that AWS refuses',
    {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: 'arn:aws:sqs:eu-west-1:000000000000:queue', BatchSize: 10_001 },
    },
    'resource: AWS wants BatchSize from 1 to 10000',
  ],
  [
    'a filter that SNS refuses',
    { Type: 'AWS::SNS::Subscription', Properties: { FilterPolicy: { type: [{ suffx: '.v1' }] } } },
    'resource: SNS refuses the filter policy: there is no rule "suffx"',
  ],
  [
    'a key that is no Ed25519 key',
    { Type: 'AWS::KMS::Key', Properties: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } },
    'no key that is {"KeySpec":"ECC_NIST_P256","KeyUsage":"SIGN_VERIFY"}, only',
  ],
  [
    'a key that encrypts',
    { Type: 'AWS::KMS::Key', Properties: { KeyPolicy: {}, EnableKeyRotation: true } },
    'no key that is {"EnableKeyRotation":true}, only',
  ],
])('A template with %s is refused before anything is created', async (_what, resource, message) => {
  const table = { ...resources.Table, Properties: { ...resources.Table?.Properties, TableName: 'refused' } };
  await expect(provision({ table, resource } as never, emulators.endpoints)).rejects.toThrow(message);
  const { TableNames } = await dynamodb.send(new ListTablesCommand({}));
  expect(TableNames).not.toContain('refused');
});

test.each([
  [
    'an answer that is no JSON',
    200,
    '<html>hello</html>',
    'it does not answer in JSON, and so is something else.',
  ],
  ['an error', 400, JSON.stringify({ __type: 'AccessDeniedException', message: 'Not you' }), 'Not you.'],
])(
  '%s is told in a sentence that names the resource and the endpoint',
  async (_what, status, body, reason) => {
    const server = createServer((_request, response) => response.writeHead(status).end(body));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const dynamodb = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { Table } = resources as { Table: Resource };
    await expect(provision({ Table }, { ...emulators.endpoints, dynamodb })).rejects.toThrow(
      `Table (AWS::DynamoDB::Table) cannot be created at ${dynamodb}: ${reason}`,
    );
    server.close();
  },
);

test('Every service but the stream, which has no emulator here, can be provisioned, again and again', async () => {
  for (const name of await serviceNames()) {
    if (name === 'stream') continue;
    const service = await templateOf(name, emulators.endpoints.aws);
    await provision(service, emulators.endpoints);
    await provision(service, emulators.endpoints);
  }
});
