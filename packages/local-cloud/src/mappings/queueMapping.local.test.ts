import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { type Emulators, startEmulators } from '../emulators/emulators.ts';
import { type Call, type JsonApi, jsonApi } from '../emulators/jsonApi.ts';
import type { Mapping } from './invocation.ts';
import { type QueueMappingOptions, startQueueMapping } from './queueMapping.ts';

let emulators: Emulators;
let sqs: SQSClient;
let api: JsonApi;
const mappings: Mapping[] = [];

beforeAll(async () => {
  emulators = await startEmulators();
  sqs = new SQSClient(clientConfiguration(emulators.endpoints.aws));
  api = jsonApi(emulators.endpoints.aws, 'sqs');
});

afterAll(async () => {
  await Promise.all(mappings.map((mapping) => mapping.stop()));
  api.close();
  await emulators.stop();
});

/** A queue whose messages go to its dead-letter queue after two receives, and are out of sight for a second. */
async function createQueue(visibilityTimeoutSeconds = 1) {
  const name = `queue-${crypto.randomUUID()}`;
  const deadLetters = await sqs.send(new CreateQueueCommand({ QueueName: `${name}-dead-letters` }));
  const deadLetterTargetArn = `arn:aws:sqs:eu-west-1:000000000000:${name}-dead-letters`;
  const queue = await sqs.send(
    new CreateQueueCommand({
      QueueName: name,
      Attributes: {
        VisibilityTimeout: String(visibilityTimeoutSeconds),
        RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }),
      },
    }),
  );
  return { name, url: queue.QueueUrl as string, deadLettersUrl: deadLetters.QueueUrl as string };
}

type Queue = Awaited<ReturnType<typeof createQueue>>;
type Handler = (event: SQSEvent) => unknown;

async function startMapping(
  queue: Queue,
  handler: Handler,
  rest: Partial<QueueMappingOptions> = {},
): Promise<Mapping> {
  const mapping = await startQueueMapping({
    sqs: api.call,
    queueUrl: queue.url,
    functionName: 'consumer',
    eventSourceArn: `arn:aws:sqs:eu-west-1:000000000000:${queue.name}`,
    batchSize: 10,
    batchingWindowSeconds: 0,
    maximumConcurrency: 5,
    reportsBatchItemFailures: true,
    invoke: async (event) => handler(event as SQSEvent),
    ...rest,
  });
  mappings.push(mapping);
  return mapping;
}

async function send(queue: Queue, ...bodies: string[]): Promise<void> {
  for (let first = 0; first < bodies.length; first += 10) {
    const Entries = bodies
      .slice(first, first + 10)
      .map((MessageBody, Id) => ({ Id: String(Id), MessageBody }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries }));
  }
}

async function count(url: string, name: QueueAttributeName = 'ApproximateNumberOfMessages'): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [name] }),
  );
  return Number(Attributes?.[name]);
}

const bodiesOf = (event: SQSEvent) => event.Records.map(({ body }) => body);

describe.concurrent('A message', () => {
  test('is delivered as Lambda delivers it', async ({ expect }) => {
    const queue = await createQueue();
    const events: SQSEvent[] = [];
    const mapping = await startMapping(queue, (event) => {
      events.push(event);
    });
    const { MessageId, MD5OfMessageBody, MD5OfMessageAttributes } = await sqs.send(
      new SendMessageCommand({
        QueueUrl: queue.url,
        MessageBody: '{"say":"hello"}',
        MessageAttributes: {
          type: { DataType: 'String', StringValue: 'thing.made.v1' },
          bytes: { DataType: 'Binary', BinaryValue: Buffer.from('hi') },
        },
      }),
    );
    await mapping.idle();
    expect(events).toEqual([
      {
        Records: [
          {
            messageId: MessageId,
            receiptHandle: expect.any(String),
            body: '{"say":"hello"}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: expect.stringMatching(/^\d{13}$/),
              SenderId: expect.any(String),
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
            },
            messageAttributes: {
              type: {
                stringValue: 'thing.made.v1',
                stringListValues: [],
                binaryListValues: [],
                dataType: 'String',
              },
              bytes: { binaryValue: 'aGk=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
            },
            md5OfBody: MD5OfMessageBody,
            md5OfMessageAttributes: MD5OfMessageAttributes,
            eventSource: 'aws:sqs',
            eventSourceARN: `arn:aws:sqs:eu-west-1:000000000000:${queue.name}`,
            awsRegion: 'eu-west-1',
          },
        ],
      },
    ]);
  });

  test.for([
    ['nothing', undefined],
    ['an empty object', {}],
    ['an empty list of failures', { batchItemFailures: [] }],
  ])(
    'is deleted when the function answers %s (recorded, finding 13)',
    async ([_what, answer], { expect }) => {
      const queue = await createQueue();
      let invocations = 0;
      const mapping = await startMapping(queue, () => {
        invocations += 1;
        return answer;
      });
      await send(queue, 'one');
      await mapping.idle();
      expect(invocations).toBe(1);
      expect(await count(queue.deadLettersUrl)).toBe(0);
    },
  );

  test.for([
    ['names items under a wrong key', { batchItemFailures: [{ foo: 'notvalid' }] }],
    ['names an unknown item', { batchItemFailures: [{ itemIdentifier: 'unknown' }] }],
    ['throws', new Error('broken')],
  ])(
    'comes again with its whole batch when the function %s, until it is a dead letter (recorded, finding 13, Q5)',
    async ([_what, answer], { expect }) => {
      const queue = await createQueue();
      const events: SQSEvent[] = [];
      await send(queue, 'one', 'two');
      const mapping = await startMapping(queue, (event) => {
        events.push(event);
        if (answer instanceof Error) throw answer;
        return answer;
      });
      await mapping.idle();
      expect(events.map(bodiesOf)).toEqual([
        ['one', 'two'],
        ['one', 'two'],
      ]);
      expect(await count(queue.deadLettersUrl)).toBe(2);
    },
  );

  test('that failed comes again alone, and not before its visibility timeout has ended (Q2, Q4)', async ({
    expect,
  }) => {
    const queue = await createQueue();
    const seen: { bodies: string[]; receiveCounts: string[]; at: number }[] = [];
    await send(queue, 'good', 'bad', 'good too');
    const mapping = await startMapping(queue, ({ Records }) => {
      seen.push({
        bodies: Records.map(({ body }) => body),
        receiveCounts: Records.map(({ attributes }) => attributes.ApproximateReceiveCount),
        at: Date.now(),
      });
      const bad = Records.filter(({ body }) => body === 'bad' && seen.length < 2);
      return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    });
    await mapping.idle();
    expect(seen).toMatchObject([
      { bodies: ['good', 'bad', 'good too'], receiveCounts: ['1', '1', '1'] },
      { bodies: ['bad'], receiveCounts: ['2'] },
    ]);
    expect((seen[1]?.at ?? 0) - (seen[0]?.at ?? 0)).toBeGreaterThan(900);
    expect(await count(queue.deadLettersUrl)).toBe(0);
  });

  test('that failed does not slow down those that follow (finding 14)', async ({ expect }) => {
    const queue = await createQueue(2);
    const seen: string[] = [];
    const failed = Promise.withResolvers<void>();
    const mapping = await startMapping(queue, ({ Records }) => {
      seen.push(...Records.map(({ body }) => body));
      failed.resolve();
      const bad = Records.filter(({ body }) => body === 'bad' && seen.length < 4);
      return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    });
    await send(queue, 'bad');
    await failed.promise;
    await send(queue, 'good', 'good', 'good');
    await mapping.idle();
    expect(seen).toEqual(['bad', 'good', 'good', 'good', 'bad']);
  });

  test('whose function was ended for taking too long comes again (Q2)', async ({ expect }) => {
    const queue = await createQueue();
    let invocations = 0;
    await send(queue, 'one');
    const mapping = await startMapping(queue, () => {
      invocations += 1;
      if (invocations === 1) throw new Error('Task timed out after 0.05 seconds');
    });
    await mapping.idle();
    expect(invocations).toBe(2);
  });

  test('that was processed comes again when it could not be deleted (Q1, Q8)', async ({ expect }) => {
    const queue = await createQueue();
    const events: SQSEvent[] = [];
    const errors: Error[] = [];
    const failsOnce: Call = async <Answer>(operation: string, input: object, signal?: AbortSignal) => {
      if (operation !== 'DeleteMessageBatch' || events.length > 1)
        return api.call<Answer>(operation, input, signal);
      return { Failed: [{ Id: '0', SenderFault: false, Code: 'InternalError' }] } as Answer;
    };
    await send(queue, 'one');
    const mapping = await startMapping(
      queue,
      (event) => {
        events.push(event);
      },
      { sqs: failsOnce, onError: (error) => errors.push(error) },
    );
    await mapping.idle();
    expect(events.map(bodiesOf)).toEqual([['one'], ['one']]);
    expect(errors.map(({ message }) => message)).toEqual([
      'Messages that consumer processed could not be deleted: they come again.',
    ]);
  });
});

describe.concurrent('Without ReportBatchItemFailures', () => {
  test('whatever the function returns, the batch is deleted', async ({ expect }) => {
    const queue = await createQueue();
    let invocations = 0;
    await send(queue, 'one');
    const mapping = await startMapping(
      queue,
      ({ Records }) => {
        invocations += 1;
        return { batchItemFailures: [{ itemIdentifier: Records[0]?.messageId }] };
      },
      { reportsBatchItemFailures: false },
    );
    await mapping.idle();
    expect(invocations).toBe(1);
    expect(await count(queue.deadLettersUrl)).toBe(0);
  });
});

describe.concurrent('A batch', () => {
  test('closes at its size (E11)', async ({ expect }) => {
    const queue = await createQueue();
    const sizes: number[] = [];
    await send(queue, ...Array.from({ length: 12 }, (_, index) => `${index}`));
    const mapping = await startMapping(queue, ({ Records }) => void sizes.push(Records.length), {
      batchSize: 5,
    });
    await mapping.idle();
    expect(sizes).toEqual([5, 5, 2]);
  });

  test('can be larger than what one receive gives, and closes at its size before its window ends (E11)', async ({
    expect,
  }) => {
    const queue = await createQueue(30);
    const sizes: number[] = [];
    await send(queue, ...Array.from({ length: 25 }, (_, index) => `${index}`));
    const start = Date.now();
    const mapping = await startMapping(queue, ({ Records }) => void sizes.push(Records.length), {
      batchSize: 25,
      batchingWindowSeconds: 20,
    });
    await mapping.idle();
    expect(sizes).toEqual([25]);
    expect(Date.now() - start).toBeLessThan(5_000);
  });

  test('takes what waits already at once, and waits for more only then: a backlog goes in full batches', async ({
    expect,
  }) => {
    const queue = await createQueue(30);
    const sizes: number[] = [];
    await send(queue, ...Array.from({ length: 98 }, (_, index) => `${index}`));
    const mapping = await startMapping(queue, ({ Records }) => void sizes.push(Records.length), {
      batchSize: 49,
      // Full batches end it before, however slowly they are received.
      batchingWindowSeconds: 20,
    });
    await mapping.idle();
    expect(sizes).toEqual([49, 49]);
  });

  test('gathers what arrives within its window, and closes when the window ends (E11)', async ({
    expect,
  }) => {
    const queue = await createQueue(30);
    const batches: string[][] = [];
    const mapping = await startMapping(queue, (event) => void batches.push(bodiesOf(event)), {
      batchSize: 100,
      batchingWindowSeconds: 1,
    });
    const start = Date.now();
    await send(queue, 'one');
    await send(queue, 'two');
    await send(queue, 'three');
    await mapping.idle();
    expect(batches).toEqual([['one', 'two', 'three']]);
    expect(Date.now() - start).toBeGreaterThan(900);
  });

  test('above 6 MB becomes several events (E11)', async ({ expect }) => {
    const queue = await createQueue(30);
    const sizes: number[] = [];
    for (let index = 0; index < 8; index += 1) await send(queue, 'x'.repeat(1_000_000));
    const mapping = await startMapping(queue, ({ Records }) => void sizes.push(Records.length));
    await mapping.idle();
    expect(sizes).toEqual([6, 2]);
  });
});

describe.concurrent('Concurrency', () => {
  test('is at most the maximum, and no message is received that does not run (finding 15)', async ({
    expect,
  }) => {
    const queue = await createQueue(30);
    const running: number[] = [];
    const runningAtReceive: number[] = [];
    const received: number[] = [];
    const twoRun = Promise.withResolvers<void>();
    let now = 0;
    const observed: Call = (operation, input, signal) => {
      if (operation === 'ReceiveMessage') runningAtReceive.push(now);
      return api.call(operation, input, signal);
    };
    await send(queue, 'one', 'two', 'three', 'four', 'five', 'six');
    const mapping = await startMapping(
      queue,
      async () => {
        now += 1;
        running.push(now);
        if (now === 2) twoRun.resolve();
        await twoRun.promise;
        // By the time of an answer, a mapping that takes too many has asked for the next message.
        received.push(await count(queue.url, 'ApproximateNumberOfMessagesNotVisible'));
        now -= 1;
      },
      { sqs: observed, batchSize: 1, maximumConcurrency: 2 },
    );
    await mapping.idle();
    expect(running).toHaveLength(6);
    expect(Math.max(...running)).toBe(2);
    expect(Math.max(...runningAtReceive)).toBe(1);
    expect(Math.max(...received)).toBe(2);
  });
});

describe.concurrent('While invocations fail', () => {
  /**
   * The first four of sixteen batches, of which four may run at once, end as given, when all of them run; the others
   * succeed, those after `fourAgainAfter` when four run at once again. Gives how many ran when each began, and after
   * which time since the one before.
   */
  async function runSixteen(firstFour: (event: SQSEvent) => unknown, fourAgainAfter: number) {
    const queue = await createQueue(30);
    const runs: { running: number; afterMs: number }[] = [];
    const firstRun = Promise.withResolvers<void>();
    const fourAgain = Promise.withResolvers<void>();
    const allRun = Promise.withResolvers<void>();
    let running = 0;
    let lastAt = Date.now();
    await send(queue, ...Array.from({ length: 16 }, (_, index) => `${index}`));
    const mapping = await startMapping(
      queue,
      async (event) => {
        running += 1;
        runs.push({ running, afterMs: Date.now() - lastAt });
        lastAt = Date.now();
        const isFirst = runs.length <= 4;
        if (runs.length === 4) firstRun.resolve();
        if (runs.length > 4 && running === 4) fourAgain.resolve();
        if (runs.length === 16) allRun.resolve();
        if (isFirst) await firstRun.promise;
        else if (runs.length > fourAgainAfter) await fourAgain.promise;
        running -= 1;
        return isFirst ? firstFour(event) : undefined;
      },
      { batchSize: 1, maximumConcurrency: 4 },
    );
    await allRun.promise;
    await mapping.stop();
    return runs;
  }

  test('half as many run at once', async ({ expect }) => {
    const end = Promise.withResolvers<void>();
    /** The first of three invocations fails, and the others run until the end. */
    async function startFailing(maximumConcurrency: number) {
      const queue = await createQueue(30);
      const begun = [1, 2, 3].map(() => Promise.withResolvers<void>());
      let runs = 0;
      await send(queue, 'one', 'two', 'three');
      await startMapping(
        queue,
        async () => {
          begun[runs]?.resolve();
          runs += 1;
          if (runs === 1) throw new Error('broken');
          await end.promise;
        },
        { batchSize: 1, maximumConcurrency },
      );
      return { queue, begun: begun.map(({ promise }) => promise) };
    }
    const oneOfTwo = await startFailing(2);
    await oneOfTwo.begun[1];
    // It pauses for as long, and later: when its third invocation begins, one of the other would have been received.
    const twoOfFour = await startFailing(4);
    await twoOfFour.begun[2];
    const received = await count(oneOfTwo.queue.url, 'ApproximateNumberOfMessagesNotVisible');
    end.resolve();
    expect(received).toBe(2);
  });

  test('there are fewer of them, after pauses, until they succeed again', async ({ expect }) => {
    const runs = await runSixteen(() => {
      throw new Error('broken');
    }, 8);
    expect(runs.slice(0, 4).map(({ running }) => running)).toEqual([1, 2, 3, 4]);
    expect(runs.slice(4, 8).map(({ running }) => running)).toEqual([1, 1, 1, 1]);
    // From pause to pause, of 1.6 s at first; timers may be a little early.
    for (const [index, pauseMs] of [800, 400, 200].entries()) {
      expect(runs[index + 5]?.afterMs).toBeGreaterThan(pauseMs - 10);
    }
    expect(runs.slice(8, 12).map(({ running }) => running)).toEqual([1, 2, 3, 4]);
  });

  test('only partially, nothing slows down (finding 14)', async ({ expect }) => {
    const runs = await runSixteen(
      ({ Records }) => ({ batchItemFailures: [{ itemIdentifier: Records[0]?.messageId }] }),
      4,
    );
    expect(runs.slice(4, 8).map(({ running }) => running)).toEqual([1, 2, 3, 4]);
  });
});

describe.concurrent('A throttled invocation (Q8)', () => {
  const throttled = Object.assign(new Error('Rate exceeded'), { name: 'Throttled' });

  test('is tried again with the same receive', async ({ expect }) => {
    const queue = await createQueue(30);
    const receiveCounts: (string | undefined)[] = [];
    await send(queue, 'one');
    const mapping = await startMapping(queue, ({ Records }) => {
      receiveCounts.push(Records[0]?.attributes.ApproximateReceiveCount);
      if (receiveCounts.length < 3) throw throttled;
    });
    await mapping.idle();
    expect(receiveCounts).toEqual(['1', '1', '1']);
  });

  test('is dropped when the visibility timeout ends, and the message is received again', async ({
    expect,
  }) => {
    const queue = await createQueue(1);
    const receiveCounts: (string | undefined)[] = [];
    await send(queue, 'one');
    const mapping = await startMapping(queue, ({ Records }) => {
      receiveCounts.push(Records[0]?.attributes.ApproximateReceiveCount);
      throw throttled;
    });
    await mapping.idle();
    expect(new Set(receiveCounts)).toEqual(new Set(['1', '2']));
    expect(await count(queue.deadLettersUrl)).toBe(1);
  });
});

describe.concurrent('Stopping', () => {
  test('lets the batch that runs end, and its messages be deleted', async ({ expect }) => {
    const queue = await createQueue(30);
    const happened: string[] = [];
    const [running, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const observed: Call = async <Answer>(operation: string, input: object, signal?: AbortSignal) => {
      const answer = await api.call<Answer>(operation, input, signal);
      if (operation === 'DeleteMessageBatch') happened.push('deleted');
      return answer;
    };
    await send(queue, 'one');
    const mapping = await startMapping(
      queue,
      async () => {
        running.resolve();
        await end.promise;
        happened.push('ended');
      },
      { sqs: observed },
    );
    await running.promise;
    const stopping = mapping.stop().then(() => happened.push('stopped'));
    // By the time of an answer, a mapping that waits for nothing has stopped.
    await count(queue.url);
    end.resolve();
    await stopping;
    expect(happened).toEqual(['ended', 'deleted', 'stopped']);
    expect(await count(queue.url, 'ApproximateNumberOfMessagesNotVisible')).toBe(0);
  });

  test('ends the long poll, which takes no message with it', async ({ expect }) => {
    const queue = await createQueue(30);
    const mapping = await startMapping(queue, () => {});
    // Asks the queue, which by then has the long poll that was sent before.
    await mapping.idle();
    const start = Date.now();
    await mapping.stop();
    expect(Date.now() - start).toBeLessThan(5_000);
    // By the time of an answer, the emulator has noticed that a connection was closed before the question.
    await count(queue.url);
    await send(queue, 'for the next consumer');
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queue.url,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    expect(Messages.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount])).toEqual([
      ['for the next consumer', '1'],
    ]);
  });
});
