import type { Context } from 'aws-lambda';
import { Unfinished } from '../failure.ts';

/**
 * Runs heavy work one after another, so that a batch needs no more memory than one event. When time is short, no more
 * is begun, and the rest comes again.
 */
export type InTurn = (work: () => Promise<void>) => Promise<void>;

/** The most time that one piece of heavy work may take. */
const turnTimeMs = 10_000;
/** Time to quarantine and delay what failed, and to answer, before Lambda ends the function. */
const reportingTimeMs = 1500;
/** Of this, the time to answer: if the queue does not respond, the results of the batch must not be lost. */
const answeringTimeMs = 500;

/** Starts pieces of work. One that is still running when the function's time is short counts as `Unfinished`. */
export async function settleInTime(
  start: () => Promise<void>[],
  count: number,
  context: Context,
): Promise<PromiseSettledResult<void>[]> {
  if (count === 0) return [];
  const outcomes = new Array<PromiseSettledResult<void> | undefined>(count).fill(undefined);
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, context.getRemainingTimeInMillis() - reportingTimeMs);
  });
  try {
    const promises = start();
    const settled = promises.map((promise, i) =>
      promise.then(
        () => {
          outcomes[i] = { status: 'fulfilled', value: undefined };
        },
        (reason) => {
          outcomes[i] = { status: 'rejected', reason };
        },
      ),
    );
    await Promise.race([Promise.all(settled), timeIsUp]);
  } finally {
    clearTimeout(timer);
  }
  return outcomes.map((outcome) => outcome ?? unfinished());
}

const unfinished = (): PromiseRejectedResult => ({
  status: 'rejected',
  reason: new Unfinished('Not done before the function had to answer'),
});

export function oneAfterAnother(context: Context): InTurn {
  let before: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = before.then(() => {
      if (context.getRemainingTimeInMillis() >= turnTimeMs) return work();
      throw new Unfinished('Not begun, as the function has little time left');
    });
    before = turn.catch(() => undefined);
    return turn;
  };
}

/** Aborts calls when the function has only the time left to answer. */
export const untilAnswer = (context: Context): AbortSignal =>
  AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - answeringTimeMs));
