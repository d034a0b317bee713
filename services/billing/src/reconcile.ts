import { isDeepStrictEqual } from 'node:util';
import { type Finding, noteDifference } from '@fanfold/runtime/finding';
import { logger } from '@fanfold/runtime/logger';
import { stageMetrics } from '@fanfold/runtime/metrics';
import {
  type DayClosed,
  type DaySum,
  type Difference,
  expectedOf,
  foundIn,
  isOnlyParked,
  type Parked,
  ParkedOfDay,
} from './reconciliation.ts';
import { documentsFor } from './store/days.ts';
import { loadFinding, saveFinding, saveMended } from './store/findings.ts';
import { isWaitingUntil, parkedAccounts } from './store/waiting.ts';

/**
 * Compares what payments captured and refunded on a merchant's day with the documents issued for it. A difference
 * becomes a finding, which is published, and a metric with an alarm. When the day is compared again and adds up, the
 * finding is marked as mended. What waits for a seller is told apart: by itself it needs no alarm of the day.
 *
 * @throws NotYet when documents may still be issued; Unprocessable when there are too many to read
 */
export async function reconcile(dayClosed: DayClosed, firstReceivedAt: Date): Promise<void> {
  const { merchantid, data } = dayClosed;
  const [known, difference] = await Promise.all([
    loadFinding(merchantid, data.date),
    differenceOf(merchantid, data.date, expectedOf(dayClosed)),
  ]);
  const { noted, isAlarming, again } = noteDifference(known, difference, dayClosed, {
    now: new Date(),
    firstReceivedAt,
  });
  // Before the write: when the write's answer is lost, it is better to count twice than never.
  if (isAlarming && !(difference && isOnlyParked(difference)))
    stageMetrics.addMetric('EventsMissing', 'Count', 1);
  if (noted) {
    logger.warn(noted.isNew ? 'reconciliation failed' : 'reconciliation mended', {
      merchantId: merchantid,
      date: data.date,
    });
    await saveFinding(noted, known);
  }
  if (again) throw again;
}

/** How often documents are read again because some were issued while it was read what waits. */
const maxReads = 5;

/**
 * How the documents of a day differ from what is expected; undefined when they do not. A capture that is released meanwhile would be
 * among neither the documents nor what waits: so documents are read until none was issued in between.
 */
async function differenceOf(
  merchantId: string,
  date: string,
  expected: DaySum,
): Promise<Difference | undefined> {
  let found = await foundOn(merchantId, date);
  for (let reads = 1; ; reads++) {
    if (isDeepStrictEqual(expected, found)) return undefined;
    const parked = await parkedOn(merchantId, date);
    const difference = parked ? { expected, found, parked } : { expected, found };
    const foundAfter = await foundOn(merchantId, date);
    if (isDeepStrictEqual(found, foundAfter) || reads === maxReads) return difference;
    found = foundAfter;
  }
}

async function foundOn(merchantId: string, date: string): Promise<DaySum> {
  const [invoices, creditNotes] = await Promise.all([
    documentsFor(merchantId, 'invoice', date),
    documentsFor(merchantId, 'credit-note', date),
  ]);
  return foundIn(invoices, creditNotes);
}

/** So many accounts are read in some seconds. What waits beyond them is not told apart. */
const maxParkedRead = 10_000;

async function parkedOn(merchantId: string, date: string): Promise<Parked | undefined> {
  const ofDay = new ParkedOfDay(date);
  let read = 0;
  for await (const page of parkedAccounts(merchantId)) {
    for (const account of page) ofDay.add(account);
    read += page.length;
    if (read >= maxParkedRead) break;
  }
  return ofDay.sum();
}

/**
 * Compares a day again of which a finding tells that captures wait for a seller, once none waits any more. When it adds up, the
 * finding is marked as mended. Otherwise it is compared again in the next run: documents that were just issued are in the index
 * a moment later.
 */
export async function compareAgain(known: Finding<Difference>): Promise<void> {
  const { merchantId, date, difference } = known;
  if (await isWaitingUntil(merchantId, date)) return;
  if (!isDeepStrictEqual(difference.expected, await foundOn(merchantId, date))) return;
  if (await saveMended(known, new Date())) logger.warn('reconciliation mended', { merchantId, date });
}
