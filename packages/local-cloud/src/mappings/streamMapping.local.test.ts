import { CreateTableCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { type Emulators, startEmulators } from '../emulators/emulators.ts';
import { type Call, type JsonApi, jsonApi } from '../emulators/jsonApi.ts';
import type { Mapping } from './invocation.ts';
import { failureDestination } from './onFailure.ts';
import { type StreamMappingOptions, startStreamMapping } from './streamMapping.ts';
import { awsStreamArn } from './streamRecord.ts';

let emulators: Emulators;
let dynamodb: DynamoDBClient;
let apis: Record<'dynamodb' | 'streams' | 'sqs', JsonApi>;
let sqs: SQSClient;
let s3: S3Client;
const mappings: Mapping[] = [];

beforeAll(async () => {
  emulators = await startEmulators();
  dynamodb = new DynamoDBClient(clientConfiguration(emulators.endpoints.dynamodb));
  apis = {
    dynamodb: jsonApi(emulators.endpoints.dynamodb, 'dynamodb'),
    streams: jsonApi(emulators.endpoints.dynamodb, 'streams'),
    sqs: jsonApi(emulators.endpoints.aws, 'sqs'),
  };
  sqs = new SQSClient(clientConfiguration(emulators.endpoints.aws));
  s3 = new S3Client(clientConfiguration(emulators.endpoints.aws));
});

afterAll(async () => {
  await Promise.all(mappings.map((mapping) => mapping.stop()));
  for (const api of Object.values(apis)) api.close();
  await emulators.stop();
});

async function createTable() {
  const TableName = `table-${crypto.randomUUID()}`;
  const { TableDescription } = await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  );
  return { name: TableName, streamArn: TableDescription?.LatestStreamArn as string };
}

type Table = Awaited<ReturnType<typeof createTable>>;

async function put(table: Table, ...keys: string[]): Promise<void> {
  for (const pk of keys) {
    await dynamodb.send(new PutItemCommand({ TableName: table.name, Item: { pk: { S: pk } } }));
  }
}

const keysOf = (event: DynamoDBStreamEvent) => event.Records.map(({ dynamodb }) => dynamodb?.Keys?.pk?.S);
const sequenceNumberOf = (event: DynamoDBStreamEvent, key: string) =>
  event.Records.find(({ dynamodb }) => dynamodb?.Keys?.pk?.S === key)?.dynamodb?.SequenceNumber;

async function startMapping(
  table: Table,
  handler: (event: DynamoDBStreamEvent) => unknown,
  rest: Partial<StreamMappingOptions> = {},
): Promise<Mapping> {
  const mapping = await startStreamMapping({
    dynamodb: apis.dynamodb.call,
    streams: apis.streams.call,
    streamArn: table.streamArn,
    functionName: 'publisher',
    eventSourceArn: awsStreamArn(table.streamArn),
    batchSize: 100,
    batchingWindowSeconds: 0,
    startingPosition: 'TRIM_HORIZON',
    bisectsBatchOnFunctionError: false,
    maximumRetryAttempts: -1,
    maximumRecordAgeSeconds: -1,
    reportsBatchItemFailures: true,
    filter: () => true,
    invoke: async (event) => handler(event as DynamoDBStreamEvent),
    onError: () => {},
    ...rest,
  });
  mappings.push(mapping);
  return mapping;
}

describe.concurrent('A record', () => {
  test('is delivered as Lambda delivers it, with the region of AWS (D4)', async ({ expect }) => {
    const table = await createTable();
    const events: DynamoDBStreamEvent[] = [];
    const mapping = await startMapping(table, (event) => void events.push(event));
    await dynamodb.send(
      new PutItemCommand({
        TableName: table.name,
        Item: {
          pk: { S: 'one' },
          amount: { N: '12100' },
          nested: { M: { bytes: { B: Buffer.from('hi') }, list: { L: [{ BS: [Buffer.from('a')] }] } } },
        },
      }),
    );
    await mapping.idle();
    expect(JSON.parse(JSON.stringify(events))).toEqual([
      {
        Records: [
          {
            eventID: expect.any(String),
            eventName: 'INSERT',
            eventVersion: '1.1',
            eventSource: 'aws:dynamodb',
            awsRegion: 'eu-west-1',
            dynamodb: {
              ApproximateCreationDateTime: expect.closeTo(Date.now() / 1_000, -2),
              Keys: { pk: { S: 'one' } },
              NewImage: {
                pk: { S: 'one' },
                amount: { N: '12100' },
                nested: { M: { bytes: { B: 'aGk=' }, list: { L: [{ BS: ['YQ=='] }] } } },
              },
              SequenceNumber: expect.any(String),
              SizeBytes: expect.any(Number),
              StreamViewType: 'NEW_AND_OLD_IMAGES',
            },
            eventSourceARN: expect.stringMatching(
              new RegExp(`^arn:aws:dynamodb:eu-west-1:000000000000:table/${table.name}/stream/`),
            ),
          },
        ],
      },
    ]);
    expect(events[0]?.Records[0]?.dynamodb?.ApproximateCreationDateTime).toBe(
      Math.floor(events[0]?.Records[0]?.dynamodb?.ApproximateCreationDateTime as number),
    );
  });

  test('is the same in the next try, whatever the function did to its event', async ({ expect }) => {
    const table = await createTable();
    const events: string[] = [];
    await put(table, 'one');
    const mapping = await startMapping(table, (event) => {
      events.push(JSON.stringify(event));
      if (events.length > 1) return;
      delete event.Records[0]?.dynamodb;
      throw new Error('broken');
    });
    await mapping.idle();
    expect(events[1]).toBe(events[0]);
  });
});

describe.concurrent('Records', () => {
  test('come in order, each once, in batches of at most the batch size (E1, E11)', async ({ expect }) => {
    const table = await createTable();
    const keys = Array.from({ length: 25 }, (_, index) => `key-${index}`);
    const batches: (string | undefined)[][] = [];
    await put(table, ...keys);
    const mapping = await startMapping(table, (event) => void batches.push(keysOf(event)), { batchSize: 10 });
    await mapping.idle();
    expect(batches.flat()).toEqual(keys);
    expect(batches.map(({ length }) => length)).toEqual([10, 10, 5]);
  });

  test('that were written before a mapping with LATEST are not delivered, and all after it are (E10)', async ({
    expect,
  }) => {
    const table = await createTable();
    const seen: (string | undefined)[] = [];
    await put(table, 'before');
    const mapping = await startMapping(table, (event) => void seen.push(...keysOf(event)), {
      startingPosition: 'LATEST',
    });
    await put(table, 'after');
    await mapping.idle();
    expect(seen).toEqual(['after']);
  });

  test('are gathered during the batching window (E11)', async ({ expect }) => {
    const table = await createTable();
    const batches: (string | undefined)[][] = [];
    const mapping = await startMapping(table, (event) => void batches.push(keysOf(event)), {
      batchingWindowSeconds: 1,
    });
    const start = Date.now();
    await put(table, 'one', 'two', 'three');
    await mapping.idle();
    expect(batches).toEqual([['one', 'two', 'three']]);
    expect(Date.now() - start).toBeGreaterThan(900);
  });

  test('above 6 MB become several events before the window ends (E11)', async ({ expect }) => {
    const table = await createTable();
    const batches: number[] = [];
    for (let index = 0; index < 20; index += 1) {
      const Item = { pk: { S: `key-${index}` }, text: { S: 'x'.repeat(390_000) } };
      await dynamodb.send(new PutItemCommand({ TableName: table.name, Item }));
    }
    const start = Date.now();
    const mapping = await startMapping(table, ({ Records }) => void batches.push(Records.length), {
      batchingWindowSeconds: 20,
    });
    await mapping.idle();
    expect(batches.slice(0, 2)).toEqual([16, 4]);
    expect(Date.now() - start).toBeLessThan(10_000);
  });
});

describe.concurrent('A batch that fails', () => {
  test('holds back what follows it in the shard until it succeeds (E4)', async ({ expect }) => {
    const table = await createTable();
    const batches: (string | undefined)[][] = [];
    await put(table, 'one', 'two');
    const mapping = await startMapping(
      table,
      (event) => {
        batches.push(keysOf(event));
        if (batches.length < 3) throw new Error('broken');
      },
      { batchSize: 1 },
    );
    await mapping.idle();
    expect(batches).toEqual([['one'], ['one'], ['one'], ['two']]);
  });

  test('in part is delivered again from the lowest record that the answer names (E5, finding 12)', async ({
    expect,
  }) => {
    const table = await createTable();
    const batches: (string | undefined)[][] = [];
    await put(table, 'one', 'two', 'three', 'four');
    const mapping = await startMapping(table, (event) => {
      batches.push(keysOf(event));
      if (batches.length > 1) return {};
      const failed = ['four', 'two'].map((key) => ({ itemIdentifier: sequenceNumberOf(event, key) }));
      return { batchItemFailures: failed };
    });
    await mapping.idle();
    expect(batches).toEqual([
      ['one', 'two', 'three', 'four'],
      ['two', 'three', 'four'],
    ]);
  });

  test.for([
    ['throws', new Error('broken'), 'Unhandled'],
    ['names an unknown record', { batchItemFailures: [{ itemIdentifier: 'unknown' }] }, null],
    ['names a record by an empty text', { batchItemFailures: [{ itemIdentifier: '' }] }, null],
    ['names a record by null', { batchItemFailures: [{ itemIdentifier: null }] }, null],
    ['names a record under a wrong key', { batchItemFailures: [{ foo: 'notvalid' }] }, null],
  ] as const)(
    'as a whole because the function %s is told to a queue, without its records (recorded, E7)',
    async ([_what, answer, functionError], { expect }) => {
      const table = await createTable();
      const { QueueUrl } = await sqs.send(
        new CreateQueueCommand({ QueueName: `failures-${crypto.randomUUID()}` }),
      );
      const eventSourceArn = awsStreamArn(table.streamArn);
      const events: DynamoDBStreamEvent[] = [];
      await put(table, 'one', 'two');
      const mapping = await startMapping(
        table,
        (event) => {
          events.push(event);
          if (answer instanceof Error) throw answer;
          return answer;
        },
        {
          maximumRetryAttempts: 1,
          onFailure: failureDestination({
            destinationArn: 'arn:aws:sqs:eu-west-1:000000000000:failures',
            functionName: 'publisher',
            eventSourceArn,
            sqs: apis.sqs.call,
            s3,
            queueUrl: () => QueueUrl as string,
          }),
        },
      );
      await mapping.idle();
      expect(events).toHaveLength(2);
      const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      expect(Messages?.map(({ Body }) => JSON.parse(Body as string))).toEqual([
        {
          requestContext: {
            requestId: expect.any(String),
            functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:publisher',
            condition: 'RetryAttemptsExhausted',
            approximateInvokeCount: 2,
          },
          responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError },
          version: '1.0',
          timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          DDBStreamBatchInfo: {
            shardId: expect.stringMatching(/^shardId-/),
            startSequenceNumber: sequenceNumberOf(events[0] as DynamoDBStreamEvent, 'one'),
            endSequenceNumber: sequenceNumberOf(events[0] as DynamoDBStreamEvent, 'two'),
            approximateArrivalOfFirstRecord: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
            approximateArrivalOfLastRecord: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
            batchSize: 2,
            streamArn: eventSourceArn,
          },
        },
      ]);
    },
  );

  test('is kept in a bucket with its records, and what follows goes on (E7, finding 10)', async ({
    expect,
  }) => {
    const table = await createTable();
    const Bucket = `failures-${crypto.randomUUID()}`;
    await s3.send(new CreateBucketCommand({ Bucket }));
    const batches: DynamoDBStreamEvent[] = [];
    await put(table, 'one', 'poison', 'three');
    const mapping = await startMapping(
      table,
      (event) => {
        batches.push(event);
        if (keysOf(event).includes('poison')) throw new Error('broken');
      },
      {
        maximumRetryAttempts: 0,
        bisectsBatchOnFunctionError: true,
        onFailure: failureDestination({
          destinationArn: `arn:aws:s3:::${Bucket}`,
          functionName: 'publisher',
          eventSourceArn: awsStreamArn(table.streamArn),
          sqs: apis.sqs.call,
          s3,
          queueUrl: (name) => name,
        }),
      },
    );
    await mapping.idle();
    expect(batches.map(keysOf)).toEqual([
      ['one', 'poison', 'three'],
      ['one', 'poison'],
      ['one'],
      ['poison'],
      ['three'],
    ]);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents).toHaveLength(1);
    const Key = Contents?.[0]?.Key as string;
    expect(Key).toMatch(
      /^aws\/lambda\/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\/shardId-[^/]+\/\d{4}\/\d\d\/\d\d\/\d{4}-\d\d-\d\dT\d\d\.\d\d\.\d\d-[\da-f-]{36}$/,
    );
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    expect(JSON.parse((await Body?.transformToString()) as string)).toMatchObject({
      requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 1 },
      DDBStreamBatchInfo: { batchSize: 1 },
      payload: { Records: JSON.parse(JSON.stringify(batches[3]?.Records)) },
    });
  });

  test('and cannot be kept is reported, and what follows goes on', async ({ expect }) => {
    const table = await createTable();
    const seen: (string | undefined)[] = [];
    const errors: string[] = [];
    await put(table, 'poison', 'two');
    const mapping = await startMapping(
      table,
      (event) => {
        seen.push(...keysOf(event));
        if (keysOf(event).includes('poison')) throw new Error('broken');
      },
      {
        batchSize: 1,
        maximumRetryAttempts: 0,
        onFailure: () => Promise.reject(new Error('no such bucket')),
        onError: ({ message }) => errors.push(message),
      },
    );
    await mapping.idle();
    expect(seen).toEqual(['poison', 'two']);
    expect(errors).toEqual([
      'Records that publisher gave up could not be kept.',
      expect.stringMatching(/^publisher gave up 1 records of shardId-.*: RetryAttemptsExhausted\.$/),
    ]);
  });
});

describe.concurrent('A mapping that starts again', () => {
  test('goes on where it stopped', async ({ expect }) => {
    const table = await createTable();
    const seen: (string | undefined)[] = [];
    await put(table, 'one');
    const first = await startMapping(table, (event) => void seen.push(...keysOf(event)));
    await first.idle();
    await first.stop();
    await put(table, 'two');
    const second = await startMapping(table, (event) => void seen.push(...keysOf(event)));
    await second.idle();
    expect(seen).toEqual(['one', 'two']);
  });

  test('delivers again what it had not finished', async ({ expect }) => {
    const table = await createTable();
    const seen: (string | undefined)[] = [];
    const failed = Promise.withResolvers<void>();
    await put(table, 'one', 'two');
    const first = await startMapping(table, (event) => {
      seen.push(...keysOf(event));
      failed.resolve();
      return { batchItemFailures: [{ itemIdentifier: sequenceNumberOf(event, 'two') }] };
    });
    await failed.promise;
    await first.stop();
    const second = await startMapping(table, (event) => void seen.push(...keysOf(event)));
    await second.idle();
    expect(seen).toEqual(['one', 'two', 'two']);
  });

  test('under another function reads the stream from its beginning', async ({ expect }) => {
    const table = await createTable();
    const seen: (string | undefined)[] = [];
    await put(table, 'one');
    for (const functionName of ['publisher', 'projector']) {
      const mapping = await startMapping(table, (event) => void seen.push(...keysOf(event)), {
        functionName,
      });
      await mapping.idle();
    }
    expect(seen).toEqual(['one', 'one']);
  });
});

test('A batch that was processed comes again when it could not be noted (E3)', async ({ expect }) => {
  const table = await createTable();
  const seen: (string | undefined)[] = [];
  let failures = 0;
  const failsOnce: Call = async (operation, input) => {
    if (operation !== 'PutItem' || failures > 0) return apis.dynamodb.call(operation, input);
    failures += 1;
    throw new Error('connection reset');
  };
  await put(table, 'one');
  const mapping = await startMapping(table, (event) => void seen.push(...keysOf(event)), {
    dynamodb: failsOnce,
  });
  await mapping.idle();
  expect(seen).toEqual(['one', 'one']);
});

test('Stopping lets the batch that runs end, and notes it', async ({ expect }) => {
  const table = await createTable();
  const seen: (string | undefined)[] = [];
  const happened: string[] = [];
  const [running, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const observed: Call = async <Answer>(operation: string, input: object) => {
    const answer = await apis.dynamodb.call<Answer>(operation, input);
    if (operation === 'PutItem') happened.push('noted');
    return answer;
  };
  await put(table, 'one');
  const first = await startMapping(
    table,
    async (event) => {
      seen.push(...keysOf(event));
      running.resolve();
      await end.promise;
      happened.push('ended');
    },
    { dynamodb: observed },
  );
  await running.promise;
  const stopping = first.stop().then(() => happened.push('stopped'));
  // When this has been written, a mapping that waits for nothing has stopped.
  await put(table, 'two');
  end.resolve();
  await stopping;
  expect(happened).toEqual(['ended', 'noted', 'stopped']);
  const second = await startMapping(table, (event) => void seen.push(...keysOf(event)));
  await second.idle();
  expect(seen).toEqual(['one', 'two']);
});

describe.concurrent('What a filter leaves out (E12)', () => {
  const isFinding = (record: unknown) =>
    (record as DynamoDBStreamEvent['Records'][0]).dynamodb?.Keys?.pk?.S?.startsWith('finding:') ?? false;

  test('runs no function', async ({ expect }) => {
    const table = await createTable();
    await put(table, 'one', 'finding:two', 'three', 'finding:four', 'five');
    const seen: unknown[] = [];
    const mapping = await startMapping(table, (event) => void seen.push(...keysOf(event)), {
      filter: isFinding,
    });
    await put(table, 'six');
    await mapping.idle();
    expect(seen).toEqual(['finding:two', 'finding:four']);
  });

  test('is skipped for ever, also by a mapping that starts again without the filter', async ({ expect }) => {
    const table = await createTable();
    await put(table, 'finding:one', 'two');
    const seen: unknown[] = [];
    const see = (event: DynamoDBStreamEvent) => void seen.push(...keysOf(event));
    const filtered = await startMapping(table, see, { filter: isFinding });
    await filtered.idle();
    await filtered.stop();
    await put(table, 'three');
    await (await startMapping(table, see)).idle();
    expect(seen).toEqual(['finding:one', 'three']);
  });
});
