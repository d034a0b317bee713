import { processItems, type Run } from '@fanfold/runtime/schedule';
import { startTrace } from '@fanfold/runtime/trace';
import { observeReference } from './observing.ts';
import { referencesWithNews } from './providers/stripe/events.ts';
import { moveCursor, readCursor } from './store/cursor.ts';

const hourMs = 3_600_000;
/** Stripe keeps events for 30 days. https://docs.stripe.com/api/events */
const keptMs = 30 * 24 * hourMs;
/** Events of one moment may appear one after the other. */
const overlapMs = 10 * 60_000;

/**
 * Observes every payment that the provider has had news of since the last run, an hour of news at a time. What is left when time
 * is short, or failed, the next run does. A payment that cannot be observed keeps none of the later news from being read: they are
 * read again with it in each run, until it can be, or Stripe has forgotten the news.
 *
 * @throws when something failed, or time was up before the news of one hour were read
 */
export async function catchUp(run: Run): Promise<Record<string, number>> {
  const now = run.now.getTime();
  let from = Math.max(((await readCursor()) ?? now - hourMs) - overlapMs, now - keptMs);
  const total = { observed: 0, failed: 0 };
  const observing = (item: { id: string }) =>
    observeReference(item.id, {
      now: new Date(),
      trace: startTrace(`${run.trace.correlationid}_${item.id}`),
    });
  let isMoved = false;
  let isTimeUp = false;
  while (from < now && !isTimeUp) {
    const to = Math.min(from + hourMs, now);
    const hour = await processItems(referencesWithNews(from, to), observing, run.remainingTimeMs);
    total.observed += hour.done;
    total.failed += hour.failed;
    isTimeUp = hour.isTimeUp;
    if (total.failed === 0 && !isTimeUp) {
      await moveCursor(to);
      isMoved = true;
    }
    from = to;
  }
  const { observed, failed } = total;
  if (failed > 0)
    throw new Error(`${failed} of ${failed + observed} payments could not be observed; see the log`);
  // The next run would begin with the same hour, and not end it either.
  if (isTimeUp && !isMoved) throw new Error('There was no time to observe the payments of one hour of news');
  return { observed };
}
