import { setTimeout as waitFor } from 'node:timers/promises';
import { failedItems } from './batchResponse.ts';

/** One delivery of a batch to a function, and how it ended. */
export type Invocation = {
  functionName: string;
  eventSourceArn: string;
  /** Message ids of a queue, sequence numbers of a stream. */
  itemIdentifiers: string[];
  startedAt: Date;
  durationMs: number;
} & Outcome;

export type Outcome = {
  /** Throttled: the function was not run. Failed: it threw, timed out, or its response made the whole batch fail. */
  status: 'succeeded' | 'partially failed' | 'failed' | 'throttled';
  /** Identifiers of the items to deliver again: all of them unless the function named some. */
  failedItemIdentifiers: string[];
  error?: Error;
};

/** What a mapping of either kind needs to run its function. */
export type Invoker = {
  functionName: string;
  eventSourceArn: string;
  reportsBatchItemFailures: boolean;
  /**
   * Runs the function and returns its response. An error named `Throttled` means that it was not run; any other
   * error, that it failed. It ends a run that takes longer than the function's timeout, which counts from when the run
   * begins and not from when it was asked for.
   */
  invoke: (event: unknown) => Promise<unknown>;
  /** Called after each invocation. */
  onInvocation?: ((invocation: Invocation) => void) | undefined;
  /** Called with errors around the function: unreachable sources, messages that could not be deleted. */
  onError?: ((error: Error) => void) | undefined;
};

/** A running event source mapping. */
export type Mapping = {
  /** Takes no more batches, and resolves when the running ones have ended. */
  stop(): Promise<void>;
  /** Resolves when the source is drained: nothing waits, runs, or has to be retried. */
  idle(): Promise<void>;
};

/** Delivers one batch. Never throws: an error is part of the outcome. */
export async function deliverBatch(
  invoker: Invoker,
  event: { Records: unknown[] },
  itemIdentifiers: string[],
): Promise<Outcome> {
  const startedAt = new Date();
  const start = performance.now();
  const outcome = await outcomeOf(invoker, event, itemIdentifiers);
  invoker.onInvocation?.({
    functionName: invoker.functionName,
    eventSourceArn: invoker.eventSourceArn,
    itemIdentifiers,
    startedAt,
    durationMs: performance.now() - start,
    ...outcome,
  });
  return outcome;
}

async function outcomeOf(
  invoker: Invoker,
  event: { Records: unknown[] },
  itemIdentifiers: string[],
): Promise<Outcome> {
  let response: unknown;
  try {
    response = await invoker.invoke(event);
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const status = error.name === 'Throttled' ? 'throttled' : 'failed';
    return { status, failedItemIdentifiers: itemIdentifiers, error };
  }
  const failed = invoker.reportsBatchItemFailures ? failedItems(response, itemIdentifiers) : [];
  if (failed === 'all') return { status: 'failed', failedItemIdentifiers: itemIdentifiers };
  return { status: failed.length > 0 ? 'partially failed' : 'succeeded', failedItemIdentifiers: failed };
}

/** Waits, but not longer than until the signal: the caller checks the signal itself. */
export async function pause(durationMs: number, signal?: AbortSignal): Promise<void> {
  try {
    await waitFor(durationMs, undefined, { ...(signal && { signal }) });
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

/** How long to wait after so many consecutive failures: 0.2 s, doubling up to 30 s. */
export function backoffMs(failures: number): number {
  return Math.min(200 * 2 ** (failures - 1), 30_000);
}

/** Lambda's limit for the payload of an invocation. */
const maximumEventBytes = 6 * 1024 * 1024;

/** Splits a batch, in order, so that each part as an event is within Lambda's payload limit (semantics E11). */
export function splitByEventSize<Item>(items: Item[]): Item[][] {
  const parts: Item[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const itemBytes = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes + itemBytes > maximumEventBytes) {
      parts.push([]);
      bytes = Buffer.byteLength('{"Records":[]}');
    }
    parts.at(-1)?.push(item);
    bytes += itemBytes;
  }
  return parts;
}
