import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  DisableRuleCommand,
  EnableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
} from '@aws-sdk/client-eventbridge';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  DeleteFunctionConcurrencyCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { entriesOf, filesOf, origin, Signer } from '@fanfold/verify/logFixtures';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeAll, expect, it, vi } from 'vitest';
import { bucketPrefix } from '../../../packages/topology/names.js';
import { covers, type Grant, grantsOf } from '../../operatorRole.ts';
import { confirms } from '../aws/batchFixtures.ts';
import { cloudOf } from '../aws/cloud.ts';
import { depthOfBucket, depthOfQueue } from '../operations/depths.ts';
import { paymentOf } from '../operations/payment.ts';
import { pictureOf } from '../operations/picture.ts';
import { restoredServices } from '../operations/restore/restoredServices.ts';
import { auditKey } from './auditKey.ts';
import { discard, putAside, redrive } from './dlq.ts';
import { findings } from './findings.ts';
import { replay } from './replay.ts';
import { republish } from './republish.ts';
import { restore } from './restore.ts';
import { trace } from './trace.ts';
import { start, stop } from './triggers.ts';
import { verify } from './verify.ts';

/**
 * The operator's role, as docs/operations.md has it, against what the commands call and on what: all of them are run in a
 * stage of three services that has something of everything.
 */
const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
vi.mock('node:timers/promises', () => ({ setTimeout: async () => {} }));
const [region, account] = ['eu-west-1', '123456789012'];
const services = ['payments', 'billing', 'audit'];
const urlOf = (queue: string) => `https://sqs.${region}.amazonaws.com/${account}/${queue}`;
const topicArn = `arn:aws:sns:${region}:${account}:fanfold-test-events`;

const clients = {
  sns: mockClient(SNSClient),
  sqs: mockClient(SQSClient),
  s3: mockClient(S3Client),
  sts: mockClient(STSClient),
  lambda: mockClient(LambdaClient),
  kms: mockClient(KMSClient),
  eventbridge: mockClient(EventBridgeClient),
  cloudwatch: mockClient(CloudWatchClient),
};

let calls: Grant[];
let called: string[];

beforeAll(async () => {
  vi.stubEnv('AWS_REGION', region);
  vi.spyOn(console, 'log').mockReturnValue();
  vi.spyOn(console, 'error').mockReturnValue();
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { sns, sqs, s3, sts, lambda, kms, eventbridge } = clients;
  for (const client of [sns, sqs, s3, lambda, eventbridge])
    (client as typeof sqs).onAnyCommand().resolves({});
  sts.on(GetCallerIdentityCommand).resolves({ Account: account, Arn: `arn:aws:iam::${account}:user/ada` });
  for (const batch of [
    SendMessageBatchCommand,
    DeleteMessageBatchCommand,
    ChangeMessageVisibilityBatchCommand,
  ]) {
    sqs.on(batch as typeof SendMessageBatchCommand).callsFake(confirms());
  }
  sns.on(PublishBatchCommand).callsFake(confirms());
  sns.on(ListTopicsCommand).resolves({ Topics: [{ TopicArn: topicArn }] });
  sns.on(ListSubscriptionsByTopicCommand).resolves({
    Subscriptions: services.map((service) => ({
      Protocol: 'sqs',
      Endpoint: `arn:aws:sqs:${region}:${account}:fanfold-test-${service}-events`,
      SubscriptionArn: `${topicArn}:${service}`,
    })),
  });
  sns.on(GetSubscriptionAttributesCommand).resolves({ Attributes: {} });
  const kinds = ['events', 'events-dead-letters', 'subscription-dead-letters'];
  const names = [
    ...services.flatMap((service) => kinds.map((kind) => `fanfold-test-${service}-${kind}`)),
    'fanfold-test-billing-renderer-events',
    'fanfold-test-billing-renderer-events-dead-letters',
  ];
  sqs.on(ListQueuesCommand).resolves({ QueueUrls: names.map(urlOf) });
  sqs.on(GetQueueUrlCommand).callsFake(({ QueueName }) => ({ QueueUrl: urlOf(QueueName) }));
  const given = new Set<string>();
  sqs.on(ReceiveMessageCommand).callsFake(({ QueueUrl }) => {
    if (given.has(QueueUrl)) {
      given.delete(QueueUrl);
      return {};
    }
    given.add(QueueUrl);
    return { Messages: [{ MessageId: QueueUrl, ReceiptHandle: 'receipt', Body: '{}' }] };
  });
  const buckets = services.map((service) => ({
    Name: `${bucketPrefix('test', region)}-${service}-stream-${account}`,
  }));
  s3.on(ListBucketsCommand).resolves({ Buckets: buckets });
  s3.on(ListObjectsV2Command).resolves({ Contents: [{ Key: 'shard/one' }] });
  const record = JSON.stringify({
    requestContext: { condition: 'RecordAgeExceeded' },
    timestamp: '2026-01-01T00:00:00.000Z',
    payload: { Records: [{}] },
  });
  s3.on(GetObjectCommand).resolves({ Body: { transformToString: async () => record } as never });
  const range = {
    stage: 'test',
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-02T00:00:00.000Z',
    rate: 1000,
  };
  const event = { id: 'x:1', type: 'payment.captured.v1', merchantId: 'acme', position: 1 };
  let text = read('../../../packages/contracts/examples/audit.gap-found.v1.json');
  const signer = new Signer(origin);
  const files = filesOf(entriesOf(3), signer);
  lambda.on(InvokeCommand).callsFake(({ Payload }) => {
    const { read, restore, query, rawPath = '' } = JSON.parse(Payload);
    const recorded = { ...event, correlationid: 'req_1', time: range.from, recordedat: range.from };
    const answers: Record<string, unknown> = {
      event: null,
      events: { data: query?.correlationId === 'req_1' || query?.subject === 'pay_1' ? [recorded] : [] },
      index: { events: [event] },
      texts: [{ position: 1, text }],
      series: { series: [] },
      given: { numbers: [] },
      lost: { numbers: [] },
      log: { misfits: [], lack: null },
      lack: { lack: null },
    };
    const body = files.get(rawPath.slice(1))?.toString('base64') ?? '';
    const ofLog = { statusCode: body ? 200 : 404, body, isBase64Encoded: true };
    const shown = { payment: { id: 'pay_1' }, invoices: [], creditNotes: [] };
    const other = { batchItemFailures: [], republished: 1, ids: ['pay_1'], ...shown, ...ofLog };
    const restored: Record<string, unknown> = {
      provider: { records: [] },
      totals: { totals: [], numbers: [] },
      behind: [],
      plan: { size: 1, published: 2, fitting: 1, isForked: true },
      entries: { size: 2, published: 2 },
      moved: { moved: 0, unreadable: 0 },
      erasures: { erasures: 1 },
      open: { count: 0, days: {}, entries: [] },
    };
    const answer = read ? answers[read] : restore ? (restored[restore] ?? [{ state: 'missing' }]) : other;
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });

  kms.on(GetPublicKeyCommand).resolves({ PublicKey: signer.spki });

  const State = new Map<string, string>();
  const stateOf = (name: string) => State.get(name) ?? 'Enabled';
  lambda.on(ListEventSourceMappingsCommand).callsFake(() => ({
    EventSourceMappings: services.flatMap((service) => {
      const mapping = (functionKey: string, EventSourceArn: string) => ({
        UUID: `${service}-${functionKey}`,
        FunctionArn: `arn:aws:lambda:${region}:${account}:function:fanfold-${service}-test-${functionKey}`,
        EventSourceArn,
        State: stateOf(`${service}-${functionKey}`),
      });
      return [
        mapping('consumer', `arn:aws:sqs:${region}:${account}:fanfold-test-${service}-events`),
        mapping(
          'publisher',
          `arn:aws:dynamodb:${region}:${account}:table/fanfold-test-${service}/stream/now`,
        ),
        ...(service === 'billing'
          ? [mapping('renderer', `arn:aws:sqs:${region}:${account}:fanfold-test-billing-renderer-events`)]
          : []),
      ];
    }),
  }));
  lambda.on(UpdateEventSourceMappingCommand).callsFake(({ UUID, Enabled }) => {
    State.set(UUID, Enabled ? 'Enabled' : 'Disabled');
    return {};
  });
  lambda.on(GetFunctionConfigurationCommand).resolves({ Timeout: 30 });
  let reserved: Record<string, number> = {};
  lambda.on(GetFunctionConcurrencyCommand).callsFake(({ FunctionName = '' }) => ({
    ReservedConcurrentExecutions: reserved[FunctionName],
  }));
  lambda.on(PutFunctionConcurrencyCommand).callsFake(({ FunctionName = '' }) => {
    reserved[FunctionName] = 0;
    return {};
  });
  lambda.on(DeleteFunctionConcurrencyCommand).callsFake(({ FunctionName = '' }) => {
    const { [FunctionName]: _, ...others } = reserved;
    reserved = others;
    return {};
  });
  // tests/templates/operator.test.ts compares the role with all schedules there are.
  const rules = grants
    .filter(({ action }) => action === 'events:EnableRule')
    .map(({ resource }) => resource.split('/')[1] ?? '');
  const off = new Set<string>();
  eventbridge.on(ListRulesCommand).callsFake(() => ({
    Rules: rules.map((Name) => ({
      Name,
      ScheduleExpression: 'rate(1 minute)',
      State: off.has(Name) ? 'DISABLED' : 'ENABLED',
    })),
  }));
  eventbridge.on(EnableRuleCommand).callsFake(({ Name }) => {
    off.delete(Name);
    return {};
  });
  eventbridge.on(DisableRuleCommand).callsFake(({ Name }) => {
    off.add(Name);
    return {};
  });

  const all = { stage: 'test', all: true, rate: 1000 } as const;
  await redrive([], all);
  await discard([], { ...all, reason: 'a test' });
  // But for the records of streams.
  await expect(putAside([], { ...all, reason: 'a test' })).rejects.toThrow('is not put aside');
  await replay(range);
  for (const toQueue of services) await replay({ ...range, toQueue });
  await trace('order-1001', { stage: 'test', merchant: 'acme' });
  await findings({ stage: 'test' });
  await republish({ stage: 'test', date: '2026-01-01' });
  await stop({ stage: 'test' });
  text = read('../../../packages/contracts/examples/payment.captured.v1.json');
  for (const service of restoredServices) await restore(service, { stage: 'test', yes: true });
  await start({ stage: 'test' });
  await lookAtStage();
  await auditKey({ stage: 'test' });
  await auditKey({ stage: 'test', witness: true });
  const remember = join(tmpdir(), `fanfold-permissions-${randomUUID()}`);
  await verify(undefined, { stage: 'test', remember });
  rmSync(remember);

  const made = Object.entries(clients).flatMap(([name, client]) =>
    client.calls().map(({ args: [sent] }) => ({
      command: `${name}:${sent.constructor.name.replace(/Command$/, '')}`,
      input: sent.input as Record<string, string>,
    })),
  );
  called = [...new Set(made.map(({ command }) => command))].sort();
  calls = made.flatMap(({ command, input }) =>
    (permissions[command] ?? [command]).map((action) => ({ action, resource: resourceOf(command, input) })),
  );
});

/** What the console looks at while it is open, and when a payment is asked for. */
async function lookAtStage(): Promise<void> {
  clients.cloudwatch.on(GetMetricDataCommand).resolves({});
  const cloud = await cloudOf({ stage: 'test' });
  const { queues, deadLetters } = await pictureOf(cloud);
  const places = [...queues, ...deadLetters];
  for (const { name, url } of places)
    await (url ? depthOfQueue(cloud, name, url) : depthOfBucket(cloud, name));
  await cloud.oldestIn(places.map(({ name }) => name));
  await paymentOf(cloud, 'pay_1', 'acme');
}

/** What commands are called that need a permission of another name, or none. */
const permissions: Record<string, string[]> = {
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
  'sts:GetCallerIdentity': [],
  'sns:PublishBatch': ['sns:Publish'],
  'sqs:SendMessageBatch': ['sqs:SendMessage'],
  'sqs:DeleteMessageBatch': ['sqs:DeleteMessage'],
  'sqs:ChangeMessageVisibilityBatch': ['sqs:ChangeMessageVisibility'],
  's3:ListBuckets': ['s3:ListAllMyBuckets'],
  's3:ListObjectsV2': ['s3:ListBucket'],
  'lambda:Invoke': ['lambda:InvokeFunction'],
  'eventbridge:ListRules': ['events:ListRules'],
  'eventbridge:EnableRule': ['events:EnableRule'],
  'eventbridge:DisableRule': ['events:DisableRule'],
};

/** What a call is about, as policies name it; `*` for what lists everything there is. */
function resourceOf(command: string, input: Record<string, string>): string {
  const { TopicArn, QueueUrl, QueueName, Bucket, Key, FunctionName, KeyId, UUID, Name } = input;
  const queue = QueueName ?? QueueUrl?.split('/').at(-1);
  if (queue && command !== 'sqs:ListQueues') return `arn:aws:sqs:${region}:${account}:${queue}`;
  if (Bucket) return `arn:aws:s3:::${Bucket}${Key ? `/${Key}` : ''}`;
  if (FunctionName) return `arn:aws:lambda:${region}:${account}:function:${FunctionName}`;
  // The policy names its function in a condition.
  if (UUID) return `arn:aws:lambda:${region}:${account}:event-source-mapping:${UUID}`;
  if (Name) return `arn:aws:events:${region}:${account}:rule/${Name}`;
  // The policy names the aliases in a condition: IAM looks at the key behind an alias.
  if (KeyId) return `arn:aws:kms:${region}:${account}:key/${KeyId}`;
  // What is asked of a subscription knows no resource: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
  return TopicArn ?? '*';
}

const grants = grantsOf({ stage: 'test', region, account });

it('every command that the tool could send was sent here', () => {
  // What a game day does to a laptop's stack an operator may not do in AWS.
  const ofLaptop = join('operations', 'gameday.ts');
  const sources = readdirSync(new URL('..', import.meta.url), { encoding: 'utf8', recursive: true }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== ofLaptop,
  );
  const imported = sources.flatMap((name) => {
    // Not those in texts, of which `new service` makes files.
    const imports = [...read(`../${name}`).matchAll(/^import \{([^}]*)\} from '@aws-sdk\/client-(\w+)'/gm)];
    return imports.flatMap(([, names = '', client]) =>
      [...names.matchAll(/\b(?:paginate(\w+)|(\w+)Command)\b/g)].map(
        ([, page, one]) => `${client}:${page ?? one}`,
      ),
    );
  });
  expect(called).toEqual([...new Set(imported)].sort());
});

it('the role allows all that the tool calls, on what it calls it', () => {
  expect(calls.filter((call) => !grants.some(covers(call)))).toEqual([]);
});

it('the role allows no more: every action on every resource is needed', () => {
  const unused = grants.filter((grant) => !calls.some((call) => covers(call)(grant)));
  expect(unused).toEqual([]);
});

it.each([
  ['sqs:ReceiveMessage', `arn:aws:sqs:${region}:${account}:fanfold-test-billing-events`],
  ['sqs:DeleteMessage', `arn:aws:sqs:${region}:${account}:fanfold-test-billing-events`],
  ['sqs:SendMessage', `arn:aws:sqs:${region}:${account}:fanfold-prod-billing-events-dead-letters`],
  ['lambda:InvokeFunction', `arn:aws:lambda:${region}:${account}:function:fanfold-payments-test-janitor`],
  ['sqs:ReceiveMessage', `arn:aws:sqs:${region}:${account}:fanfold-prod-billing-events-dead-letters`],
])('the role does not allow %s on %s', (action, resource) => {
  expect(grants.filter(covers({ action, resource }))).toEqual([]);
});
