import type { Trace } from '@fanfold/contracts/event';
import type { Context, ScheduledEvent } from 'aws-lambda';
import { lambda } from './lambda.ts';
import { describeError, logger } from './logger.ts';
import { startTrace } from './trace.ts';

/** One run of a clock. */
export type Run = { now: Date; trace: Trace; remainingTimeMs: () => number };

/**
 * A function that EventBridge runs on a schedule. It may run twice at once or not at all, so what it does must
 * depend on what is due, never on having run before.
 *
 * @param work returns what it did, which is logged
 */
export const onSchedule = (work: (run: Run) => Promise<Record<string, number>>) =>
  lambda(async (_event: ScheduledEvent, context: Context) => {
    const done = await work({
      now: new Date(),
      trace: startTrace(`clock_${context.awsRequestId}`),
      remainingTimeMs: () => context.getRemainingTimeInMillis(),
    });
    logger.info('clock', done);
    return done;
  });

/** What one piece of due work may take at most; with less time left, the next run goes on. */
const workTimeMs = 10_000;

/** How much due work is done at once: what waits for a slow provider must not hold up all the rest. */
const atOnce = 10;

/** A clock that works off what is due. What fails is logged and still due at the next run. */
export const eachDue = <Item extends { id: string }>(
  due: (run: Run) => AsyncIterable<Item>,
  work: (item: Item, run: Run) => Promise<unknown>,
) =>
  onSchedule(async (run) => {
    const count = { done: 0, failed: 0 };
    const attempt = async (item: Item) => {
      try {
        await work(item, run);
        count.done += 1;
      } catch (error) {
        count.failed += 1;
        logger.error('due work failed', { id: item.id, error: describeError(error) });
      }
    };
    const running = new Set<Promise<void>>();
    for await (const item of due(run)) {
      if (run.remainingTimeMs() < workTimeMs) break;
      const task: Promise<void> = attempt(item).finally(() => running.delete(task));
      running.add(task);
      if (running.size === atOnce) await Promise.race(running);
    }
    await Promise.all(running);
    if (count.failed > 0) {
      throw new Error(`${count.failed} of ${count.done + count.failed} due failed; see the log`);
    }
    return count;
  });
