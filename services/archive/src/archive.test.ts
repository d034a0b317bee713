import { gunzipSync } from 'node:zlib';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import captured from '@fanfold/contracts/examples/payment.captured.v1.json' with { type: 'json' };
import failed from '@fanfold/contracts/examples/payment.failed.v1.json' with { type: 'json' };
import { contextWith, queueEvent } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { standInForS3 } from '@fanfold/runtime/objectsFixtures';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { handler } from './functions/consumer.ts';

const s3 = standInForS3();
const sqs = mockClient(SQSClient);
captureLog();

beforeEach(() => {
  vi.stubEnv('ARCHIVE_BUCKET_NAME', 'archive');
  vi.stubEnv('EVENTS_QUEUE_URL', 'https://sqs.example/events');
  vi.stubEnv('EVENTS_DEAD_LETTER_QUEUE_URL', 'https://sqs.example/dead-letters');
  sqs.reset();
  sqs.on(SendMessageBatchCommand).callsFake(({ Entries }) => ({
    Successful: Entries.map(({ Id }: { Id: string }) => ({ Id })),
  }));
});

type Message = { id: string; subject: string; sequence: string; time: string; type: string };

/** The n-th event of a subject. */
const numbered = <Example extends Message>(
  example: Example,
  subject: string,
  n = 1,
  more: Partial<Message> = {},
) => ({
  ...example,
  subject,
  sequence: String(n).padStart(10, '0'),
  id: `${subject}:${n}`,
  ...more,
});

const run = (messages: unknown[]) =>
  handler(queueEvent(messages.map((message) => JSON.stringify(message))), contextWith());

const linesIn = (prefix: string) =>
  s3
    .requests()
    .filter(({ path }) => decodeURIComponent(path).startsWith(`/${prefix}`))
    .flatMap(({ body }) =>
      gunzipSync(body as Uint8Array)
        .toString()
        .trim()
        .split('\n'),
    )
    .map((line) => JSON.parse(line) as { id: string });

describe('a batch of events', () => {
  test('is written by type and day, each as lines and as Parquet', async () => {
    const answer = await run([
      numbered(captured, 'pay_1'),
      numbered(captured, 'pay_2', 1, { time: '2026-11-25T00:00:00Z' }),
      numbered(failed, 'pay_3'),
      numbered(captured, 'pay_4'),
    ]);
    expect(answer).toEqual({ batchItemFailures: [] });
    const folders = s3.keysWritten().map((key) => key.replace(/[0-9a-f]{32}\.(ndjson\.gz|parquet)$/, ''));
    const [day, dayOfFailed] = [captured, failed].map(({ time }) => time.slice(0, 10));
    expect(folders.sort()).toEqual(
      ['ndjson', 'parquet']
        .flatMap((form) => [
          `${form}/type=payment.captured.v1/day=${day}/`,
          `${form}/type=payment.captured.v1/day=2026-11-25/`,
          `${form}/type=payment.failed.v1/day=${dayOfFailed}/`,
        ])
        .sort(),
    );
    expect(linesIn(`ndjson/type=payment.captured.v1/day=${day}`)).toMatchObject([
      { id: 'pay_1:1' },
      { id: 'pay_4:1' },
    ]);
  });

  test('that is delivered again, in another order, has the same objects', async () => {
    const messages = [numbered(captured, 'pay_1'), numbered(captured, 'pay_2'), numbered(failed, 'pay_3')];
    await run(messages);
    const first = s3.keysWritten();
    await run([...messages, numbered(captured, 'pay_1')].reverse());
    expect(s3.keysWritten().slice(first.length).sort()).toEqual(first.sort());
  });

  test('is done when its objects are there already, and never replaces one', async () => {
    s3.answerWith(() => ({ status: 412, body: '<Error><Code>PreconditionFailed</Code></Error>' }));
    expect(await run([numbered(captured, 'pay_1')])).toEqual({ batchItemFailures: [] });
    for (const { headers } of s3.requests()) expect(headers['if-none-match']).toBe('*');
  });

  test('comes again where a file could not be written, and only there', async () => {
    s3.answerWith(({ path }) =>
      decodeURIComponent(path).includes('parquet/type=payment.failed.v1')
        ? { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' }
        : { status: 200 },
    );
    const answer = await run([numbered(captured, 'pay_1'), numbered(failed, 'pay_2')]);
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-1' }] });
  });
});

describe('an event that no file can have', () => {
  const quarantined = () =>
    sqs.commandCalls(SendMessageBatchCommand).flatMap(({ args: [{ input }] }) =>
      (input.Entries ?? []).map(({ MessageBody = '', MessageAttributes }) => ({
        id: JSON.parse(MessageBody).id,
        reason: MessageAttributes?.['quarantine-reason']?.StringValue,
        detail: MessageAttributes?.['quarantine-detail']?.StringValue,
      })),
    );
  const surrogate = numbered(failed, 'pay_2');
  surrogate.data = { ...failed.data, reason: { ...failed.data.reason, code: '\ud800' } };

  test.each([
    ['a character that UTF-8 does not have', surrogate, 'pay_2:1 has a lone surrogate, which no UTF-8 has'],
    [
      'a day that tables do not have',
      numbered(failed, 'pay_2', 1, { time: '2019-12-31T23:59:59Z' }),
      'pay_2:1 is of 2019-12-31, and the first day of tables is 2020-01-01',
    ],
  ])(
    'because of %s is a dead letter with its reason, and the others are written',
    async (_why, misfit, detail) => {
      expect(await run([numbered(failed, 'pay_1'), misfit, numbered(failed, 'pay_3')])).toEqual({
        batchItemFailures: [],
      });
      expect(quarantined()).toEqual([{ id: 'pay_2:1', reason: 'not-archivable', detail }]);
      expect(linesIn('ndjson').map(({ id }) => id)).toEqual(['pay_1:1', 'pay_3:1']);
    },
  );

  test('is no text with a backslash before what looks like one', async () => {
    const message = numbered(failed, 'pay_2');
    message.data = { ...failed.data, reason: { ...failed.data.reason, code: '\\ud800 \\\\ud800' } };
    await run([message]);
    expect(quarantined()).toEqual([]);
    expect(linesIn('ndjson')).toHaveLength(1);
  });
});
