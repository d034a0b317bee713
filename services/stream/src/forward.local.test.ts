import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis';
import captured from '@fanfold/contracts/examples/payment.captured.v1.json' with { type: 'json' };
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { contextWith, queueEvent } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { mockClient } from 'aws-sdk-client-mock';
import kinesalite from 'kinesalite';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Checkpoints, readNew, type StreamedEvent } from '../example/readStream.ts';
import { handler } from './functions/consumer.ts';

/** The consumer before kinesalite, which keeps records and their order, and a mock where a shard has to refuse. */
let emulators: Emulators;
const server = kinesalite({ createStreamMs: 0 });
let client: KinesisClient;
const streamName = 'fanfold-local-stream';
captureLog();

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', endpoint);
  vi.stubEnv('STREAM_NAME', streamName);
  vi.stubEnv('STREAM_TABLE_NAME', 'fanfold-local-stream');
  vi.stubEnv('EVENTS_QUEUE_URL', `${emulators.endpoints.aws}/000000000000/fanfold-local-stream-events`);
  vi.stubEnv('EVENTS_DEAD_LETTER_QUEUE_URL', `${emulators.endpoints.aws}/000000000000/dead-letters`);
  const { Stream, ...resources } = await templateOf('stream', emulators.endpoints.aws);
  await provision(resources, emulators.endpoints);
  client = new KinesisClient({ endpoint, requestHandler: new NodeHttpHandler({}) });
  await client.send(new CreateStreamCommand({ StreamName: streamName, ShardCount: 2 }));
  await vi.waitUntil(
    async () => {
      const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamName: streamName }));
      return StreamDescription?.StreamStatus === 'ACTIVE';
    },
    { timeout: 10_000 },
  );
});

afterAll(async () => {
  client?.destroy();
  server.close();
  await emulators?.stop();
  vi.unstubAllEnvs();
});

const event = (subject: string, n: number) => ({
  ...captured,
  subject,
  sequence: String(n).padStart(10, '0'),
  id: `${subject}:${n}`,
});

/** Runs the consumer for messages, and tells which of them come again. */
async function deliver(events: { id: string }[]): Promise<string[]> {
  const answer = await handler(queueEvent(events.map((each) => JSON.stringify(each))), contextWith()).catch(
    // If all failed, the function fails.
    () => ({ batchItemFailures: events.map((_, i) => ({ itemIdentifier: `message-${i}` })) }),
  );
  return answer.batchItemFailures.map(
    ({ itemIdentifier }) => events[Number(itemIdentifier.split('-')[1])]?.id ?? '',
  );
}

function reader() {
  const shards = new Map<string, string>();
  const numbers = new Map<string, number>();
  const handled: StreamedEvent[] = [];
  const checkpoints: Checkpoints = {
    read: async (shardId) => shards.get(shardId),
    write: async (shardId, sequenceNumber) => void shards.set(shardId, sequenceNumber),
    numberOf: async (subject) => numbers.get(subject) ?? 0,
    writeNumber: async (subject, number) => void numbers.set(subject, number),
  };
  return {
    shards,
    handled,
    /** The ids of a subject's events, in the order of the stream. */
    of: (subject: string) => handled.filter((each) => each.subject === subject).map(({ id }) => id),
    readNew: () => readNew(client, streamName, checkpoints, async (each) => void handled.push(each)),
  };
}

describe('the events of a subject', () => {
  test('are in the stream in their order, whatever the order of their messages, each once', async () => {
    const shuffled = [3, 1, 5, 2, 4].flatMap((n) => [event('pay_a', n), event('pay_b', n)]);
    expect(await deliver([...shuffled, event('pay_a', 1)])).toEqual([]);
    expect(await deliver([event('pay_a', 4), event('pay_a', 6)])).toEqual([]);
    const stream = reader();
    await stream.readNew();
    expect(stream.of('pay_a')).toEqual([1, 2, 3, 4, 5, 6].map((n) => `pay_a:${n}`));
    expect(stream.of('pay_b')).toEqual([1, 2, 3, 4, 5].map((n) => `pay_b:${n}`));
  });

  test('wait for the one before them, and hold up no other subject', async () => {
    expect(await deliver([event('pay_c', 2), event('pay_d', 1), event('pay_c', 3)])).toEqual([
      'pay_c:2',
      'pay_c:3',
    ]);
    expect(await deliver([event('pay_c', 1), event('pay_c', 2), event('pay_c', 3)])).toEqual([]);
    const stream = reader();
    await stream.readNew();
    expect(stream.of('pay_c')).toEqual(['pay_c:1', 'pay_c:2', 'pay_c:3']);
    expect(stream.of('pay_d')).toEqual(['pay_d:1']);
  });

  test('have nothing personal', async () => {
    await deliver([event('pay_e', 1)]);
    const stream = reader();
    await stream.readNew();
    const [found] = stream.handled.filter(({ subject }) => subject === 'pay_e');
    expect(JSON.stringify(found)).not.toContain(captured.data.customer.name);
    expect(found).toMatchObject({ data: { amountCaptured: captured.data.amountCaptured } });
  });
});

test('a reader goes on where its checkpoints say, and handles no event again', async () => {
  await deliver([event('pay_f', 1), event('pay_g', 1)]);
  const stream = reader();
  await stream.readNew();
  const before = stream.handled.length;
  await deliver([event('pay_f', 2)]);
  await stream.readNew();
  expect(stream.handled.slice(before).map(({ id }) => id)).toEqual(['pay_f:2']);
  // As if it had ended between an event and its checkpoint.
  stream.shards.clear();
  await stream.readNew();
  expect(stream.handled).toHaveLength(before + 1);
});

describe('a shard that refuses', () => {
  type Call = { Data: Uint8Array }[];
  let mock: { restore(): void } | undefined;
  afterEach(() => mock?.restore());
  const ids = (records: Call) =>
    records.map(({ Data }) => JSON.parse(Buffer.from(Data).toString()).id as string);

  /** Takes what a function says, and tells what each call had. */
  function answerWith(isTaken: (id: string, call: number) => boolean): string[][] {
    const calls: string[][] = [];
    mock?.restore();
    const kinesis = mockClient(KinesisClient);
    mock = kinesis;
    kinesis.on(PutRecordsCommand).callsFake(({ Records }: { Records: Call }) => {
      calls.push(ids(Records));
      return {
        Records: ids(Records).map((id) =>
          isTaken(id, calls.length)
            ? { SequenceNumber: '1', ShardId: 'shardId-0' }
            : { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded' },
        ),
      };
    });
    return calls;
  }

  test('gets again what it refused, before what is behind it, and nothing else', async () => {
    const calls = answerWith((id, call) => !(id === 'pay_h:1' && call === 1));
    expect(
      await deliver([event('pay_h', 1), event('pay_h', 2), event('pay_i', 1), event('pay_i', 2)]),
    ).toEqual([]);
    expect(calls).toEqual([['pay_h:1', 'pay_i:1'], ['pay_h:1', 'pay_i:2'], ['pay_h:2']]);
  });

  test('holds up its subject alone, whose messages come again from the refused one on', async () => {
    const calls = answerWith((id) => id !== 'pay_j:2');
    expect(
      await deliver([event('pay_j', 1), event('pay_j', 2), event('pay_j', 3), event('pay_k', 1)]),
    ).toEqual(['pay_j:2', 'pay_j:3']);
    expect(calls.flat().filter((id) => id === 'pay_j:2')).toHaveLength(4);
    expect(calls.flat()).not.toContain('pay_j:3');
    const again = answerWith(() => true);
    expect(await deliver([event('pay_j', 2), event('pay_j', 3)])).toEqual([]);
    expect(again).toEqual([['pay_j:2'], ['pay_j:3']]);
  });

  test('with an answer that lacks a record has not taken it', async () => {
    const kinesis = mockClient(KinesisClient);
    mock = kinesis;
    kinesis.on(PutRecordsCommand).resolves({ Records: [] });
    expect(await deliver([event('pay_l', 1)])).toEqual(['pay_l:1']);
  });
});
