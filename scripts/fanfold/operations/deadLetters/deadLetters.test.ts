import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { confirms } from '../../aws/batchFixtures.ts';
import type { Cloud } from '../../aws/cloud.ts';
import { actOnDeadLetters, findDeadLetters, previewOf } from './deadLetters.ts';

/** Whoever calls these, in a terminal or elsewhere, is told the same. */
const [sqs, sns, s3] = [mockClient(SQSClient), mockClient(SNSClient), mockClient(S3Client)];
const cloud = {
  stage: 'test',
  stages: ['test'],
  region: 'eu-west-1',
  operator: 'ada',
  sqs: new SQSClient({}),
  sns: new SNSClient({}),
  s3: new S3Client({}),
} as Cloud;
const { signal } = new AbortController();
const fast = { ratePerSecond: 1000, signal };
const redrive = { verb: 'redrive' } as const;

/** So many dead letters of billing lie there. */
function lie(count: number): void {
  const messages = Array.from({ length: count }, (_, n) => ({
    MessageId: `message-${n}`,
    ReceiptHandle: `receipt-${n}`,
    Body: `{"id":"pay_${n}:1"}`,
  }));
  sqs.on(ReceiveMessageCommand).callsFake(() => ({ Messages: messages.splice(0) }));
}

beforeEach(() => {
  for (const client of [sqs, sns, s3]) client.reset();
  s3.on(ListBucketsCommand).resolves({});
  sns.on(PublishBatchCommand).callsFake(confirms());
  sqs
    .on(ListQueuesCommand)
    .resolves({ QueueUrls: ['https://sqs/1/fanfold-test-billing-events-dead-letters'] });
  sqs.on(GetQueueUrlCommand).resolves({ QueueUrl: 'https://sqs/1/fanfold-test-billing-events' });
  sqs.on(GetQueueAttributesCommand).resolves({});
  for (const batch of [
    SendMessageBatchCommand,
    DeleteMessageBatchCommand,
    ChangeMessageVisibilityBatchCommand,
  ])
    sqs.on(batch as typeof SendMessageBatchCommand).callsFake(confirms());
});

const released = () =>
  sqs
    .commandCalls(ChangeMessageVisibilityBatchCommand)
    .flatMap(({ args }) => args[0].input.Entries ?? [])
    .flatMap(({ VisibilityTimeout, ReceiptHandle }) => (VisibilityTimeout === 0 ? [ReceiptHandle] : []));

it('an action says how far it is, when it is ordered and after each batch', async () => {
  lie(25);
  const told: [operationId: string | null, done: number, total: number][] = [];
  for await (const { operationId, done, total } of actOnDeadLetters(cloud, redrive, {}, fast)) {
    told.push([operationId, done.length, total]);
  }
  const id = expect.stringMatching(/^op_/);
  expect(told).toEqual([
    [id, 0, 25],
    [id, 10, 25],
    [id, 20, 25],
    [id, 25, 25],
  ]);
});

it('an action to which nobody listens any more ends, and what is left can be received by others', async () => {
  lie(25);
  for await (const { done } of actOnDeadLetters(cloud, redrive, {}, fast)) if (done.length > 0) break;
  expect(sqs.commandCalls(SendMessageBatchCommand)).toHaveLength(1);
  expect(released().sort()).toEqual(Array.from({ length: 15 }, (_, n) => `receipt-${n + 10}`));
});

it('an action on nothing at all is not ordered', async () => {
  lie(0);
  const told = [];
  for await (const acted of actOnDeadLetters(cloud, redrive, {}, fast)) told.push(acted);
  expect(told).toEqual([{ operationId: null, total: 0, done: [], failed: [], unseen: [] }]);
  expect(sns.calls()).toEqual([]);
});

it('looking, and seeing what would be done, changes nothing and holds nothing back', async () => {
  lie(2);
  const { deadLetters, unseen } = await findDeadLetters(cloud, { queue: 'billing' }, signal);
  expect([deadLetters.map(({ messageId }) => messageId), unseen]).toEqual([['message-0', 'message-1'], []]);
  lie(1);
  const preview = await previewOf(cloud, redrive, {}, signal);
  expect(preview.map(({ id }) => id)).toEqual(['pay_0:1']);
  expect(released()).toEqual(['receipt-0', 'receipt-1', 'receipt-0']);
  expect([...sqs.commandCalls(SendMessageBatchCommand), ...sns.calls()]).toEqual([]);
});
