import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { LiveMessage } from '@fanfold/console/api';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { confirms } from '../aws/batchFixtures.ts';
import { consoleOf } from './console.ts';

// What somebody clicks in a stage in AWS that does not let them, or is not there.

const [region, account] = ['eu-west-1', '123456789012'];
const queue = 'fanfold-test-billing-events-dead-letters';
const [sns, sqs, s3, sts] = [
  mockClient(SNSClient),
  mockClient(SQSClient),
  mockClient(S3Client),
  mockClient(STSClient),
] as const;

const failing = (name: string, message: string) => Object.assign(new Error(message), { name });
const denied = (action: string) =>
  failing(
    'AccessDenied',
    `User: arn:aws:iam::${account}:user/ada is not authorized to perform: ${action} on resource: x`,
  );

beforeEach(() => {
  for (const mock of [sns, sqs, s3, sts]) mock.reset();
  sts.on(GetCallerIdentityCommand).resolves({ Account: account, Arn: `arn:aws:iam::${account}:user/ada` });
  sns
    .on(ListTopicsCommand)
    .resolves({ Topics: [{ TopicArn: `arn:aws:sns:${region}:${account}:fanfold-test-events` }] });
  sqs
    .on(ListQueuesCommand)
    .resolves({ QueueUrls: [`https://sqs.${region}.amazonaws.com/${account}/${queue}`] });
  sqs.on(ReceiveMessageCommand).resolves({ Messages: [] });
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: {} });
  sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(confirms);
  s3.on(ListBucketsCommand).resolves({ Buckets: [] });
});
afterEach(() => vi.restoreAllMocks());

it.each<[why: string, breaks: () => void, mends: () => void, said: RegExp]>([
  [
    'what the role lacks',
    () => sqs.on(ReceiveMessageCommand).rejects(denied('sqs:ReceiveMessage')),
    () => sqs.on(ReceiveMessageCommand).resolves({ Messages: [] }),
    /^That cannot be done: your role may not call sqs:ReceiveMessage\. Let it, as docs\/operations\.md/,
  ],
  [
    'that somebody has to sign in again',
    () =>
      sqs.on(ListQueuesCommand).rejects(failing('ExpiredTokenException', 'The security token is expired')),
    () =>
      sqs
        .on(ListQueuesCommand)
        .resolves({ QueueUrls: [`https://sqs.${region}.amazonaws.com/${account}/${queue}`] }),
    /^That cannot be done: your credentials are not valid any more\. Sign in again/,
  ],
  [
    'which stages there are',
    () => sns.on(ListTopicsCommand).resolves({ Topics: [] }),
    () =>
      sns
        .on(ListTopicsCommand)
        .resolves({ Topics: [{ TopicArn: `arn:aws:sns:${region}:${account}:fanfold-test-events` }] }),
    /There is no stage test in eu-west-1, account 123456789012: .* stages there: none\./,
  ],
])('a click is answered with %s, and goes well when that is mended', async (_, breaks, mends, said) => {
  const { calls } = consoleOf({ stage: 'test', region });
  breaks();
  await expect(calls.lookAtDeadLetters({})).rejects.toThrow(said);
  mends();
  expect(await calls.lookAtDeadLetters({})).toMatchObject({ total: 0, unseen: [] });
});

it('an operation that AWS does not let begin says so where it is told how far it is', async () => {
  const { calls, watch } = consoleOf({ stage: 'test', region });
  const message = { MessageId: 'm-1', Body: '{', ReceiptHandle: 'r', Attributes: { SentTimestamp: '1' } };
  sqs
    .on(ReceiveMessageCommand)
    .resolvesOnce({ Messages: [message] })
    .resolves({ Messages: [] });
  const { lookId } = await calls.lookAtDeadLetters({});
  sqs.on(ReceiveMessageCommand).rejects(denied('sqs:ReceiveMessage'));
  const told: LiveMessage[] = [];
  const ended = Promise.withResolvers<void>();
  const stop = watch((each) => {
    told.push(each);
    if ('operations' in each && each.operations[0]?.state === 'failed') ended.resolve();
  });
  await calls.actOnDeadLetters({
    lookId,
    chosen: { messageId: 'm-1' },
    action: { verb: 'redrive' },
    count: null,
    ratePerSecond: 1,
  });
  await ended.promise;
  stop();
  expect(JSON.stringify(told.at(-1))).toContain('your role may not call sqs:ReceiveMessage');
});
