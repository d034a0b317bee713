import { setTimeout as waitFor } from 'node:timers/promises';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { expect, onTestFinished, test } from 'vitest';
import type { Call } from '../emulators/jsonApi.ts';
import { type StreamMappingOptions, startStreamMapping } from './streamMapping.ts';

// The emulator has one shard per stream and keeps iterators and records for ever. AWS does not: what follows has to be
// shown on answers that only AWS gives.

type FakeShard = { ShardId: string; ParentShardId?: string; records: string[]; closed?: boolean };

type Input = {
  ShardId: string;
  ShardIteratorType: 'TRIM_HORIZON' | 'LATEST' | 'AFTER_SEQUENCE_NUMBER';
  SequenceNumber: string;
  ShardIterator: string;
  Limit: number;
  Item: { position: { S: string } };
};

/** A stream whose iterators are `<shard>/<index of the next record>`, and what answers each call: a test may change that. */
function fakeStream(shards: FakeShard[]) {
  const answers: Record<string, (input: Input) => object> = {
    DescribeStream: () => ({
      StreamDescription: { Shards: shards.map(({ records, closed, ...shard }) => shard) },
    }),
    GetShardIterator({ ShardId, ShardIteratorType, SequenceNumber }) {
      const { records = [] } = shards.find((shard) => shard.ShardId === ShardId) ?? {};
      const index = {
        TRIM_HORIZON: 0,
        LATEST: records.length,
        AFTER_SEQUENCE_NUMBER: records.indexOf(SequenceNumber) + 1,
      }[ShardIteratorType];
      return { ShardIterator: `${ShardId}/${index}` };
    },
    GetRecords: getRecords,
  };
  function getRecords({ ShardIterator, Limit }: Input) {
    const [ShardId, index] = ShardIterator.split('/') as [string, string];
    const { records, closed } = shards.find((shard) => shard.ShardId === ShardId) as FakeShard;
    const found = records.slice(Number(index), Number(index) + Limit);
    const next = Number(index) + found.length;
    return {
      Records: found.map((SequenceNumber) => ({
        dynamodb: { SequenceNumber, ApproximateCreationDateTime: Date.now() / 1_000 },
      })),
      NextShardIterator: closed && next === records.length ? undefined : `${ShardId}/${next}`,
    };
  }
  const call: Call = async <Answer>(operation: string, input: object) =>
    (answers[operation]?.(input as Input) ?? {}) as Answer;
  return { call, answers, getRecords };
}

/** Runs a mapping over the fake stream and tells which records were delivered, in order. */
async function startMapping(
  { call }: { call: Call },
  handler: (sequenceNumbers: string[]) => unknown,
  rest: Partial<StreamMappingOptions> = {},
) {
  const mapping = await startStreamMapping({
    dynamodb: call,
    streams: call,
    streamArn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/things/stream/1',
    functionName: 'publisher',
    eventSourceArn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/things/stream/1',
    batchSize: 1,
    batchingWindowSeconds: 0,
    startingPosition: 'TRIM_HORIZON',
    bisectsBatchOnFunctionError: false,
    maximumRetryAttempts: -1,
    maximumRecordAgeSeconds: -1,
    reportsBatchItemFailures: true,
    filter: () => true,
    onError: () => {},
    invoke: async (event) =>
      handler(
        (event as DynamoDBStreamEvent).Records.map(({ dynamodb }) => dynamodb?.SequenceNumber as string),
      ),
    ...rest,
  });
  onTestFinished(() => mapping.stop());
  return mapping;
}

test('A shard is read when the one that it continues has been processed to its end (E1)', async () => {
  const stream = fakeStream([
    { ShardId: 'child', ParentShardId: 'parent', records: ['3', '4'], closed: true },
    { ShardId: 'grandchild', ParentShardId: 'child', records: ['5'] },
    { ShardId: 'parent', ParentShardId: 'trimmed', records: ['1', '2'], closed: true },
  ]);
  const seen: string[] = [];
  const mapping = await startMapping(stream, (numbers) => {
    seen.push(...numbers);
    if (seen.length === 1) throw new Error('broken');
  });
  await mapping.idle();
  expect(seen).toEqual(['1', '1', '2', '3', '4', '5']);
});

test('A shard that is blocked blocks no other (E4)', async () => {
  const stream = fakeStream([
    { ShardId: 'blocked', records: ['1', '2'] },
    { ShardId: 'free', records: ['11', '12', '13'] },
  ]);
  const freed = Promise.withResolvers<void>();
  const seen: string[] = [];
  await startMapping(stream, (numbers) => {
    seen.push(...numbers);
    if (numbers.includes('13')) freed.resolve();
    if (numbers.includes('1')) throw new Error('broken');
  });
  await freed.promise;
  expect(seen).toEqual(expect.arrayContaining(['1', '11', '12', '13']));
  expect(seen).not.toContain('2');
});

test('With LATEST, shards that are closed already are left out, and those that follow are read from the start (E10)', async () => {
  const open: FakeShard = { ShardId: 'open', ParentShardId: 'old', records: ['2'] };
  const shards: FakeShard[] = [{ ShardId: 'old', records: ['1'], closed: true }, open];
  const stream = fakeStream(shards);
  const seen: string[] = [];
  const mapping = await startMapping(stream, (numbers) => void seen.push(...numbers), {
    startingPosition: 'LATEST',
  });
  open.records.push('3');
  open.closed = true;
  shards.push({ ShardId: 'next', ParentShardId: 'open', records: ['4'] });
  await mapping.idle();
  expect(seen).toEqual(['3', '4']);
});

test('An iterator that has expired is replaced by one behind the last record (E2)', async () => {
  const stream = fakeStream([{ ShardId: 'shard', records: ['1', '2', '3'] }]);
  let iterators = 0;
  const { GetShardIterator } = stream.answers;
  stream.answers.GetShardIterator = (input) => {
    iterators += 1;
    return GetShardIterator?.(input) ?? {};
  };
  const renewed = () => iterators > 1;
  stream.answers.GetRecords = (input) => {
    if (input.ShardIterator === 'shard/2' && !renewed()) {
      throw Object.assign(new Error('Iterator expired'), { name: 'ExpiredIteratorException' });
    }
    return stream.getRecords(input);
  };
  const seen: string[] = [];
  const mapping = await startMapping(stream, (numbers) => void seen.push(...numbers));
  await mapping.idle();
  expect(renewed()).toBe(true);
  expect(seen).toEqual(['1', '2', '3']);
});

test('Where records have been trimmed, reading goes on with the oldest that is left (E2)', async () => {
  const stream = fakeStream([{ ShardId: 'shard', records: ['1', '2', '3'] }]);
  let trimmed = false;
  stream.answers.GetRecords = (input) => {
    if (input.ShardIterator === 'shard/1' && !trimmed) {
      trimmed = true;
      throw Object.assign(new Error('Trimmed'), { name: 'TrimmedDataAccessException' });
    }
    return stream.getRecords(input);
  };
  const seen: string[] = [];
  const mapping = await startMapping(stream, (numbers) => void seen.push(...numbers));
  await mapping.idle();
  expect(seen).toEqual(['1', '1', '2', '3']);
});

test('A stream that cannot be read for a while is reported and read on', async () => {
  const stream = fakeStream([{ ShardId: 'shard', records: ['1', '2'] }]);
  const errors: string[] = [];
  stream.answers.GetRecords = (input) => {
    if (errors.length === 0) throw new Error('connection refused');
    return stream.getRecords(input);
  };
  const seen: string[] = [];
  const mapping = await startMapping(stream, (numbers) => void seen.push(...numbers), {
    onError: ({ message }) => errors.push(message),
  });
  await mapping.idle();
  expect(seen).toEqual(['1', '2']);
  expect(errors).toEqual([
    'Reading shard of arn:aws:dynamodb:eu-west-1:000000000000:table/things/stream/1 failed, and is tried again.',
  ]);
});

test('A stream that gives no new iterator for a while is reported and read on', async () => {
  const stream = fakeStream([{ ShardId: 'shard', records: ['1', '2'] }]);
  let expired = false;
  stream.answers.GetRecords = (input) => {
    if (input.ShardIterator === 'shard/1' && !expired) {
      expired = true;
      stream.answers.GetShardIterator = () => {
        if (errors.length < 2) throw new Error('connection refused');
        return { ShardIterator: 'shard/1' };
      };
      throw Object.assign(new Error('Iterator expired'), { name: 'ExpiredIteratorException' });
    }
    return stream.getRecords(input);
  };
  const seen: string[] = [];
  const errors: unknown[] = [];
  const mapping = await startMapping(stream, (numbers) => void seen.push(...numbers), {
    onError: ({ cause }) => errors.push((cause as Error).message),
  });
  await mapping.idle();
  expect(seen).toEqual(['1', '2']);
  expect(errors).toEqual(['Iterator expired', 'connection refused']);
});

test('A shard is left alone for twice as long as a delivery took, so that the next one has more records', async () => {
  const shard: FakeShard = { ShardId: 'shard', records: ['1'] };
  const stream = fakeStream([shard]);
  const ends: number[] = [];
  const waits: number[] = [];
  const readAgain = Promise.withResolvers<void>();
  stream.answers.GetRecords = (input) => {
    const endedAt = ends.at(-1);
    if (endedAt !== undefined) {
      waits.push(performance.now() - endedAt);
      readAgain.resolve();
    }
    return stream.getRecords(input);
  };
  await startMapping(
    stream,
    async () => {
      await waitFor(30);
      ends.push(performance.now());
    },
    { batchSize: 10 },
  );
  await readAgain.promise;
  // Timers may be early by a millisecond.
  expect(waits[0]).toBeGreaterThan(55);
});

test('A shard whose end cannot be stored for a while is reported, and then followed by the next one', async () => {
  const stream = fakeStream([
    { ShardId: 'parent', records: ['1'], closed: true },
    { ShardId: 'child', ParentShardId: 'parent', records: ['2'] },
  ]);
  stream.answers.PutItem = ({ Item }) => {
    if (Item.position.S === 'end' && errors.length === 0) throw new Error('connection refused');
    return {};
  };
  const seen: string[] = [];
  const errors: unknown[] = [];
  const followed = Promise.withResolvers<void>();
  await startMapping(
    stream,
    (numbers) => {
      seen.push(...numbers);
      if (numbers.includes('2')) followed.resolve();
    },
    { onError: ({ cause }) => errors.push((cause as Error).message) },
  );
  await followed.promise;
  expect(seen).toEqual(['1', '2']);
  expect(errors).toEqual(['connection refused']);
});
