import type { DynamoDBRecord } from 'aws-lambda';
import type { Call } from '../emulators/jsonApi.ts';
import type { Position } from './checkpoints.ts';
import { backoffMs, pause, splitByEventSize } from './invocation.ts';
import { lambdaRecord, type WireRecord } from './streamRecord.ts';

export type ReadRecord = { sequenceNumber: string; createdAt: Date; event: DynamoDBRecord };

export type ShardReader = {
  /** Resolves when the shard, or the mapping, has ended. */
  ended: Promise<void>;
  /** Resolves when everything that was in the shard at this call has been delivered. */
  caughtUp(): Promise<void>;
};

export type ShardReaderOptions = {
  streams: Call;
  streamArn: string;
  shardId: string;
  /** The sequence number to start after, or a position in the shard. */
  position: Position | 'TRIM_HORIZON' | 'LATEST';
  batchSize: number;
  batchingWindowSeconds: number;
  stopping: AbortSignal;
  onError: (error: Error) => void;
  /** Resolves when the batch is done. If it rejects, the batch is delivered again. */
  deliver: (batch: ReadRecord[]) => Promise<void>;
  /** Called when all of a closed shard has been delivered. If it rejects, it is called again. */
  onEnd: () => Promise<void>;
};

/** The maximum of GetRecords. */
const maximumRecordsPerRead = 1_000;

/**
 * How long to wait before the next read. After so many consecutive reads without records from 5 ms, so that a busy stream is
 * followed closely, to 200 ms, at which an idle one takes about 1 % of a core. And twice as long as the last read took, with
 * what was delivered then, up to 100 ms: on a busy machine a shard is read less often, in larger batches. Lambda itself
 * reads a shard four times a second.
 */
function delayMs(emptyReads: number, tookMs: number): number {
  return Math.max(emptyReads > 0 ? Math.min(5 * 1.2 ** emptyReads, 200) : 0, Math.min(2 * tookMs, 100));
}

/**
 * Reads one shard and delivers it batch by batch. A batch closes at its size, its window, or 6 MB (E11). Resolves
 * when the position is determined.
 */
export async function readShard(options: ShardReaderOptions): Promise<ShardReader> {
  const { streams, streamArn, shardId, batchSize, stopping, onError } = options;
  let waitingToCatchUp: (() => void)[] = [];
  let sleeping = new AbortController();
  stopping.addEventListener('abort', () => sleeping.abort());
  let ended = false;
  let lastRead = options.position;
  let iterator: string | undefined = await iteratorAt(lastRead);

  const reading = read().finally(() => {
    ended = true;
    for (const resolve of waitingToCatchUp) resolve();
  });
  return {
    ended: reading,
    caughtUp: () =>
      new Promise((resolve) => {
        if (ended) resolve();
        waitingToCatchUp.push(resolve);
        sleeping.abort();
      }),
  };

  async function read(): Promise<void> {
    let batch: ReadRecord[] = [];
    let windowEnd = 0;
    for (let emptyReads = 0; iterator !== undefined && !stopping.aborted; ) {
      const waiting = waitingToCatchUp;
      waitingToCatchUp = [];
      const readAt = performance.now();
      const limit = Math.min(batchSize - batch.length, maximumRecordsPerRead);
      const found = await nextRecords(limit);
      emptyReads = found.length > 0 ? 0 : emptyReads + 1;
      if (found.length > 0) {
        if (batch.length === 0) windowEnd = Date.now() + options.batchingWindowSeconds * 1_000;
        batch.push(...found);
      }
      const parts = splitByEventSize(batch);
      const due =
        batch.length === batchSize || Date.now() >= windowEnd || iterator === undefined || parts.length > 1;
      if (batch.length > 0 && due) {
        for (const part of parts) {
          await untilDone(`A batch of ${shardId} is delivered again.`, () => options.deliver(part));
        }
        batch = [];
      }
      if (found.length > 0 || batch.length > 0) waitingToCatchUp.push(...waiting);
      else for (const resolve of waiting) resolve();
      // A backlog is read at once, and so is what somebody waits for.
      const isBehind = found.length === limit || (found.length > 0 && waitingToCatchUp.length > 0);
      if (iterator !== undefined && !isBehind) {
        const untilWindowEnds = batch.length > 0 ? windowEnd - Date.now() : Number.POSITIVE_INFINITY;
        await sleep(Math.min(delayMs(emptyReads, performance.now() - readAt), untilWindowEnds));
      }
    }
    if (iterator === undefined && !stopping.aborted) {
      await untilDone(`That ${shardId} has ended could not be stored, and is tried again.`, options.onEnd);
    }
  }

  /** The next records. It moves the iterator behind them: undefined when the shard is closed and read. */
  async function nextRecords(limit: number): Promise<ReadRecord[]> {
    for (let failures = 1; !stopping.aborted; failures += 1) {
      try {
        iterator ??= await iteratorAt(lastRead);
        const page: Page = await streams('GetRecords', { ShardIterator: iterator, Limit: limit });
        iterator = page.NextShardIterator;
        const records = (page.Records ?? []).map((record) => ({
          sequenceNumber: record.dynamodb?.SequenceNumber as string,
          createdAt: new Date((record.dynamodb?.ApproximateCreationDateTime as number) * 1_000),
          event: lambdaRecord(record, streamArn),
        }));
        lastRead = records.at(-1)?.sequenceNumber ?? lastRead;
        return records;
      } catch (thrown) {
        const error = thrown as Error;
        onError(
          new Error(`Reading ${shardId} of ${streamArn} failed, and is tried again.`, { cause: error }),
        );
        await pause(backoffMs(failures), stopping);
        // An iterator is valid for 15 minutes, and records for 24 hours (E2).
        if (error.name === 'TrimmedDataAccessException') lastRead = 'TRIM_HORIZON';
        else if (error.name !== 'ExpiredIteratorException') continue;
        iterator = undefined;
      }
    }
    return [];
  }

  async function iteratorAt(position: ShardReaderOptions['position']): Promise<string> {
    const { ShardIterator } = await streams<{ ShardIterator: string }>('GetShardIterator', {
      StreamArn: streamArn,
      ShardId: shardId,
      ...(position === 'TRIM_HORIZON' || position === 'LATEST'
        ? { ShardIteratorType: position }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: position }),
    });
    return ShardIterator;
  }

  /** Until it succeeds, or the mapping stops. */
  async function untilDone(complaint: string, run: () => Promise<void>): Promise<void> {
    for (let failures = 1; !stopping.aborted; failures += 1) {
      try {
        await run();
        return;
      } catch (error) {
        if (stopping.aborted) return;
        onError(new Error(complaint, { cause: error }));
        await pause(backoffMs(failures), stopping);
      }
    }
  }

  async function sleep(durationMs: number): Promise<void> {
    await pause(durationMs, sleeping.signal);
    if (!stopping.aborted) sleeping = new AbortController();
  }
}

type Page = { Records?: WireRecord[]; NextShardIterator?: string };
