import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { type Emulators, startEmulators } from '../emulators/emulators.ts';
import { packageService } from '../templates/packagedTemplates.ts';
import { provision } from '../templates/provision.ts';
import { type Resource, resolveTemplate } from '../templates/template.ts';
import type { Invocation, Mapping } from './invocation.ts';
import { lambdaFunctions, type MappingsOptions, startMappings } from './mappings.ts';
import { startQueueMapping } from './queueMapping.ts';
import { startStreamMapping } from './streamMapping.ts';
import { MappingInUse } from './switchableMapping.ts';

// As they are, but observed.
vi.mock('./queueMapping.ts', { spy: true });
vi.mock('./streamMapping.ts', { spy: true });

let emulators: Emulators;
let resources: Record<string, Resource>;
let dynamodb: DynamoDBClient;
let sns: SNSClient;

beforeAll(async () => {
  emulators = await startEmulators();
  const { aws } = emulators.endpoints;
  resources = resolveTemplate(await packageService(`${import.meta.dirname}/../../fixtures/mapped`), aws);
  dynamodb = new DynamoDBClient(clientConfiguration(emulators.endpoints.dynamodb));
  sns = new SNSClient(clientConfiguration(aws));
  await provision(resources, emulators.endpoints);
});

afterAll(() => emulators.stop());

async function start(rest: Partial<MappingsOptions>) {
  const mappings = await startMappings({
    resources,
    endpoints: emulators.endpoints,
    invoke: async () => {},
    ...rest,
  });
  onTestFinished(() => mappings.stop());
  return mappings;
}

/** Publishes to the topic what was written into the table, and remembers what was consumed. */
function handlers(received: string[]): Record<string, (event: never) => Promise<unknown>> {
  return {
    'mapped-local-publisher': async ({ Records }: DynamoDBStreamEvent) => {
      for (const { dynamodb } of Records) {
        await sns.send(
          new PublishCommand({
            TopicArn: 'arn:aws:sns:eu-west-1:000000000000:mapped-bus',
            Message: dynamodb?.Keys?.pk?.S,
            MessageAttributes: { type: { DataType: 'String', StringValue: 'thing.made.v1' } },
          }),
        );
      }
    },
    'mapped-local-consumer': async ({ Records }: SQSEvent) => {
      received.push(...Records.map(({ body }) => body));
    },
  };
}

test('What is written into a table travels by its stream, a topic and a queue to a function', async () => {
  const received: string[] = [];
  const invocations: Invocation[] = [];
  const functions = handlers(received);
  const mappings = await start({
    invoke: async (name, event) => functions[name]?.(event as never),
    onInvocation: (invocation) => invocations.push(invocation),
  });
  await dynamodb.send(new PutItemCommand({ TableName: 'mapped-table', Item: { pk: { S: 'one' } } }));
  await mappings.idle();
  expect(received).toEqual(['one']);
  expect(invocations).toMatchObject([
    {
      functionName: 'mapped-local-publisher',
      eventSourceArn: expect.stringContaining(
        'arn:aws:dynamodb:eu-west-1:000000000000:table/mapped-table/stream/',
      ),
      itemIdentifiers: [expect.any(String)],
      status: 'succeeded',
    },
    {
      functionName: 'mapped-local-consumer',
      eventSourceArn: 'arn:aws:sqs:eu-west-1:000000000000:mapped-queue',
      itemIdentifiers: [expect.any(String)],
      status: 'succeeded',
    },
  ]);
});

test('A mapping that is disabled leaves what comes where it is, and goes on with it when it is enabled', async () => {
  const received: string[] = [];
  const functions = handlers(received);
  const asked: string[] = [];
  const ended = Promise.withResolvers<void>();
  const mappings = await start({
    async invoke(name, event) {
      asked.push(name);
      if (name === 'mapped-local-consumer') await ended.promise;
      await functions[name]?.(event as never);
    },
  });
  const consumer = mappings.all.find(({ functionName }) => functionName.endsWith('consumer'));
  const publisher = mappings.all.find(({ functionName }) => functionName.endsWith('publisher'));
  if (!consumer || !publisher) throw new Error('The template has a consumer and a publisher.');
  const put = (pk: string) =>
    dynamodb.send(new PutItemCommand({ TableName: 'mapped-table', Item: { pk: { S: pk } } }));
  await put('before');
  await vi.waitUntil(() => asked.includes('mapped-local-consumer'), 10_000);
  consumer.update(false);
  // What runs already ends first, and meanwhile nobody can switch it.
  expect(consumer.state).toBe('Disabling');
  expect(() => consumer.update(true)).toThrow(MappingInUse);
  ended.resolve();
  await vi.waitUntil(() => consumer.state === 'Disabled', 10_000);
  expect(received).toEqual(['before']);
  consumer.update(false);
  expect(consumer.state).toBe('Disabled');

  await put('meanwhile');
  await publisher.idle();
  publisher.update(false);
  await vi.waitUntil(() => publisher.state === 'Disabled', 10_000);
  await put('unpublished');
  consumer.update(true);
  expect(consumer.state).toBe('Enabling');
  await mappings.idle();
  expect([consumer.state, received]).toEqual(['Enabled', ['before', 'meanwhile']]);
  publisher.update(true);
  await mappings.idle();
  expect(received).toEqual(['before', 'meanwhile', 'unpublished']);
});

/** Observes when the mapping that was started last is idle. */
async function idleOf(startMapping: typeof startQueueMapping | typeof startStreamMapping) {
  const mapping: Mapping = await vi.mocked(startMapping).mock.results.at(-1)?.value;
  return vi.spyOn(mapping, 'idle');
}

test('Mappings are idle when all events between functions have been handled', async () => {
  const received: string[] = [];
  const functions = handlers(received);
  const asked = Promise.withResolvers<void>();
  const mappings = await start({
    async invoke(name, event) {
      await asked.promise;
      // A function runs when the other one's source has reported that it is drained: too early, as this one will write to it.
      const drained = name === 'mapped-local-consumer' ? streamIdle : queueIdle;
      await drained.mock.results.at(-1)?.value;
      await functions[name]?.(event as never);
      // What is consumed is written again, twice.
      if (name !== 'mapped-local-consumer' || received.length > 2) return;
      await dynamodb.send(
        new PutItemCommand({ TableName: 'mapped-table', Item: { pk: { S: `echo ${received.length}` } } }),
      );
    },
  });
  const [queueIdle, streamIdle] = [await idleOf(startQueueMapping), await idleOf(startStreamMapping)];
  await dynamodb.send(new PutItemCommand({ TableName: 'mapped-table', Item: { pk: { S: 'call' } } }));
  const idle = mappings.idle();
  asked.resolve();
  await idle;
  expect(received).toEqual(['call', 'echo 1', 'echo 2']);
});

test('Mappings go on where they were when the emulators were away, on data that is kept', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'fanfold-mappings-'));
  onTestFinished(() => rm(dataFolder, { recursive: true }));
  const first = await startEmulators({ dataFolder });
  const { endpoints } = first;
  const table = new DynamoDBClient(clientConfiguration(endpoints.dynamodb));
  const put = (pk: string) =>
    table.send(new PutItemCommand({ TableName: 'mapped-table', Item: { pk: { S: pk } } }));
  await provision(resources, endpoints);
  const published: (string | undefined)[] = [];
  const away = Promise.withResolvers<void>();
  const options: Partial<MappingsOptions> = {
    endpoints,
    async invoke(name, event) {
      if (name !== 'mapped-local-publisher') return;
      const { Records } = event as DynamoDBStreamEvent;
      published.push(...Records.map(({ dynamodb }) => dynamodb?.Keys?.pk?.S));
    },
    onError: () => away.resolve(),
  };
  const mappings = await start(options);
  await put('one');
  await mappings.idle();
  await first.stop();
  await away.promise;

  const port = Number(new URL(endpoints.aws).port);
  const dynamodbPort = Number(new URL(endpoints.dynamodb).port);
  const second = await startEmulators({ port, dynamodbPort, dataFolder });
  onTestFinished(() => second.stop());
  await provision(resources, second.endpoints);
  await put('two');
  await mappings.idle();
  expect(published).toEqual(['one', 'two']);

  await mappings.stop();
  await put('three');
  const next = await start(options);
  await next.idle();
  expect(published).toEqual(['one', 'two', 'three']);
});

/** Beside the publisher, which gets findings, a second function on the stream: the watcher gets some heads. */
function withWatcher(properties: object): Record<string, Resource> {
  const filterBy = (pattern: object) => ({ Filters: [{ Pattern: JSON.stringify(pattern) }] });
  const publisher = resources.PublisherEventSourceMappingDynamodbTable as Resource;
  const { DestinationConfig: _kept, ...common } = publisher.Properties;
  const findings = { dynamodb: { Keys: { pk: { S: [{ prefix: 'finding:' }] } } } };
  const heads = {
    dynamodb: { Keys: { pk: { S: ['head'] } }, NewImage: { completesTile: { BOOL: [true] } } },
  };
  return {
    ...resources,
    PublisherEventSourceMappingDynamodbTable: {
      ...publisher,
      Properties: { ...publisher.Properties, FilterCriteria: filterBy(findings) },
    },
    WatcherLambdaFunction: {
      Type: 'AWS::Lambda::Function',
      Properties: { FunctionName: 'mapped-local-watcher', Timeout: 5 },
    },
    WatcherEventSourceMappingDynamodbTable: {
      ...publisher,
      Properties: {
        ...common,
        ...properties,
        FunctionName: 'mapped-local-watcher',
        FilterCriteria: filterBy(heads),
      },
    },
  };
}

const putItem = (item: Record<string, AttributeValue>) =>
  dynamodb.send(new PutItemCommand({ TableName: 'mapped-table', Item: item }));

test('Two functions on one stream each get the records that pass their own filter', async () => {
  const received: Record<string, unknown[]> = {};
  const mappings = await start({
    resources: withWatcher({ MaximumBatchingWindowInSeconds: 1 }),
    async invoke(name, event) {
      const items = (event as DynamoDBStreamEvent).Records.map(({ dynamodb }) => dynamodb?.NewImage);
      received[name] = [...(received[name] ?? []), ...items];
    },
  });
  const head = { pk: { S: 'head' } };
  const finding = { pk: { S: 'finding:acme' }, completesTile: { BOOL: true } };
  const completing = { ...head, completesTile: { BOOL: true } };
  await putItem(head);
  await putItem({ ...head, completesTile: { BOOL: false } });
  await putItem({ ...head, completesTile: { S: 'true' } });
  await putItem(finding);
  await putItem(completing);
  await putItem({ ...completing, pk: { S: 'headline' } });
  await dynamodb.send(new DeleteItemCommand({ TableName: 'mapped-table', Key: head }));
  await mappings.idle();
  expect(received).toEqual({ 'mapped-local-publisher': [finding], 'mapped-local-watcher': [completing] });
});

test('A mapping without a destination for what it gives up says so, and goes on', async () => {
  const errors: string[] = [];
  const received: unknown[] = [];
  const mappings = await start({
    resources: withWatcher({ MaximumRetryAttempts: 0 }),
    async invoke(name, event) {
      if (name !== 'mapped-local-watcher') return;
      const [record] = (event as DynamoDBStreamEvent).Records;
      received.push(record?.dynamodb?.NewImage?.size?.N);
      if (received.length === 1) throw new Error('fails');
    },
    onError: ({ message }) => errors.push(message),
  });
  for (const N of ['1', '2']) {
    await putItem({ pk: { S: 'head' }, completesTile: { BOOL: true }, size: { N } });
    await mappings.idle();
  }
  expect(received).toEqual(['1', '2']);
  expect(errors).toEqual([
    expect.stringMatching(/^mapped-local-watcher gave up 1 records of .*: RetryAttemptsExhausted\.$/),
  ]);
});

test('A mapping that is not enabled is not run', async () => {
  const changed = structuredClone(resources);
  for (const { Type, Properties } of Object.values(changed)) {
    if (Type === 'AWS::Lambda::EventSourceMapping') Properties.Enabled = false;
  }
  const invocations: Invocation[] = [];
  const mappings = await start({ resources: changed, onInvocation: (one) => invocations.push(one) });
  await dynamodb.send(new PutItemCommand({ TableName: 'mapped-table', Item: { pk: { S: 'two' } } }));
  await mappings.idle();
  expect(invocations).toEqual([]);
});

test.each([
  [
    'a function whose timeout is longer than the visibility timeout of its queue',
    'ConsumerLambdaFunction',
    { Timeout: 31 },
    'AWS refuses to map mapped-queue to mapped-local-consumer',
  ],
  [
    'no such function',
    'ConsumerLambdaFunction',
    { FunctionName: 'other' },
    'names mapped-local-consumer, which is no',
  ],
  [
    'a stream of a table that has none',
    'PublisherEventSourceMappingDynamodbTable',
    {
      EventSourceArn:
        'arn:aws:dynamodb:eu-west-1:000000000000:table/event-source-mapping-checkpoints/stream/local',
    },
    'event-source-mapping-checkpoints has no stream for mapped-local-publisher to read.',
  ],
])('A mapping with %s is refused (Q8)', async (_what, logicalId, properties, message) => {
  const changed = structuredClone(resources);
  Object.assign((changed[logicalId] as Resource).Properties, properties);
  await expect(start({ resources: changed })).rejects.toThrow(message);
});

test('Functions are known by their names in serverless.yml and in Lambda', () => {
  expect(lambdaFunctions(resources)).toContainEqual({
    logicalId: 'ConsumerLambdaFunction',
    key: 'consumer',
    name: 'mapped-local-consumer',
    timeoutMs: 5_000,
  });
});
