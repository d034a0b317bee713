import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
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
import { openPlaces } from './openPlaces.ts';

/** What AWS answers about messages that it did not move, and the emulator never does. */
const sqs = mockClient(SQSClient);
const s3 = mockClient(S3Client);
const cloud = {
  stage: 'test',
  stages: ['test'],
  region: 'eu-west-1',
  sqs: new SQSClient({}),
  s3: new S3Client({}),
} as Cloud;
const { signal } = new AbortController();
const message = (n: number) => ({
  MessageId: `message-${n}`,
  ReceiptHandle: `receipt-${n}`,
  Body: `{"id":"pay_${n}:1"}`,
});
const notTaken = (n: number) => confirms({ Id: String(n), Code: 'Throttled' });

beforeEach(() => {
  sqs.reset();
  s3.reset();
  s3.on(ListBucketsCommand).resolves({});
  sqs
    .on(ListQueuesCommand)
    .resolves({ QueueUrls: ['https://sqs/1/fanfold-test-billing-events-dead-letters'] });
  sqs.on(GetQueueUrlCommand).resolves({ QueueUrl: 'https://sqs/1/fanfold-test-billing-events' });
  sqs.on(GetQueueAttributesCommand).resolves({});
  sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(confirms());
  sqs.on(SendMessageBatchCommand).callsFake(confirms());
  sqs.on(DeleteMessageBatchCommand).callsFake(confirms());
  let answers = [[message(0), message(1), message(2)]];
  sqs.on(ReceiveMessageCommand).callsFake(() => {
    const [Messages] = answers;
    answers = [];
    return { Messages };
  });
});

/** Redrives three messages, and tells which of them were sent and deleted, and what was said about the others. */
async function redriveAll() {
  const [opened] = await openPlaces(cloud, {}, signal);
  if (!opened) throw new Error('nothing was opened');
  const failures = await (await opened.redriver())(opened.deadLetters, 'op_1');
  const sent = sqs.commandCalls(SendMessageBatchCommand).flatMap(({ args }) => args[0].input.Entries ?? []);
  const deleted = sqs
    .commandCalls(DeleteMessageBatchCommand)
    .flatMap(({ args }) => args[0].input.Entries ?? []);
  return {
    sent: sent.map(({ MessageBody }) => MessageBody),
    deleted: deleted.map(({ ReceiptHandle }) => ReceiptHandle),
    failures: [...failures].map(([{ messageId }, why]) => `${messageId}: ${why}`),
  };
}

it('a message that SQS says nothing of was not sent, and is kept', async () => {
  sqs.on(SendMessageBatchCommand).resolves({ Successful: [{ Id: '0' }, { Id: '2' }] as never, Failed: [] });
  expect(await redriveAll()).toMatchObject({
    deleted: ['receipt-0', 'receipt-2'],
    failures: ['message-1: NotConfirmed: the answer does not name it'],
  });
});

it('a message is deleted only after it was sent, and those that were not sent are kept', async () => {
  sqs.on(SendMessageBatchCommand).callsFake(notTaken(1));
  expect(await redriveAll()).toEqual({
    sent: [0, 1, 2].map((n) => `{"id":"pay_${n}:1"}`),
    deleted: ['receipt-0', 'receipt-2'],
    failures: ['message-1: Throttled: '],
  });
  const order = sqs.calls().map(({ args }) => args[0].constructor.name);
  expect(order.indexOf('SendMessageBatchCommand')).toBeLessThan(order.indexOf('DeleteMessageBatchCommand'));
});

it('nothing is deleted when sending fails as a whole', async () => {
  sqs.on(SendMessageBatchCommand).rejects(new Error('AccessDenied'));
  await expect(redriveAll()).rejects.toThrow('AccessDenied');
  expect(sqs.commandCalls(DeleteMessageBatchCommand)).toEqual([]);
});

it('a message that was sent and could not be deleted is told of', async () => {
  sqs.on(DeleteMessageBatchCommand).callsFake(notTaken(2));
  expect((await redriveAll()).failures).toEqual([
    'message-2: it was sent, but is still here too: Throttled: ',
  ]);
});

it('a message that somebody else received meanwhile is not sent', async () => {
  sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(notTaken(0));
  expect(await redriveAll()).toMatchObject({
    sent: ['{"id":"pay_1:1"}', '{"id":"pay_2:1"}'],
    deleted: ['receipt-1', 'receipt-2'],
    failures: ['message-0: somebody else received it meanwhile, and may have moved it'],
  });
});

it('the places of a stage with thousands of queues are all found', async () => {
  const urls = (service: string) => [`https://sqs/1/fanfold-test-${service}-events-dead-letters`];
  sqs.on(ListQueuesCommand).resolves({ QueueUrls: urls('billing'), NextToken: 'more' });
  sqs.on(ListQueuesCommand, { NextToken: 'more' }).resolves({ QueueUrls: urls('payments') });
  const opened = await openPlaces(cloud, {}, signal);
  expect(opened.map(({ place }) => place.service)).toEqual(['billing', 'payments']);
  expect(sqs.commandCalls(ListQueuesCommand)[0]?.args[0].input).toMatchObject({
    QueueNamePrefix: 'fanfold-test-',
    MaxResults: 1000,
  });
});

it('what was opened is released when another place cannot be', async () => {
  sqs.on(ListQueuesCommand).resolves({
    QueueUrls: ['billing', 'payments'].map(
      (each) => `https://sqs/1/fanfold-test-${each}-events-dead-letters`,
    ),
  });
  sqs
    .on(ReceiveMessageCommand, { QueueUrl: 'https://sqs/1/fanfold-test-payments-events-dead-letters' })
    .rejects(new Error('AccessDenied'));
  await expect(openPlaces(cloud, {}, signal)).rejects.toThrow('AccessDenied');
  const released = sqs.commandCalls(ChangeMessageVisibilityBatchCommand).map(({ args }) => args[0].input);
  expect(released).toMatchObject([{ QueueUrl: expect.stringContaining('billing'), Entries: [{}, {}, {}] }]);
});

it('objects that fit are found behind a thousand that do not', async () => {
  const keys = Array.from({ length: 1001 }, (_, n) => ({ Key: `shard/${n}` }));
  sqs.on(ListQueuesCommand).resolves({});
  s3.on(ListBucketsCommand).resolves({
    Buckets: [{ Name: 'fanfold-test-eu-west-1-billing-stream-123456789012' }],
  });
  s3.on(ListObjectsV2Command).resolves({ Contents: keys });
  s3.on(GetObjectCommand).callsFake(({ Key }) => {
    const condition = Key === 'shard/1000' ? 'RecordAgeExceeded' : 'RetryAttemptsExhausted';
    const text = JSON.stringify({ requestContext: { condition }, timestamp: 'x', payload: { Records: [] } });
    return { Body: { transformToString: async () => text } };
  });
  const [opened] = await openPlaces(cloud, { cause: 'RecordAgeExceeded' }, signal);
  expect(opened?.deadLetters.map(({ messageId }) => messageId)).toEqual(['1000']);
  expect(opened?.hasMore).toBe(false);
});
