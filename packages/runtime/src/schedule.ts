import type { Trace } from '@fanfold/contracts/event';
import type { Context, ScheduledEvent } from 'aws-lambda';
import type { Guard } from './behind.ts';
import { Behind, NotYet } from './failure.ts';
import { lambda } from './lambda.ts';
import { describeError, logger } from './logger.ts';
import { startTrace } from './trace.ts';

/** One run of a scheduled function. */
export type Run = { now: Date; trace: Trace; remainingTimeMs: () => number };

/**
 * A function that EventBridge runs on a schedule. It may run twice at once or not at all, so what it does must depend
 * on what is due, never on its previous run.
 *
 * @param work returns what it did, which is logged. It is also told whether its schedule runs it: somebody may invoke it by
 *   hand, with any event
 * @param guard while it finds that the service's table has to be restored, a run does nothing
 */
export const onSchedule = (
  work: (run: Run, isScheduled: boolean) => Promise<Record<string, number>>,
  guard?: Guard,
) =>
  lambda(async (event: ScheduledEvent, context: Context) => {
    if (await isBehind(guard)) return { behind: 1 };
    const run = {
      now: new Date(),
      trace: startTrace(`${clock}${context.awsRequestId}`),
      remainingTimeMs: () => context.getRemainingTimeInMillis(),
    };
    const done = await work(run, event.source === scheduler);
    logger.info('clock', done);
    return done;
  });

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html */
const scheduler = 'aws.events';

/** How the ids of runs begin. */
const clock = 'clock_';

/** Whether an event comes from a scheduled function, and not from a request. */
export const isClock = ({ correlationid }: Pick<Trace, 'correlationid'>): boolean =>
  correlationid.startsWith(clock);

/** The guard has logged what is missing. */
async function isBehind(guard?: Guard): Promise<boolean> {
  try {
    await guard?.();
    return false;
  } catch (error) {
    if (error instanceof Behind) return true;
    throw error;
  }
}

/** The most time that one item may take. With less time left, no further one is begun. */
export const workTimeMs = 10_000;

/** How many items are processed in parallel, so that a slow provider does not hold up all the rest. */
const atOnce = 10;

/**
 * A scheduled function that processes what is due, each item with a trace of its own. An item that fails is logged
 * and is still due in the next run, and so is what is left. An item that has to wait, by throwing `NotYet`, has not
 * failed.
 */
export const eachDue = <Item extends { id: string }>(
  due: (run: Run) => AsyncIterable<Item[]>,
  work: (item: Item, run: Run) => Promise<unknown>,
  guard?: Guard,
) =>
  onSchedule(async (run) => {
    const inFlow = (item: Item) =>
      work(item, { ...run, trace: startTrace(`${run.trace.correlationid}_${item.id}`) });
    const { done, failed, waiting } = await processItems(due(run), inFlow, run.remainingTimeMs);
    if (failed > 0) throw new Error(`${failed} of ${done + failed + waiting} due failed; see the log`);
    return { done, failed, waiting };
  }, guard);

/**
 * Processes items, some in parallel. Failures are logged, and the rest goes on.
 *
 * @param pages as they are read, also empty ones: searching takes time too
 */
export async function processItems<Item extends { id: string }>(
  pages: AsyncIterable<Item[]> | Iterable<Item[]>,
  work: (item: Item) => Promise<unknown>,
  remainingTimeMs: () => number,
): Promise<{ done: number; failed: number; waiting: number; isTimeUp: boolean }> {
  const count = { done: 0, failed: 0, waiting: 0, isTimeUp: false };
  const attempt = async (item: Item) => {
    try {
      await work(item);
      count.done += 1;
    } catch (error) {
      if (error instanceof NotYet) {
        count.waiting += 1;
        logger.info('work waits', { id: item.id, detail: error.message });
        return;
      }
      count.failed += 1;
      logger.error('work failed', { id: item.id, error: describeError(error) });
    }
  };
  const running = new Set<Promise<void>>();
  const isTimeUp = () => {
    count.isTimeUp = remainingTimeMs() < workTimeMs;
    return count.isTimeUp;
  };
  for await (const page of pages) {
    if (isTimeUp()) break;
    for (const item of page) {
      if (isTimeUp()) break;
      const task: Promise<void> = attempt(item).finally(() => running.delete(task));
      running.add(task);
      if (running.size === atOnce) await Promise.race(running);
    }
    if (count.isTimeUp) break;
  }
  await Promise.all(running);
  return count;
}
