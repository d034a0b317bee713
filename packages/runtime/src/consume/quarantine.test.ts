import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { describe, expect, test, vi } from 'vitest';
import { Unprocessable } from '../unprocessable.ts';
import { failures, invoice, logged, quarantined, run, sqs } from './consumerFixtures.ts';

describe('A message that can never succeed is put aside at once:', () => {
  test('what the handler says so of, with its reason', async () => {
    const answer = await run([invoice(1), invoice(2)], async (invoiceId) => {
      if (invoiceId === 'inv_1') throw new Unprocessable('unknown-payment', 'There is no payment pay_1');
    });
    expect(answer).toEqual(failures());
    expect(quarantined()).toEqual([
      { body: invoice(1), reason: 'unknown-payment', detail: 'There is no payment pay_1' },
    ]);
  });

  test('each of the messages that an event came in', async () => {
    const unprocessable = async () => {
      throw new Unprocessable('unknown-payment', 'There is no payment');
    };
    expect(await run([invoice(1), invoice(1)], unprocessable)).toEqual(failures());
    expect(quarantined()).toHaveLength(2);
  });

  test('a batch of nothing else is done', async () => {
    expect(await run(['{', 'null', ''])).toEqual(failures());
    expect(quarantined()).toHaveLength(3);
  });

  test('it goes to the dead-letter queue with when and why, in characters that an attribute can hold', async () => {
    const before = new Date().toISOString();
    await run([invoice(1)], async () => {
      throw new Unprocessable('odd', `\u0000größe ${'x'.repeat(600)}`);
    });
    const [call] = sqs.commandCalls(SendMessageBatchCommand);
    expect(call?.args[0].input.QueueUrl).toBe('http://127.0.0.1/dead-letters');
    const { MessageAttributes } = call?.args[0].input.Entries?.[0] ?? {};
    expect(MessageAttributes).toEqual({
      'quarantine-reason': { DataType: 'String', StringValue: 'odd' },
      'quarantine-detail': { DataType: 'String', StringValue: `?gr??e ${'x'.repeat(493)}` },
      'quarantined-at': { DataType: 'String', StringValue: expect.any(String) },
      'quarantined-message-id': { DataType: 'String', StringValue: 'message-0' },
    });
    const at = MessageAttributes?.['quarantined-at']?.StringValue ?? '';
    expect(at >= before && at <= new Date().toISOString()).toBe(true);
  });

  test('without words it still has a detail, because an attribute must not be empty', async () => {
    await run([invoice(1)], async () => {
      throw new Unprocessable('odd', '');
    });
    expect(quarantined()).toMatchObject([{ reason: 'odd', detail: expect.stringMatching(/./) }]);
  });

  test('many of them go ten at a time, and no more than 256 KiB at once', async () => {
    await run(Array.from({ length: 23 }, () => '{'));
    await run(Array.from({ length: 5 }, () => `{${'x'.repeat(100 * 1024)}`));
    // Ten of these are less than that, and more with why they are there.
    await run(Array.from({ length: 10 }, () => `{${'x'.repeat(26_200)}`));
    const sizes = sqs
      .commandCalls(SendMessageBatchCommand)
      .map(({ args: [{ input }] }) => input.Entries?.length);
    expect(sizes).toEqual([10, 10, 3, 2, 2, 1, 9, 1]);
    for (const {
      args: [{ input }],
    } of sqs.commandCalls(SendMessageBatchCommand)) {
      expect(new Set(input.Entries?.map(({ Id }) => Id)).size).toBe(input.Entries?.length);
    }
  });
});

describe('A message that cannot be put aside comes again', () => {
  test('when the dead-letter queue took others but not this one', async () => {
    sqs.on(SendMessageBatchCommand).resolves({
      Successful: [{ Id: '0', MessageId: 'a', MD5OfMessageBody: '' }],
      Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }],
    });
    expect(await run(['{', '[', invoice(1)])).toEqual(failures(1));
    expect(logged()).toMatchObject([
      { message: 'message quarantined', messageId: 'message-0', deadLetterId: 'a' },
      { message: 'message failed', messageId: 'message-1', error: { name: 'Unprocessable' } },
    ]);
  });

  test('when the dead-letter queue says nothing of it', async () => {
    sqs.on(SendMessageBatchCommand).resolves({});
    expect(await run(['{', invoice(1)])).toEqual(failures(0));
  });

  test('when the dead-letter queue is away, beside those that it took before', async () => {
    sqs
      .on(SendMessageBatchCommand)
      .resolvesOnce({
        Successful: Array.from({ length: 10 }, (_, i) => ({
          Id: String(i),
          MessageId: '',
          MD5OfMessageBody: '',
        })),
        Failed: [],
      })
      .rejects(new Error('away'));
    expect(await run(Array.from({ length: 12 }, () => '{'))).toEqual(failures(10, 11));
    expect(logged()).toContainEqual(
      expect.objectContaining({
        message: 'quarantine failed',
        error: expect.objectContaining({ message: 'away' }),
      }),
    );
  });

  test('when the function does not know the dead-letter queue', async () => {
    vi.stubEnv('EVENTS_DEAD_LETTER_QUEUE_URL', undefined);
    expect(await run(['{', invoice(1)])).toEqual(failures(0));
    expect(JSON.stringify(logged())).toContain('EVENTS_DEAD_LETTER_QUEUE_URL is not set');
  });
});
