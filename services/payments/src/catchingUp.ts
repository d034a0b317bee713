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
 * is short, or failed, the next run does.
 *
 * @throws when something failed
 */
export async function catchUp(run: Run): Promise<Record<string, number>> {
  const now = run.now.getTime();
  let from = Math.max(((await readCursor()) ?? now - hourMs) - overlapMs, now - keptMs);
  let observed = 0;
  while (from < now) {
    const to = Math.min(from + hourMs, now);
    const pages = referencesWithNews(from, to);
    const observing = (item: { id: string }) =>
      observeReference(item.id, {
        now: new Date(),
        trace: startTrace(`${run.trace.correlationid}_${item.id}`),
      });
    const { done, failed, isTimeUp } = await processItems(pages, observing, run.remainingTimeMs);
    observed += done;
    if (failed > 0)
      throw new Error(`${failed} of ${failed + done} payments could not be observed; see the log`);
    if (isTimeUp) break;
    await moveCursor(to);
    from = to;
  }
  return { observed };
}
