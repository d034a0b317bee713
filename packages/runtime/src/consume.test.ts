import { creditNoteIssued } from '@fanfold/contracts/billing';
import { makeEvent } from '@fanfold/contracts/event';
import { describe, expect, test, vi } from 'vitest';
import {
  failing,
  failures,
  type Handle,
  invoice,
  issued,
  logged,
  measured,
  run,
  subscribedTypes,
  succeeds,
  totals,
  trace,
} from './consume/consumerFixtures.ts';
import { byType, consume } from './consume.ts';
import { NotYet } from './failure.ts';
import { contextWith, queueEvent } from './invocationFixtures.ts';

describe('A consumer', () => {
  test('handles each event of a batch, in its order', async () => {
    const handled: string[] = [];
    const answer = await run([invoice(1), invoice(2), invoice(3)], async (invoiceId) => {
      handled.push(invoiceId);
    });
    expect(answer).toEqual(failures());
    expect(handled).toEqual(['inv_1', 'inv_2', 'inv_3']);
    expect(logged()).toEqual([]);
  });

  test('handles each event by its type', async () => {
    const handled: string[] = [];
    const creditNote = makeEvent(creditNoteIssued, {
      subject: 'cn_1',
      n: 1,
      time: '2026-11-23T10:00:00.000Z',
      merchantid: 'acme',
      trace,
      data: {
        creditNoteId: 'cn_1',
        number: 'CN-2026-000001',
        issueDate: '2026-11-23',
        invoiceId: 'inv_1',
        invoiceNumber: 'INV-2026-000001',
        paymentId: 'pay_1',
        refundId: 're_1',
        currency: 'EUR',
        amount: 100,
        totals,
      },
    });
    const handler = consume(
      ['invoice.issued.v1', 'credit-note.issued.v1'],
      byType({
        'invoice.issued.v1': async ({ data }) => void handled.push(data.invoiceId),
        'credit-note.issued.v1': async ({ data }) => void handled.push(data.creditNoteId),
      }),
    );
    await handler(queueEvent([JSON.stringify(creditNote), invoice(1)]), contextWith());
    expect(handled).toEqual(['cn_1', 'inv_1']);
  });

  test('gives its handler the events, and the messages that they came in with all of their fields', async () => {
    const body = invoice(1, { partitionkey: 'new', data: { ...issued(1).data, colour: 'red' } });
    let seen: unknown;
    const handler = consume(subscribedTypes, (events, messages) => {
      seen = { invoiceIds: events.map(({ data }) => data.invoiceId), messages };
      return events.map(succeeds);
    });
    expect(await handler(queueEvent([body]), contextWith())).toEqual(failures());
    expect(seen).toEqual({
      invoiceIds: ['inv_1'],
      messages: [{ body, firstReceivedAt: new Date(1_795_428_000_000), receiveCount: 1 }],
    });
  });

  test('has nothing to do for an empty batch', async () => {
    expect(await run([])).toEqual(failures());
  });
});

describe('A message that fails', () => {
  test('comes again, alone', async () => {
    const handled: string[] = [];
    const answer = await run([invoice(1), invoice(2), invoice(3)], async (invoiceId) => {
      await failing('inv_2')(invoiceId);
      handled.push(invoiceId);
    });
    expect(answer).toEqual(failures(1));
    expect(handled).toEqual(['inv_1', 'inv_3']);
  });

  test('is logged with its error and without its content', async () => {
    await run([invoice(1), invoice(2)], failing('inv_2'));
    expect(logged()).toMatchObject([
      {
        level: 'ERROR',
        message: 'message failed',
        messageId: 'message-1',
        receiveCount: 1,
        error: { name: 'Error', message: 'inv_2 failed', stack: expect.any(String) },
      },
    ]);
    expect(JSON.stringify(logged())).not.toContain('Ada');
  });

  test('comes again when the handler has no promise for it', async () => {
    const handler = consume(subscribedTypes, (events) => events.slice(1).map(succeeds));
    expect(await handler(queueEvent([invoice(1), invoice(2)]), contextWith())).toEqual(failures(1));
  });

  test('makes the whole batch fail when no other went well, so that the mapping slows down', async () => {
    const all = ['inv_1', 'inv_2', 'inv_3'];
    await expect(run([invoice(1), invoice(2), invoice(3)], failing(...all))).rejects.toThrow(
      'All 3 messages of the batch failed; see the log for each',
    );
    await expect(run([invoice(1)], failing('inv_1'))).rejects.toThrow('All 1 messages');
    expect(logged().filter(({ message }) => message === 'message failed')).toHaveLength(4);
  });

  test('does not make the whole batch fail when another was put aside for good', async () => {
    expect(await run([invoice(1), 'poison'], failing('inv_1'))).toEqual(failures(0));
  });

  test('does not make the whole batch fail when another only waits for something', async () => {
    const handle: Handle = async (id) => {
      throw id === 'inv_1' ? new NotYet('inv_1 is early') : new Error('failed');
    };
    expect(await run([invoice(1)], handle)).toEqual(failures(0));
    expect(await run([invoice(1), invoice(2)], handle)).toEqual(failures(0, 1));
  });

  test('makes the whole batch fail when the handler does not even begin', async () => {
    const handler = consume(subscribedTypes, () => {
      throw new Error('no connection');
    });
    await expect(handler(queueEvent([invoice(1), invoice(2)]), contextWith())).rejects.toThrow(
      'no connection',
    );
  });
});

describe('An event that comes in several messages of a batch', () => {
  test('is handled once, and all of them are done', async () => {
    const handle = vi.fn(succeeds);
    const answer = await run([invoice(1), invoice(2), invoice(1), invoice(1)], handle);
    expect(answer).toEqual(failures());
    expect(handle.mock.calls).toEqual([['inv_1'], ['inv_2']]);
  });

  test('has been waiting since the first of them was received', async () => {
    const event = queueEvent([invoice(1), invoice(1), invoice(1)]);
    for (const [i, received] of [1002, 1001, 1003].entries()) {
      const { attributes } = event.Records[i] as (typeof event.Records)[0];
      attributes.ApproximateFirstReceiveTimestamp = String(received);
    }
    let seen: Date | undefined;
    const handler = consume(subscribedTypes, (events, messages) => {
      seen = messages[0]?.firstReceivedAt;
      return events.map(succeeds);
    });
    await handler(event, contextWith());
    expect(seen).toEqual(new Date(1001));
  });

  test('comes again in all of them when it fails', async () => {
    const handle = vi.fn(failing('inv_1'));
    const answer = await run([invoice(1), invoice(2), invoice(1)], handle);
    expect(answer).toEqual(failures(0, 2));
    expect(handle).toHaveBeenCalledTimes(2);
  });

  test('with another content each time is handled as it came first, and the other comes again', async () => {
    const other = invoice(1, { time: '2026-11-23T11:00:00.000Z' });
    const handle = vi.fn(succeeds);
    expect(await run([invoice(1), other, invoice(1)], handle)).toEqual(failures(1));
    expect(handle).toHaveBeenCalledTimes(1);
  });
});

describe('Metrics', () => {
  test('tell how long events took to be handled, and how many messages were quarantined', async () => {
    vi.setSystemTime('2026-11-23T10:00:01.500Z');
    await run([invoice(1), invoice(2), 'no event']);
    vi.useRealTimers();
    expect(measured()).toMatchObject([{ CriticalTime: [1500, 1500], MessagesQuarantined: 1 }]);
  });

  test.each(['redriven', 'replay'])(
    'leave out how long events took that an operator sent again: %s',
    async (name) => {
      const batch = queueEvent([invoice(1), invoice(2)]);
      const attribute = { dataType: 'String', stringValue: 'op_1' };
      for (const record of batch.Records) record.messageAttributes = { [name]: attribute };
      await consume(subscribedTypes, byType({ 'invoice.issued.v1': succeeds }))(batch, contextWith());
      expect(measured()).toEqual([]);
    },
  );

  test('count for the stage a message that failed for the eighth time, and not before', async () => {
    const fails = byType({ 'invoice.issued.v1': () => Promise.reject(new Error('no')) });
    const received = async (count: number) => {
      const batch = queueEvent([invoice(1)]);
      for (const { attributes } of batch.Records) attributes.ApproximateReceiveCount = String(count);
      await expect(consume(subscribedTypes, fails)(batch, contextWith())).rejects.toThrow('All 1 messages');
    };
    await received(7);
    expect(measured()).toEqual([]);
    await received(8);
    expect(measured()).toMatchObject([{ MessagesRetried: 1, service: 'fanfold' }]);
  });

  test('are not written for events that come again', async () => {
    await run([invoice(1), invoice(2)], async (id) => {
      if (id === 'inv_1') throw new Error('not now');
    });
    expect(measured()).toMatchObject([{ CriticalTime: expect.any(Number) }]);
  });
});
