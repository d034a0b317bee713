import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { confirms } from './batchFixtures.ts';
import { HeldMessages } from './heldMessages.ts';

/** What the emulator never answers, but AWS does. */
const sqs = mockClient(SQSClient);
const all = { areEnough: () => false, signal: new AbortController().signal };
const message = (n: number) => ({ MessageId: `message-${n}`, ReceiptHandle: `receipt-${n}` });
const failed = (n: number) => confirms({ Id: String(n), Code: 'ReceiptHandleIsInvalid', Message: 'gone' });
/** What the queue gives, call by call, and then nothing. */
function receives(...answers: (Message[] | Error)[]): void {
  sqs.on(ReceiveMessageCommand).callsFake(() => {
    const answer = answers.shift() ?? [];
    if (answer instanceof Error) throw answer;
    return { Messages: answer };
  });
}
const hold = () => HeldMessages.receive(new SQSClient({}), 'url', all);
const changes = () => sqs.commandCalls(ChangeMessageVisibilityBatchCommand).map(({ args }) => args[0].input);

beforeEach(() => {
  sqs.reset();
  sqs.on(GetQueueAttributesCommand).resolves({
    Attributes: { ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '5' },
  });
  sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(confirms());
  receives([message(0), message(1), message(2)]);
});

it('a queue that says nothing at once but has messages is asked again, and waited for', async () => {
  sqs.on(GetQueueAttributesCommand).resolves({ Attributes: { ApproximateNumberOfMessages: '3' } });
  receives([], [message(0)]);
  expect((await hold()).messages).toEqual([message(0)]);
  const waits = sqs.commandCalls(ReceiveMessageCommand).map(({ args }) => args[0].input.WaitTimeSeconds);
  expect(waits).toEqual([0, 1, 1]);
});

it('of a message that SQS gives twice, the newer receipt is held', async () => {
  const newer = { ...message(1), ReceiptHandle: 'newer' };
  receives([message(0), message(1)], [newer]);
  expect((await hold()).messages).toEqual([message(0), newer]);
});

it('there are as many in the hands of others as are in flight and not in ours', async () => {
  expect(await (await hold()).countHeldByOthers()).toBe(2);
});

describe('messages that are held', () => {
  it('and cannot be held longer are let go: somebody else has them by now', async () => {
    const held = await hold();
    sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(failed(1));
    expect(await held.keep(held.messages)).toEqual([message(0), message(2)]);
    sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(confirms());
    await held.release();
    expect(changes().at(-1)).toEqual({
      QueueUrl: 'url',
      Entries: [0, 2].map((n, i) => ({ Id: String(i), ReceiptHandle: `receipt-${n}`, VisibilityTimeout: 0 })),
    });
  });

  it('and cannot be deleted stay, with the reason, and are released in the end', async () => {
    const held = await hold();
    sqs.on(DeleteMessageBatchCommand).callsFake(failed(2));
    const failures = await held.delete(held.messages);
    expect([...failures]).toEqual([[message(2), 'ReceiptHandleIsInvalid: gone']]);
    await held.release();
    expect(changes().at(-1)?.Entries).toMatchObject([{ ReceiptHandle: 'receipt-2', VisibilityTimeout: 0 }]);
  });

  it('are renewed for as long as they are', async () => {
    vi.useFakeTimers();
    const held = await hold();
    await vi.advanceTimersByTimeAsync(25_000);
    expect(
      changes().map(({ Entries }) => Entries?.map(({ VisibilityTimeout }) => VisibilityTimeout)),
    ).toEqual([
      [30, 30, 30],
      [30, 30, 30],
    ]);
    await held.release();
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('are released when receiving more of them fails or is interrupted', async () => {
    receives([message(0)], new Error('AccessDenied'));
    await expect(hold()).rejects.toThrow('AccessDenied');
    expect(changes().at(-1)?.Entries).toMatchObject([{ ReceiptHandle: 'receipt-0', VisibilityTimeout: 0 }]);
    const signal = AbortSignal.abort(new Error('Interrupted'));
    await expect(HeldMessages.receive(new SQSClient({}), 'url', { ...all, signal })).rejects.toThrow(
      'Interrupted',
    );
  });
});
