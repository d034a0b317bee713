import { once } from 'node:events';
import { ChangeMessageVisibilityBatchCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { creditNoteIssued, invoiceIssued } from '@fanfold/contracts/billing';
import { makeEvent } from '@fanfold/contracts/event';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { byType, consume, Unprocessable } from './consume.ts';
import { NotYet } from './failure.ts';
import { contextWith, queueEvent } from './invocationFixtures.ts';
import { captureOutput } from './logFixtures.ts';

const sqs = mockClient(SQSClient);
const { logged, measured } = captureOutput();

beforeEach(() => {
  vi.stubEnv('EVENTS_QUEUE_URL', 'http://127.0.0.1/events');
  vi.stubEnv('EVENTS_DEAD_LETTER_QUEUE_URL', 'http://127.0.0.1/dead-letters');
  sqs.reset();
  sqs.on(SendMessageBatchCommand).callsFake(({ Entries }) => ({
    Successful: Entries.map(({ Id }: { Id: string }) => ({ Id })),
    Failed: [],
  }));
  sqs.on(ChangeMessageVisibilityBatchCommand).resolves({});
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const trace = {
  correlationid: 'req_1',
  causationid: 'pay_1:1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const totals = { net: 100, tax: 0, gross: 100, taxByRate: [] };
const issued = (n: number) =>
  makeEvent(invoiceIssued, {
    subject: `inv_${n}`,
    n: 1,
    time: '2026-11-23T10:00:00.000Z',
    merchantid: 'acme',
    trace,
    data: {
      invoiceId: `inv_${n}`,
      number: `INV-2026-00000${n}`,
      issueDate: '2026-11-23',
      paymentId: `pay_${n}`,
      orderId: 'Ada’s order',
      currency: 'EUR',
      totals,
    },
  });
const invoice = (n: number, changes: Record<string, unknown> = {}) =>
  JSON.stringify({ ...issued(n), ...changes });

const succeeds = async () => {};
const subscribedTypes = ['invoice.issued.v1'] as const;
type Handle = (invoiceId: string) => Promise<void>;

/** Runs a consumer of invoices over a batch. */
const run = (bodies: string[], handle: Handle = succeeds, remainingTimeMs?: number) =>
  consume(subscribedTypes, byType({ 'invoice.issued.v1': ({ data }) => handle(data.invoiceId) }))(
    queueEvent(bodies),
    contextWith(remainingTimeMs),
  );

const failing =
  (...invoiceIds: string[]): Handle =>
  async (invoiceId) => {
    if (invoiceIds.includes(invoiceId)) throw new Error(`${invoiceId} failed`);
  };

const failures = (...messages: number[]) => ({
  batchItemFailures: messages.map((n) => ({ itemIdentifier: `message-${n}` })),
});

/** What was sent to the dead-letter queue: the bodies with their reasons. */
const quarantined = () =>
  sqs.commandCalls(SendMessageBatchCommand).flatMap(({ args: [{ input }] }) =>
    (input.Entries ?? []).map(({ MessageBody, MessageAttributes }) => ({
      body: MessageBody,
      reason: MessageAttributes?.['quarantine-reason']?.StringValue,
      detail: MessageAttributes?.['quarantine-detail']?.StringValue,
    })),
  );

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
      messages: [{ body, firstReceivedAt: new Date(1_795_428_000_000) }],
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

describe('What is heavy', () => {
  const heavy = (bodies: string[], handle: Handle, remainingTimeMs?: number) =>
    consume(subscribedTypes, (events, _messages, inTurn) =>
      events.map(({ data }) =>
        data.invoiceId === 'inv_0' ? succeeds() : inTurn(() => handle(data.invoiceId)),
      ),
    )(queueEvent(bodies), contextWith(remainingTimeMs));

  test('is done one after another, also behind what fails', async () => {
    const steps: string[] = [];
    const answer = await heavy([invoice(1), invoice(2), invoice(3)], async (id) => {
      steps.push(`${id} begins`);
      await new Promise(setImmediate);
      steps.push(`${id} ends`);
      if (id === 'inv_2') throw new Error('inv_2 failed');
    });
    expect(answer).toEqual(failures(1));
    expect(steps).toEqual(['inv_1', 'inv_2', 'inv_3'].flatMap((id) => [`${id} begins`, `${id} ends`]));
  });

  test('is not begun with little time left and comes again, and what is beside it is done', async () => {
    const begun: string[] = [];
    const handle: Handle = async (id) => void begun.push(id);
    expect(await heavy([invoice(0), invoice(1)], handle, 9_000)).toEqual(failures(1));
    expect(begun).toEqual([]);
    expect(logged()).toMatchObject([{ message: 'message failed', error: { name: 'Unfinished' } }]);
  });
});

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

describe('A message that can never succeed is put aside at once:', () => {
  const data = issued(1).data;
  test.each([
    ['not JSON', 'not-json', '{"specversion":"1.0"', 'The message is not JSON'],
    ['nothing', 'not-json', '', 'The message is not JSON'],
    ['null', 'not-cloudevents', 'null', 'The message is not a CloudEvents 1.0 event in structured JSON'],
    ['a number', 'not-cloudevents', '1', expect.any(String)],
    ['a text', 'not-cloudevents', '"1.0"', expect.any(String)],
    ['a list', 'not-cloudevents', '[{"specversion":"1.0"}]', expect.any(String)],
    ['another JSON', 'not-cloudevents', '{"Type":"Notification","Message":"{}"}', expect.any(String)],
    [
      'another version of CloudEvents',
      'not-cloudevents',
      invoice(1, { specversion: '0.3' }),
      expect.any(String),
    ],
    ['an event without a type', 'not-cloudevents', invoice(1, { type: undefined }), expect.any(String)],
    ['an event whose type is no text', 'not-cloudevents', invoice(1, { type: { a: 1 } }), expect.any(String)],
    [
      'another version of the event',
      'unknown-type',
      invoice(1, { type: 'invoice.issued.v2' }),
      'invoice.issued.v2 is not among the types that this service subscribes to',
    ],
    [
      'an event that others hear',
      'unknown-type',
      invoice(1, { type: 'payment.captured.v1' }),
      expect.any(String),
    ],
    ['a type that every object has', 'unknown-type', invoice(1, { type: 'constructor' }), expect.any(String)],
    [
      'a very long type, which is cut',
      'unknown-type',
      invoice(1, { type: 'x'.repeat(1000) }),
      `${'x'.repeat(100)} is not among the types that this service subscribes to`,
    ],
    [
      'a field that is missing',
      'schema-violation',
      invoice(1, { data: { ...data, number: undefined } }),
      expect.stringMatching(/^data\.number: /),
    ],
    [
      'a field that is wrong',
      'schema-violation',
      invoice(1, { data: { ...data, totals: { ...totals, gross: -1 } } }),
      expect.stringMatching(/^data\.totals\.gross: /),
    ],
    [
      'an id that is not that of its place',
      'schema-violation',
      invoice(1, { id: 'inv_1:2' }),
      'id: must be the subject, a colon and the sequence number',
    ],
    [
      'more than 48 KiB',
      'too-large',
      invoice(1, { extra: '€'.repeat(16 * 1024) }),
      'An event may have 49152 bytes',
    ],
  ])('%s', async (_what, reason, body, detail) => {
    const handle = vi.fn(succeeds);
    expect(await run([body, invoice(2)], handle)).toEqual(failures());
    expect(quarantined()).toEqual([{ body, reason, detail }]);
    expect(handle.mock.calls).toEqual([['inv_2']]);
    expect(logged()).toMatchObject([
      { level: 'WARN', message: 'message quarantined', messageId: 'message-0', reason },
    ]);
  });

  test('an event of exactly 48 KiB is none of them', async () => {
    const room = 48 * 1024 - Buffer.byteLength(invoice(1, { extra: '' }));
    expect(await run([invoice(1, { extra: 'x'.repeat(room) })])).toEqual(failures());
    expect(quarantined()).toEqual([]);
  });

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

describe('When time runs out', () => {
  const never = () => new Promise<void>(() => {});

  test('what is done is done, and the rest comes again, before the function is ended', async () => {
    const started = performance.now();
    const answer = await run(
      [invoice(1), invoice(2), invoice(3)],
      (invoiceId) => (invoiceId === 'inv_2' ? never() : succeeds()),
      1700,
    );
    expect(answer).toEqual(failures(1));
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThan(150);
    expect(tookMs).toBeLessThan(1000);
    expect(logged()).toMatchObject([
      { message: 'message failed', error: { message: 'Not done before the function had to answer' } },
    ]);
  });

  test('already at the start, what takes any time comes again', async () => {
    await expect(run([invoice(1), invoice(2)], never, 100)).rejects.toThrow('All 2 messages');
  });

  test('what fails afterwards troubles nobody', async () => {
    const late = Promise.withResolvers<void>();
    const handle: Handle = (invoiceId) => (invoiceId === 'inv_1' ? late.promise : succeeds());
    expect(await run([invoice(1), invoice(2)], handle, 1600)).toEqual(failures(0));
    late.reject(new Error('late'));
    await new Promise(setImmediate); // a rejection that nobody handled would show by now
  });

  test('a queue that does not answer is not waited for', async () => {
    const handle: Handle = (invoiceId) => (invoiceId === 'inv_1' ? never() : succeeds());
    // Ends only when it is told to, as a call to a hung socket does.
    const hangs = async () => {
      const options = sqs.calls().at(-1)?.lastArg as { abortSignal: AbortSignal };
      if (!options.abortSignal.aborted) await once(options.abortSignal, 'abort');
      throw new Error('aborted');
    };
    sqs.on(SendMessageBatchCommand).callsFake(hangs);
    sqs.on(ChangeMessageVisibilityBatchCommand).callsFake(hangs);
    expect(await run([invoice(1), '{', invoice(2)], handle, 1600)).toEqual(failures(1, 0));
  });

  test('poison is put aside all the same', async () => {
    const handle: Handle = (invoiceId) => (invoiceId === 'inv_1' ? never() : succeeds());
    expect(await run([invoice(1), '{', invoice(2)], handle, 1600)).toEqual(failures(0));
    expect(quarantined()).toHaveLength(1);
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

  test('are not written for events that come again', async () => {
    await run([invoice(1), invoice(2)], async (id) => {
      if (id === 'inv_1') throw new Error('not now');
    });
    expect(measured()).toMatchObject([{ CriticalTime: expect.any(Number) }]);
  });
});
