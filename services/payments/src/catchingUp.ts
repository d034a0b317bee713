import { describeError, logger } from '@fanfold/runtime/logger';
import { processItems, type Run } from '@fanfold/runtime/schedule';
import { startTrace } from '@fanfold/runtime/trace';
import { tellDifference } from './differing.ts';
import { observeReference } from './observing.ts';
import { referencesWithNews } from './providers/stripe/events.ts';
import { loadReading, saveReading } from './store/cursor.ts';

const hourMs = 3_600_000;
/** Stripe keeps events for 30 days. https://docs.stripe.com/api/events */
const keptMs = 30 * 24 * hourMs;
/** Events of one moment may appear one after the other. */
const overlapMs = 10 * 60_000;

/**
 * Observes every payment that the provider has had news of since the last run, an hour of news at a time. What is left when time
 * is short, or failed, the next run does. A payment that cannot be observed keeps none of the later news from being read: they are
 * read again with it in each run, until it can be, or for a day. Then it is a finding, and its news are left out.
 *
 * @throws when something failed, or time was up before the news of one hour were read
 */
export async function catchUp(run: Run): Promise<Record<string, number>> {
  const now = run.now.getTime();
  const before = (await loadReading()) ?? { readTo: now - hourMs, failing: {} };
  const failing = new Failing(before.failing, run.now);
  const total = { observed: 0, failed: 0 };
  const observing = async ({ id }: { id: string }) => {
    const moment = { now: new Date(), trace: startTrace(`${run.trace.correlationid}_${id}`) };
    try {
      await observeReference(id, moment);
      failing.remove(id);
    } catch (error) {
      const since = failing.add(id);
      if (now - Date.parse(since) < patienceMs) throw error;
      logger.error('payment left out', { reference: id, since, error: describeError(error) });
      const about = { date: since.slice(0, 10), kind: 'not-observable' as const, since };
      await tellDifference(undefined, { ...about, paymentId: null, reference: id }, moment);
      failing.leaveOut(id);
    }
  };
  let from = Math.max(before.readTo - overlapMs, now - keptMs);
  let { readTo } = before;
  let isTimeUp = false;
  while (from < now && !isTimeUp) {
    const to = Math.min(from + hourMs, now);
    const hour = await processItems(
      withoutThoseIn(failing, referencesWithNews(from, to)),
      observing,
      run.remainingTimeMs,
    );
    total.observed += hour.done;
    total.failed += hour.failed;
    isTimeUp = hour.isTimeUp;
    if (total.failed === 0 && !isTimeUp) {
      readTo = to;
      await saveReading({ readTo, failing: failing.since });
    }
    from = to;
  }
  const { observed, failed } = total;
  if (failed > 0) {
    await saveReading({ readTo, failing: failing.since });
    throw new Error(`${failed} of ${failed + observed} payments could not be observed; see the log`);
  }
  // The next run would begin with the same hour, and not end it either.
  if (isTimeUp && readTo === before.readTo)
    throw new Error('There was no time to observe the payments of one hour of news');
  return { observed };
}

/** For how long a payment that cannot be observed is tried again. Whatever else failed in so long a time has an alarm of its own. */
const patienceMs = 24 * hourMs;

/** How many are remembered. So many at once fail for another reason than their own, and hold the clock up together. */
const maxFailing = 20;

/** The payments that cannot be observed, and since when. */
class Failing {
  readonly #since: Map<string, string>;
  readonly #leftOut = new Set<string>();
  readonly #now: Date;

  constructor(since: Record<string, string>, now: Date) {
    // What Stripe has forgotten is not read again.
    const kept = Object.entries(since).filter(([, time]) => now.getTime() - Date.parse(time) < keptMs);
    this.#since = new Map(kept);
    this.#now = now;
  }

  get since(): Record<string, string> {
    return Object.fromEntries(this.#since);
  }

  /** @returns since when it fails */
  add(reference: string): string {
    const since = this.#since.get(reference) ?? this.#now.toISOString();
    if (this.#since.size < maxFailing) this.#since.set(reference, since);
    return since;
  }

  remove(reference: string): void {
    this.#since.delete(reference);
  }

  /** For the rest of the run, which reads all of its news. Later ones are tried for a day again. */
  leaveOut(reference: string): void {
    this.#since.delete(reference);
    this.#leftOut.add(reference);
  }

  isLeftOut(reference: string): boolean {
    return this.#leftOut.has(reference);
  }
}

async function* withoutThoseIn(
  failing: Failing,
  pages: AsyncIterable<{ id: string }[]>,
): AsyncGenerator<{ id: string }[]> {
  for await (const page of pages) yield page.filter(({ id }) => !failing.isLeftOut(id));
}
