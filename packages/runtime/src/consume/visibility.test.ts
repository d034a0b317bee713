import { ChangeMessageVisibilityBatchCommand } from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { byType, consume } from '../consume.ts';
import { NotYet } from '../failure.ts';
import { contextWith, queueEvent } from '../invocationFixtures.ts';
import {
  failing,
  failures,
  type Handle,
  invoice,
  logged,
  run,
  sqs,
  subscribedTypes,
  succeeds,
} from './consumerFixtures.ts';

describe('Until a message that failed comes again', () => {
  /** What was asked of the queue: which messages stay out of sight, and for how many seconds. */
  const hidden = () =>
    sqs
      .commandCalls(ChangeMessageVisibilityBatchCommand)
      .flatMap(({ args: [{ input }] }) => input.Entries ?? [])
      .map(({ ReceiptHandle, VisibilityTimeout }) => [ReceiptHandle, VisibilityTimeout]);

  /** As if each message had been received so many times, and chance were one half. */
  const runAgain = (receiveCounts: number[], handle: Handle) => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    onTestFinished(() => void vi.restoreAllMocks());
    const event = queueEvent(receiveCounts.map((_, n) => invoice(n + 1)));
    for (const [n, { attributes }] of event.Records.entries()) {
      attributes.ApproximateReceiveCount = String(receiveCounts[n]);
    }
    return consume(subscribedTypes, byType({ 'invoice.issued.v1': ({ data }) => handle(data.invoiceId) }))(
      event,
      contextWith(),
    );
  };
  const away = async () => {
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  };

  test('it stays out of sight the longer the more often it was received, and no other does', async () => {
    await runAgain([1, 4, 20, 1], failing('inv_1', 'inv_2', 'inv_3'));
    expect(hidden()).toEqual([
      ['handle-0', 3],
      ['handle-1', 20],
      ['handle-2', 900],
    ]);
    const [call] = sqs.commandCalls(ChangeMessageVisibilityBatchCommand);
    expect(call?.args[0].input.QueueUrl).toBe('http://127.0.0.1/events');
    expect(logged().map(({ delaySeconds }) => delaySeconds)).toEqual([3, 20, 900]);
  });

  test('it waits for five minutes when it is only early, which is no error in the log', async () => {
    await runAgain([1, 1], async (id) => {
      if (id === 'inv_2') throw new NotYet('inv_2 is early');
    });
    expect(hidden()).toEqual([['handle-1', 300]]);
    expect(logged()).toMatchObject([{ level: 'INFO', message: 'message waits', detail: 'inv_2 is early' }]);
    expect(JSON.stringify(logged())).not.toMatch(/stack|message failed/);
  });

  test('it waits longer in an outage, although the whole batch fails', async () => {
    await expect(runAgain([1, 4, 20], away)).rejects.toThrow('All 3 messages');
    expect(hidden()).toEqual([
      ['handle-0', 8],
      ['handle-1', 60],
      ['handle-2', 2700],
    ]);
  });

  test('it waits for as long as it may still run when it was not done in time', async () => {
    await run([invoice(1), invoice(2)], (id) => (id === 'inv_1' ? new Promise(() => {}) : succeeds()), 1600);
    expect(hidden()).toEqual([['handle-0', 30]]);
  });

  test('messages stay out of sight ten at a time', async () => {
    await expect(
      run(
        Array.from({ length: 23 }, (_, n) => invoice(n)),
        away,
      ),
    ).rejects.toThrow('All 23');
    const calls = sqs.commandCalls(ChangeMessageVisibilityBatchCommand);
    expect(calls.map(({ args: [{ input }] }) => input.Entries?.length)).toEqual([10, 10, 3]);
    expect(new Set(hidden().map(([handle]) => handle)).size).toBe(23);
    for (const { args } of calls) {
      const ids = args[0].input.Entries?.map(({ Id }) => Id);
      expect(new Set(ids).size).toBe(ids?.length);
    }
  });

  test('nothing is asked of the queue when nothing failed, or all that failed was put aside', async () => {
    await run([invoice(1), '{']);
    expect(hidden()).toEqual([]);
  });

  test.each([
    [
      'is away',
      () => sqs.on(ChangeMessageVisibilityBatchCommand).rejects(new Error('away')),
      { messages: 1 },
    ],
    [
      'is not known to the function',
      () => vi.stubEnv('EVENTS_QUEUE_URL', undefined),
      { error: expect.objectContaining({ message: expect.stringContaining('EVENTS_QUEUE_URL is not set') }) },
    ],
    [
      'refuses it',
      () =>
        sqs.on(ChangeMessageVisibilityBatchCommand).resolves({
          Failed: [{ Id: '0', Code: 'ReceiptHandleIsInvalid', Message: 'No', SenderFault: true }],
        }),
      { messageId: 'message-1', code: 'ReceiptHandleIsInvalid', detail: 'No' },
    ],
  ])('the outcome of its batch is the same when the queue %s', async (_what, breakQueue, line) => {
    breakQueue();
    expect(await run([invoice(1), invoice(2)], failing('inv_2'))).toEqual(failures(1));
    expect(logged()).toContainEqual(expect.objectContaining({ message: 'visibility unchanged', ...line }));
    await expect(run([invoice(1)], failing('inv_1'))).rejects.toThrow('All 1 messages of the batch failed');
  });
});
