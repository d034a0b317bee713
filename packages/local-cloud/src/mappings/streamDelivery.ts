import { backoffMs, type Outcome } from './invocation.ts';

/** What delivery needs of a record. */
export type StreamRecord = { sequenceNumber: string; createdAt: Date };

/** Why records were given up. */
export type GivenUp = {
  condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded';
  /** How often the function was run. */
  invokeCount: number;
  /** Whether the function threw at the last run, rather than return a response that made the batch fail. */
  threw: boolean;
};

export type StreamDelivery<Record extends StreamRecord> = {
  bisectsBatchOnFunctionError: boolean;
  maximumRetryAttempts: number;
  maximumRecordAgeSeconds: number;
  /** Runs the function once. */
  deliver(records: Record[]): Promise<Outcome>;
  /** Called when these records, and all before them, need not be delivered again. */
  done(records: Record[]): Promise<void>;
  giveUp(records: Record[], why: GivenUp): Promise<void>;
  /** Waits before a retry. Rejects when there should be none. */
  wait(durationMs: number): Promise<void>;
};

/**
 * Delivers a batch of one shard's records until each has been processed or given up, in order, as Lambda does:
 *
 * - a record that fails is retried before anything after it in the shard (E4);
 * - a partial response counts up to the lowest sequence number that it names: that record and all after it are
 *   delivered again, whether they were processed or not (E5, finding 12);
 * - with bisect, a batch that fails as a whole is split in two, and one that fails in part is split where it failed.
 *   Splitting uses up no retry (E6, finding 12). A partial response that names the first record splits nothing;
 * - after 1 + maximumRetryAttempts runs the batch is given up (E7), and records that are too old are given up before
 *   the next run, while younger ones go on;
 * - a throttled run does not count (E9, finding 11).
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 *
 * @param failures of this batch so far that count.
 */
export async function deliverInOrder<Record extends StreamRecord>(
  records: Record[],
  delivery: StreamDelivery<Record>,
  failures = 0,
): Promise<void> {
  let left = records;
  let failed = failures;
  for (let throttles = 0; left.length > 0; ) {
    const tooOld = recordsOlderThan(delivery.maximumRecordAgeSeconds, left);
    if (tooOld.length > 0) {
      await delivery.giveUp(tooOld, { condition: 'RecordAgeExceeded', invokeCount: failed, threw: false });
      await delivery.done(tooOld);
      left = left.slice(tooOld.length);
      continue;
    }

    const outcome = await delivery.deliver(left);
    if (outcome.status === 'throttled') {
      throttles += 1;
      await delivery.wait(backoffMs(throttles));
      continue;
    }
    throttles = 0;
    if (outcome.status === 'succeeded') {
      await delivery.done(left);
      return;
    }

    const failedAt = left.findIndex(({ sequenceNumber }) =>
      outcome.failedItemIdentifiers.includes(sequenceNumber),
    );
    if (failedAt > 0) {
      await delivery.done(left.slice(0, failedAt));
      left = left.slice(failedAt);
      if (delivery.bisectsBatchOnFunctionError) continue;
    } else if (outcome.status === 'failed' && delivery.bisectsBatchOnFunctionError && left.length > 1) {
      const middle = Math.ceil(left.length / 2);
      await deliverInOrder(left.slice(0, middle), delivery, failed);
      left = left.slice(middle);
      continue;
    }

    failed += 1;
    if (delivery.maximumRetryAttempts >= 0 && failed > delivery.maximumRetryAttempts) {
      const threw = outcome.error !== undefined;
      await delivery.giveUp(left, { condition: 'RetryAttemptsExhausted', invokeCount: failed, threw });
      await delivery.done(left);
      return;
    }
    await delivery.wait(backoffMs(failed));
  }
}

/** A shard is in the order of creation, so these are the first ones. */
function recordsOlderThan<Record extends StreamRecord>(ageSeconds: number, records: Record[]): Record[] {
  if (ageSeconds < 0) return [];
  const oldestMs = Date.now() - ageSeconds * 1_000;
  const firstYoung = records.findIndex(({ createdAt }) => createdAt.getTime() >= oldestMs);
  return firstYoung < 0 ? records : records.slice(0, firstYoung);
}
