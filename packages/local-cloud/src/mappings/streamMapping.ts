import type { Call } from '../emulators/jsonApi.ts';
import { endOfShard, openCheckpoints, type Position } from './checkpoints.ts';
import type { StreamMappingProperties } from './eventSourceMapping.ts';
import { deliverBatch, type Invoker, type Mapping, pause } from './invocation.ts';
import { type ReadRecord, readShard, type ShardReader } from './shardReader.ts';
import { deliverInOrder, type GivenUp } from './streamDelivery.ts';

export type StreamMappingOptions = Invoker &
  Omit<StreamMappingProperties, 'source' | 'enabled' | 'onFailureArn'> & {
    dynamodb: Call;
    streams: Call;
    /** The stream's ARN in the emulator; the function gets `eventSourceArn`. */
    streamArn: string;
    /** Stores records that are given up. Its errors are reported and stop nothing. */
    onFailure?: ((records: ReadRecord[], shardId: string, why: GivenUp) => Promise<void>) | undefined;
  };

type Shard = { ShardId: string; ParentShardId?: string };

/** New shards are looked for when one ends, and at this interval. */
const discoveryIntervalMs = 10_000;

/**
 * Delivers the records of a DynamoDB stream to a function, as Lambda does:
 *
 * - each shard by itself and in order, one batch at a time: a blocked shard blocks no other (E1, E4);
 * - a shard after its parent has been processed to its end (E1);
 * - from the oldest record, or from records written after the mapping started (E10), or from where it stopped.
 *   Records that were not known to be processed are delivered again (E3).
 *
 * streamDelivery.ts handles batches that fail. Resolves when the starting positions of the shards are determined:
 * from then on no record is missed.
 */
export async function startStreamMapping(options: StreamMappingOptions): Promise<Mapping> {
  const { dynamodb, streams, streamArn, functionName } = options;
  const onError = options.onError ?? console.error;
  const stopping = new AbortController();
  const checkpoints = await openCheckpoints(dynamodb, functionName, streamArn);
  const positions = await checkpoints.load();
  const readers = new Map<string, ShardReader>();
  let deliveries = 0;

  if (options.startingPosition === 'LATEST' && positions.size === 0) await startAtLatest();
  else await startReaders();
  let discovery = Promise.resolve();
  const rediscovery = rediscover();

  return {
    async stop() {
      stopping.abort();
      await rediscovery;
      await Promise.all([...readers.values()].map(({ ended }) => ended));
      await discovery;
    },
    async idle() {
      for (let settled = false; !settled; ) {
        const before = { deliveries, discovery };
        await discovery;
        await Promise.all([...readers.values()].map((reader) => reader.caughtUp()));
        settled = deliveries === before.deliveries && discovery === before.discovery;
      }
    },
  };

  async function rediscover(): Promise<void> {
    while (!stopping.signal.aborted) {
      await pause(discoveryIntervalMs, stopping.signal);
      discover();
    }
  }

  function discover(): void {
    discovery = discovery.then(async () => {
      if (stopping.signal.aborted) return;
      try {
        await startReaders();
      } catch (error) {
        onError(
          new Error(`Looking for shards of ${streamArn} failed, and is tried again.`, { cause: error }),
        );
      }
    });
  }

  /** A shard with children is closed: nothing is written to it any more. */
  async function startAtLatest(): Promise<void> {
    const shards = await describeShards();
    const continued = new Set(shards.map(({ ParentShardId }) => ParentShardId));
    for (const { ShardId: id } of shards) {
      if (continued.has(id)) positions.set(id, endOfShard);
      else readers.set(id, await start(id, 'LATEST'));
    }
  }

  async function startReaders(): Promise<void> {
    const shards = await describeShards();
    const present = new Set(shards.map(({ ShardId }) => ShardId));
    for (const { ShardId: id, ParentShardId } of shards) {
      const followsOn =
        ParentShardId === undefined ||
        !present.has(ParentShardId) ||
        positions.get(ParentShardId) === endOfShard;
      if (readers.has(id) || positions.get(id) === endOfShard || !followsOn) continue;
      readers.set(id, await start(id, positions.get(id) ?? 'TRIM_HORIZON'));
    }
  }

  async function start(
    shardId: string,
    position: Position | 'TRIM_HORIZON' | 'LATEST',
  ): Promise<ShardReader> {
    return readShard({
      streams,
      streamArn,
      shardId,
      position,
      batchSize: options.batchSize,
      batchingWindowSeconds: options.batchingWindowSeconds,
      stopping: stopping.signal,
      onError,
      deliver: (records) => deliver(shardId, records),
      async onEnd() {
        await save(shardId, endOfShard);
        readers.delete(shardId);
        discover();
      },
    });
  }

  /** Records that do not pass the filter are skipped for ever (E12). */
  async function deliver(shardId: string, batch: ReadRecord[]): Promise<void> {
    const passing = batch.filter(({ event }) => options.filter(event));
    if (passing.length > 0) await deliverPassing(shardId, passing);
    if (passing.at(-1) !== batch.at(-1)) await save(shardId, batch.at(-1)?.sequenceNumber as string);
  }

  async function deliverPassing(shardId: string, batch: ReadRecord[]): Promise<void> {
    deliveries += 1;
    await deliverInOrder(batch, {
      bisectsBatchOnFunctionError: options.bisectsBatchOnFunctionError,
      maximumRetryAttempts: options.maximumRetryAttempts,
      maximumRecordAgeSeconds: options.maximumRecordAgeSeconds,
      deliver: (records) =>
        deliverBatch(
          options,
          // A copy: a handler's changes to its event must not be in the retry.
          { Records: structuredClone(records.map(({ event }) => event)) },
          records.map(({ sequenceNumber }) => sequenceNumber),
        ),
      done: (records) => save(shardId, records.at(-1)?.sequenceNumber as string),
      async giveUp(records, why) {
        try {
          await options.onFailure?.(records, shardId, why);
        } catch (error) {
          onError(new Error(`Records that ${functionName} gave up could not be kept.`, { cause: error }));
        }
        onError(
          new Error(`${functionName} gave up ${records.length} records of ${shardId}: ${why.condition}.`),
        );
      },
      async wait(durationMs) {
        await pause(durationMs, stopping.signal);
        stopping.signal.throwIfAborted();
      },
    });
  }

  async function save(shardId: string, position: Position): Promise<void> {
    await checkpoints.save(shardId, position);
    positions.set(shardId, position);
  }

  async function describeShards(): Promise<Shard[]> {
    const shards: Shard[] = [];
    for (let ExclusiveStartShardId: string | undefined; ; ) {
      const { StreamDescription }: Description = await streams('DescribeStream', {
        StreamArn: streamArn,
        ExclusiveStartShardId,
      });
      shards.push(...(StreamDescription.Shards ?? []));
      ExclusiveStartShardId = StreamDescription.LastEvaluatedShardId;
      if (!ExclusiveStartShardId) return shards;
    }
  }
}

type Description = { StreamDescription: { Shards?: Shard[]; LastEvaluatedShardId?: string } };
