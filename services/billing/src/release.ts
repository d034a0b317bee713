import { describeError, logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { type Run, workTimeMs } from '@fanfold/runtime/schedule';
import { bill } from './bill.ts';
import { triedOf } from './books.ts';
import type { Captured } from './invoice.ts';
import { compareAgain } from './reconcile.ts';
import { readSellers } from './store/sellers.ts';
import {
  countWaiting,
  findingsWaiting,
  lastLookedAt,
  merchantsWaiting,
  parkedCaptures,
  saveLastLookedAt,
} from './store/waiting.ts';

/** In the first minutes of an hour all captures are tried again: several runs, as one may not have time for all. */
const hourlyMinutes = 5;

/** As many as a consumer bills at once. */
const batchSize = 10;

/**
 * Issues the invoices of captures that waited for a seller, each merchant's in order of capture. Merchants take turns, page by
 * page. It does as much as it has time for, and the next run goes on behind the merchants that it has looked at: what is issued does not wait
 * any more, and what the seller still lacks is tried again when the seller is another one, and once an hour, as a deployment may have
 * made the rules others.
 *
 * @throws Error when some could not be billed, for which the log has the reason
 */
export async function release({ now, remainingTimeMs }: Pick<Run, 'now' | 'remainingTimeMs'>) {
  const isTimeUp = () => remainingTimeMs() < workTimeMs;
  const turns = new Map<string, AsyncGenerator<Captured[]>>();
  // Half of the time is for billing, however many merchants there are: what is billed is not looked at again.
  const lookedUntilMs = remainingTimeMs() / 2;
  const isHourly = now.getUTCMinutes() < hourlyMinutes;
  let isLookedAtAll = true;
  for await (const merchantId of merchantsWaiting(await lastLookedAt())) {
    if (isTimeUp() || remainingTimeMs() < lookedUntilMs) {
      isLookedAtAll = false;
      break;
    }
    const seller = (await readSellers([merchantId])).get(merchantId);
    turns.set(merchantId, parkedCaptures(merchantId, isHourly ? null : triedOf(seller)));
  }
  const merchants = [...turns.keys()];
  const last = merchants.at(-1);
  if (!isLookedAtAll && last !== undefined) await saveLastLookedAt(last);
  let [tried, failed] = [0, 0];
  while (turns.size > 0 && !isTimeUp()) {
    for (const [merchantId, captures] of turns) {
      if (isTimeUp()) break;
      const { value, done } = await captures.next();
      if (done) {
        turns.delete(merchantId);
        continue;
      }
      tried += value.length;
      failed += await billInOrder(value);
    }
  }
  for (const merchantId of merchants) {
    if (isTimeUp()) break;
    for (const { finding } of await findingsWaiting(merchantId)) await compareAgain(finding);
  }
  const waiting = await countWaiting();
  if (waiting > 0) metrics.addMetric('WaitingForSeller', 'Count', waiting);
  if (failed > 0) throw new Error(`${failed} of ${tried} parked captures could not be billed; see the log`);
  return { tried, waiting };
}

/** Batch after batch, so that numbers are in order of capture. @returns how many could not be billed */
async function billInOrder(captures: Captured[]): Promise<number> {
  let failed = 0;
  for (let i = 0; i < captures.length; i += batchSize) {
    const failures = await bill(captures.slice(i, i + batchSize));
    for (const [event, error] of failures)
      logger.error('parked capture failed', { eventId: event.id, error: describeError(error) });
    failed += failures.size;
  }
  return failed;
}
