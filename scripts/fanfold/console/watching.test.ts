import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import {
  GetFunctionConcurrencyCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { LiveMessage } from '@fanfold/console/api';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watching } from './watching.ts';

// A stage in AWS with one service, which is watched.
vi.mock('node:timers/promises', () => import('../delayFixtures.ts'));

const [region, account] = ['eu-west-1', '123456789012'];
const queue = 'fanfold-test-billing-events';
/** Which its service fills by itself. */
const ownQueue = 'fanfold-test-billing-renderer-events';
const topicArn = `arn:aws:sns:${region}:${account}:fanfold-test-events`;
const [sns, sqs, s3, sts, lambda, events, cloudwatch] = [
  mockClient(SNSClient),
  mockClient(SQSClient),
  mockClient(S3Client),
  mockClient(STSClient),
  mockClient(LambdaClient),
  mockClient(EventBridgeClient),
  mockClient(CloudWatchClient),
] as const;
const all = [sns, sqs, s3, sts, lambda, events, cloudwatch];

beforeEach(() => {
  vi.useFakeTimers();
  for (const mock of all) mock.reset();
  sts.on(GetCallerIdentityCommand).resolves({ Account: account, Arn: `arn:aws:iam::${account}:user/ada` });
  sns.on(ListTopicsCommand).resolves({ Topics: [{ TopicArn: topicArn }] });
  sns.on(ListSubscriptionsByTopicCommand).resolves({
    Subscriptions: [
      {
        Protocol: 'sqs',
        Endpoint: `arn:aws:sqs:${region}:${account}:${queue}`,
        SubscriptionArn: `${topicArn}:1`,
      },
    ],
  });
  const FilterPolicy = JSON.stringify({ type: ['payment.captured.v1'] });
  sns.on(GetSubscriptionAttributesCommand).resolves({ Attributes: { FilterPolicy } });
  sqs.on(ListQueuesCommand).resolves({
    QueueUrls: [queue, ownQueue]
      .flatMap((name) => [name, `${name}-dead-letters`])
      .map((name) => `https://sqs.example/${name}`),
  });
  sqs.on(GetQueueAttributesCommand).resolves({
    Attributes: { ApproximateNumberOfMessages: '2', ApproximateNumberOfMessagesNotVisible: '1' },
  });
  s3.on(ListBucketsCommand).resolves({});
  s3.on(ListObjectsV2Command).resolves({});
  lambda.on(GetFunctionConcurrencyCommand).resolves({});
  lambda.on(ListEventSourceMappingsCommand).resolves({
    EventSourceMappings: [
      ['consumer', queue],
      ['renderer', ownQueue],
    ].map(([functionKey, name]) => ({
      UUID: functionKey,
      FunctionArn: `arn:aws:lambda:${region}:${account}:function:fanfold-billing-test-${functionKey}`,
      EventSourceArn: `arn:aws:sqs:${region}:${account}:${name}`,
      State: 'Enabled',
    })),
  });
  events.on(ListRulesCommand).resolves({});
  cloudwatch.on(GetMetricDataCommand).resolves({
    MetricDataResults: [
      { Id: 'q0', Timestamps: [new Date('2026-11-30T10:00:00Z')], Values: [90] },
      { Id: 'q1', Timestamps: [], Values: [] },
    ],
  });
  lambda.on(InvokeCommand).callsFake(({ Payload }) => {
    const { read } = JSON.parse(Payload) as { read: string };
    const answer = read === 'index' ? { events: [indexed] } : [{ position: 7, text: JSON.stringify(event) }];
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });
});
afterEach(() => vi.useRealTimers());

const indexed = { merchantId: 'acme', id: 'pay_1:1', type: 'payment.captured.v1', position: 7 };
const event = {
  id: 'pay_1:1',
  type: 'payment.captured.v1',
  source: '/payments',
  subject: 'pay_1',
  merchantid: 'acme',
  time: '2026-11-30T10:00:00.000Z',
  correlationid: 'req_1',
};

const callsMade = () => all.reduce((sum, mock) => sum + mock.calls().length, 0);

/** What a page was told, as a whole. */
function page() {
  const told: LiveMessage[] = [];
  const last = <Name extends string>(name: Name) => told.findLast((message) => name in message);
  return { told, tell: (message: LiveMessage) => void told.push(message), last };
}

it('nobody who watches costs nothing: not before the first page, and not after the last', async () => {
  const { watch } = watching({ stage: 'test', region });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(callsMade()).toBe(0);
  const [stopFirst, stopSecond] = [watch(() => {}), watch(() => {})];
  await vi.advanceTimersByTimeAsync(60_000);
  stopFirst();
  const open = callsMade();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(callsMade()).toBeGreaterThan(open);
  stopSecond();
  const closed = callsMade();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(callsMade()).toBe(closed);
});

it('a page is told who subscribes to what, how much waits and since when, and what audit recorded of a merchant, once', async () => {
  const { tell, last, told } = page();
  const stop = watching({ stage: 'test', region }).watch(tell, 'acme');
  await vi.advanceTimersByTimeAsync(30_000);
  stop();
  expect(last('picture')).toMatchObject({
    picture: {
      topic: 'fanfold-test-events',
      services: [{ name: 'billing', publishes: false }],
      queues: [
        { name: queue, service: 'billing', types: ['payment.captured.v1'] },
        { name: ownQueue, service: 'billing', types: null },
      ],
      deadLetters: [
        { name: `${queue}-dead-letters`, service: 'billing', kind: 'events' },
        { name: `${ownQueue}-dead-letters`, service: 'billing-renderer', kind: 'events' },
      ],
    },
  });
  expect(last('depths')).toEqual({
    depths: [
      { name: queue, waiting: 2, inFlight: 1, oldestSince: '2026-11-30T09:58:30.000Z' },
      { name: ownQueue, waiting: 2, inFlight: 1, oldestSince: null },
      { name: `${queue}-dead-letters`, waiting: 2, inFlight: 1, oldestSince: null },
      { name: `${ownQueue}-dead-letters`, waiting: 2, inFlight: 1, oldestSince: null },
    ],
  });
  const { merchantid, correlationid, ...rest } = event;
  expect(told.flatMap((message) => ('events' in message ? message.events : []))).toEqual([
    { ...rest, merchantId: merchantid, correlationId: correlationid },
  ]);
});

it('what may not be asked is named, the rest goes on, and it recovers by itself', async () => {
  const { tell, last } = page();
  const denied = Object.assign(
    new Error(
      `User: arn:aws:iam::${account}:user/ada is not authorized to perform: sqs:GetQueueAttributes on resource: ${queue}`,
    ),
    { name: 'AccessDenied' },
  );
  sqs.on(GetQueueAttributesCommand).rejects(denied);
  const stop = watching({ stage: 'test', region }).watch(tell);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(last('picture')).toBeDefined();
  expect(last('troubles')).toEqual({
    troubles: [
      expect.stringMatching(
        /^What waits in the queues cannot be shown: your role may not call sqs:GetQueueAttributes\./,
      ),
    ],
  });
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: {} });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(last('troubles')).toEqual({ troubles: [] });
  stop();
});

it.each([
  [
    'ExpiredToken',
    'The security token included in the request is expired',
    'your credentials are not valid any more. Sign in',
  ],
  ['Error', 'There is no stage test', 'There is no stage test. It is tried again.'],
])('why a stage is not reached is said with what to do: %s', async (name, message, said) => {
  sns.on(ListTopicsCommand).rejects(Object.assign(new Error(message), { name }));
  const { tell, last } = page();
  const stop = watching({ stage: 'test', region }).watch(tell);
  await vi.advanceTimersByTimeAsync(5_000);
  stop();
  expect(JSON.stringify(last('troubles'))).toContain(said);
});
