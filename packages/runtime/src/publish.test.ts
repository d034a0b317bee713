import { PublishBatchCommand, type PublishBatchRequestEntry, SNSClient } from '@aws-sdk/client-sns';
import type { Event } from '@fanfold/contracts/event';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { contextWith, streamEvent } from './invocationFixtures.ts';
import { captureOutput } from './logFixtures.ts';
import { publishStream } from './publish.ts';

const sns = mockClient(SNSClient);
const { logged, measured } = captureOutput();
const topic = 'arn:aws:sns:eu-west-1:000000000000:events';

beforeEach(() => {
  vi.stubEnv('EVENTS_TOPIC_ARN', topic);
  sns.reset();
  sns.on(PublishBatchCommand).callsFake(({ PublishBatchRequestEntries }) => ({
    Successful: PublishBatchRequestEntries.map(({ Id }: PublishBatchRequestEntry) => ({ Id })),
    Failed: [],
  }));
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const event = (id: string, data: unknown = {}): Event => ({
  specversion: '1.0',
  id,
  source: '/things',
  type: 'thing.made.v1',
  subject: 'thing_ö',
  time: '2026-11-23T10:00:00.000Z',
  datacontenttype: 'application/json',
  sequence: '0000000001',
  merchantid: 'acme',
  correlationid: 'req_1',
  causationid: 'req_1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  data,
});

/** The events of a write: their ids with the size of each. */
type Written = [id: string, bytes?: number][];

const publisher = publishStream((image) => {
  if (image.broken) throw new Error('no such item');
  return (JSON.parse(image.said?.S ?? '[]') as Written).map(([id, bytes = 0]) =>
    event(id, 'x'.repeat(bytes)),
  );
});

/** Runs the publisher over writes. `broken`: one that cannot be read; `deleted`: one that took an item away. */
const publish = (writes: (Written | 'broken' | 'deleted')[]) =>
  publisher(
    streamEvent(
      writes.map((said) => {
        if (said === 'deleted') return undefined;
        return said === 'broken' ? { broken: { BOOL: true } } : { said: { S: JSON.stringify(said) } };
      }),
    ),
    contextWith(),
  );

const failures = (...records: number[]) => ({
  batchItemFailures: records.map((n) => ({ itemIdentifier: String(n) })),
});

/** The record that Lambda goes on from. */
const lowest = (batchItemFailures: { itemIdentifier: string }[]): number =>
  Math.min(...batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier)));

const calls = () =>
  sns
    .commandCalls(PublishBatchCommand)
    .map(({ args: [{ input }] }) => input.PublishBatchRequestEntries ?? []);
const idOf = ({ Message }: PublishBatchRequestEntry): string => JSON.parse(Message ?? '').id;
const sentIds = () => calls().map((entries) => entries.map(idOf));

/** What SNS counts: the message, and the name, type and value of each attribute. */
const bytesOf = ({ Message, MessageAttributes = {} }: PublishBatchRequestEntry) =>
  Object.entries(MessageAttributes).reduce(
    (sum, [name, { DataType, StringValue }]) => sum + Buffer.byteLength(`${name}${DataType}${StringValue}`),
    Buffer.byteLength(Message ?? ''),
  );

describe('A publisher', () => {
  test('sends each event of each write to the topic, in order, with what subscriptions filter by', async () => {
    expect(await publish([[['a:1'], ['a:2']], [['b:1']]])).toEqual(failures());
    const [call] = sns.commandCalls(PublishBatchCommand);
    expect(call?.args[0].input.TopicArn).toBe(topic);
    expect(sentIds()).toEqual([['a:1', 'a:2', 'b:1']]);
    const [first] = calls()[0] ?? [];
    expect(JSON.parse(first?.Message ?? '')).toEqual(event('a:1', ''));
    expect(first?.MessageAttributes).toEqual({
      type: { DataType: 'String', StringValue: 'thing.made.v1' },
      source: { DataType: 'String', StringValue: '/things' },
      subject: { DataType: 'String', StringValue: 'thing_ö' },
      merchantid: { DataType: 'String', StringValue: 'acme' },
    });
  });

  test('sends nothing for writes without events, and for deletions', async () => {
    expect(await publish([[], 'deleted', []])).toEqual(failures());
    expect(calls()).toEqual([]);
  });

  test('sends ten events at a time', async () => {
    await publish(Array.from({ length: 23 }, (_, n) => [[`e:${n}`]]));
    expect(calls().map(({ length }) => length)).toEqual([10, 10, 3]);
    for (const entries of calls()) expect(new Set(entries.map(({ Id }) => Id)).size).toBe(entries.length);
  });

  test('sends no more than 256 KiB at a time, attributes included', async () => {
    await publish(Array.from({ length: 12 }, (_, n) => [[`e:${n}`, 48 * 1024]]));
    expect(calls().map(({ length }) => length)).toEqual([5, 5, 2]);
    // Six messages that are just 256 KiB, but more with their attributes.
    sns.resetHistory();
    const envelopeBytes = Buffer.byteLength(JSON.stringify(event('e:0', '')));
    const dataBytes = Math.floor((256 * 1024) / 6) - envelopeBytes;
    await publish(Array.from({ length: 6 }, (_, n) => [[`e:${n}`, dataBytes]]));
    expect(calls().map(({ length }) => length)).toEqual([5, 1]);
  });
});

const ids = (count: number) => Array.from({ length: count }, (_, n) => ({ Id: String(n) }));

describe('A write whose events were not all taken comes again', () => {
  test('alone, when SNS took the others', async () => {
    sns.on(PublishBatchCommand).resolves({
      Successful: [{ Id: '0' }, { Id: '2' }],
      Failed: [{ Id: '1', Code: 'InternalError', Message: 'try again', SenderFault: false }],
    });
    expect(await publish([[['a:1']], [['b:1']], [['c:1']]])).toEqual(failures(1));
    expect(logged()).toMatchObject([
      {
        message: 'event not accepted',
        event: 'b:1',
        code: 'InternalError',
        detail: 'try again',
        senderFault: false,
      },
    ]);
    expect(logged()).toHaveLength(1);
  });

  test('alone, when SNS says nothing of it', async () => {
    sns.on(PublishBatchCommand).resolves({ Successful: [{ Id: '0' }, { Id: '2' }], Failed: [] });
    expect(await publish([[['a:1']], [['b:1']], [['c:1']]])).toEqual(failures(1));
    expect(logged()).toMatchObject([{ message: 'event not accepted', event: 'b:1', code: 'NotConfirmed' }]);
  });

  test('once, when several of its events were not taken', async () => {
    const failed = (Id: string) => ({ Id, Code: 'InternalError', SenderFault: false });
    sns.on(PublishBatchCommand).resolves({ Successful: [{ Id: '0' }], Failed: [failed('1'), failed('2')] });
    expect(await publish([[['a:1']], [['b:1'], ['b:2']]])).toEqual(failures(1));
  });

  test('when one of its events was not taken in a later call', async () => {
    sns
      .on(PublishBatchCommand)
      .resolvesOnce({ Successful: ids(10) })
      .resolvesOnce({
        Successful: ids(10).slice(1),
        Failed: [{ Id: '0', Code: 'InternalError', SenderFault: false }],
      });
    const writes: Written[] = Array.from({ length: 10 }, (_, n) => [[`e:${n}`], [`f:${n}`]]);
    expect(await publish(writes)).toEqual(failures(5));
  });

  // Lambda goes on from the lowest record that failed, so what stands after it comes again too.
  test('with all that stands after it, when SNS is away, and SNS is asked only once', async () => {
    sns.on(PublishBatchCommand).rejects(new Error('away'));
    const { batchItemFailures } = await publish(Array.from({ length: 25 }, (_, n) => [[`e:${n}`]]));
    expect(batchItemFailures).toContainEqual({ itemIdentifier: '0' });
    expect(calls()).toHaveLength(1);
    expect(logged()).toMatchObject([{ message: 'publish failed', events: 10, error: { message: 'away' } }]);
  });

  test('and not what was taken before SNS went away', async () => {
    sns
      .on(PublishBatchCommand)
      .resolvesOnce({ Successful: ids(10) })
      .rejects(new Error('away'));
    const { batchItemFailures } = await publish(Array.from({ length: 25 }, (_, n) => [[`e:${n}`]]));
    expect(lowest(batchItemFailures)).toBe(10);
    expect(calls()).toHaveLength(2);
  });

  test('when the function does not know its topic', async () => {
    vi.stubEnv('EVENTS_TOPIC_ARN', undefined);
    expect(await publish([[['a:1']]])).toEqual(failures(0));
    expect(JSON.stringify(logged())).toContain('EVENTS_TOPIC_ARN is not set');
  });

  test('alone, when it cannot be read', async () => {
    expect(await publish([[['a:1']], 'broken', [['c:1']]])).toEqual(failures(1));
    expect(sentIds()).toEqual([['a:1', 'c:1']]);
    expect(logged()).toMatchObject([
      { message: 'record unreadable', sequenceNumber: '1', error: { message: 'no such item' } },
    ]);
  });

  test('as the whole batch, when it has no sequence number to come again by', async () => {
    const { Records } = streamEvent([{ broken: { BOOL: true } }]);
    delete Records[0]?.dynamodb?.SequenceNumber;
    expect(await publisher({ Records }, contextWith())).toEqual({
      batchItemFailures: [{ itemIdentifier: '' }],
    });
  });
});

test('No event is lost: each was taken, or its write comes again; and no call is more than SNS takes', async () => {
  const bytes = fc.oneof(fc.nat({ max: 100 }), fc.integer({ min: 20_000, max: 47_000 }));
  const written = fc.oneof(
    { weight: 8, arbitrary: fc.array(bytes, { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant('broken' as const) },
    { weight: 1, arbitrary: fc.constant('deleted' as const) },
  );
  const outcome = fc.oneof(
    { weight: 4, arbitrary: fc.array(fc.nat({ max: 9 }), { maxLength: 3 }) },
    { weight: 1, arbitrary: fc.constant('away' as const) },
  );
  const batches = fc.array(written, { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(batches, fc.array(outcome, { maxLength: 5 }), async (sizes, outcomes) => {
      const taken = new Set<string>();
      let call = 0;
      sns.reset();
      sns.on(PublishBatchCommand).callsFake(({ PublishBatchRequestEntries: entries }) => {
        const fate = outcomes[call++] ?? [];
        if (fate === 'away') throw new Error('away');
        const failed = fate.filter((n) => n < entries.length);
        const Successful = entries.filter((_: unknown, n: number) => !failed.includes(n));
        for (const entry of Successful) taken.add(idOf(entry));
        // Every other one is missing from the answer.
        const Failed = failed
          .filter((n) => n % 2 === 0)
          .map((n) => ({ Id: String(n), Code: 'InternalError' }));
        return { Successful, Failed };
      });
      const writes = sizes.map((said, n): Written | 'broken' | 'deleted' =>
        Array.isArray(said) ? said.map((size, i) => [`${n}:${i}`, size]) : said,
      );
      const { batchItemFailures } = await publish(writes);
      for (const entries of calls()) {
        expect(entries.length).toBeLessThanOrEqual(10);
        expect(entries.reduce((sum, entry) => sum + bytesOf(entry), 0)).toBeLessThanOrEqual(256 * 1024);
      }
      const from = lowest(batchItemFailures);
      for (const [n, written] of writes.entries()) {
        const lost =
          written === 'broken' || (Array.isArray(written) && written.some(([id]) => !taken.has(id)));
        expect(lost && n < from, `write ${n}`).toBe(false);
      }
    }),
    { numRuns: 50 },
  );
});

describe('Metrics', () => {
  test('tell how old events were when the topic took them', async () => {
    vi.setSystemTime('2026-11-23T10:00:02.000Z');
    await publish([[['a:1'], ['a:2']]]);
    vi.useRealTimers();
    expect(measured()).toMatchObject([{ PublishTime: [2000, 2000] }]);
  });

  test('count for the stage each call that failed, and the events of none', async () => {
    sns.reset();
    sns.on(PublishBatchCommand).rejects(new Error('away'));
    await publish([[['a:1']]]);
    expect(measured()).toMatchObject([{ PublishFailed: 1, service: 'fanfold' }]);
  });
});
