import { isDeepStrictEqual } from 'node:util';
import { type Finding, noteDifference } from '@fanfold/runtime/finding';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import {
  type DayClosed,
  type Difference,
  expectedOf,
  foundIn,
  isOnlyParked,
  type Parked,
  parkedOn,
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
  const [known, invoices, creditNotes] = await Promise.all([
    loadFinding(merchantid, data.date),
    documentsFor(merchantid, 'invoice', data.date),
    documentsFor(merchantid, 'credit-note', data.date),
  ]);
  const compared = { expected: expectedOf(dayClosed), found: foundIn(invoices, creditNotes) };
  const difference = isDeepStrictEqual(compared.expected, compared.found)
    ? undefined
    : await withParked(compared, merchantid, data.date);
  const { noted, isAlarming, again } = noteDifference(known, difference, dayClosed, {
    now: new Date(),
    firstReceivedAt,
  });
  // Before the write: when the write's answer is lost, it is better to count twice than never.
  if (isAlarming && !(difference && isOnlyParked(difference)))
    metrics.addMetric('ReconciliationFailed', 'Count', 1);
  if (noted) {
    logger.warn(noted.isNew ? 'reconciliation failed' : 'reconciliation mended', {
      merchantId: merchantid,
      date: data.date,
    });
    await saveFinding(noted, known);
  }
  if (again) throw again;
}

/** So many accounts are read in some seconds. What waits beyond them is not told apart. */
const maxParkedRead = 10_000;

async function withParked(compared: Difference, merchantId: string, date: string): Promise<Difference> {
  const accounts = [];
  for await (const page of parkedAccounts(merchantId)) {
    accounts.push(...page);
    if (accounts.length >= maxParkedRead) break;
  }
  const parked: Parked | undefined = parkedOn(date, accounts);
  return parked ? { ...compared, parked } : compared;
}

/**
 * Compares a day again of which a finding tells that captures wait for a seller, once none waits any more. When it adds up, the
 * finding is marked as mended. Otherwise it is compared again in the next run: documents that were just issued are in the index
 * a moment later.
 */
export async function compareAgain(known: Finding<Difference>): Promise<void> {
  const { merchantId, date, difference } = known;
  if (await isWaitingUntil(merchantId, date)) return;
  const [invoices, creditNotes] = await Promise.all([
    documentsFor(merchantId, 'invoice', date),
    documentsFor(merchantId, 'credit-note', date),
  ]);
  if (!isDeepStrictEqual(difference.expected, foundIn(invoices, creditNotes))) return;
  if (await saveMended(known, new Date())) logger.warn('reconciliation mended', { merchantId, date });
}
