import { isDeepStrictEqual } from 'node:util';
import { noteDifference } from '@fanfold/runtime/finding';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { type DayClosed, expectedOf, sumOf } from './reconciliation.ts';
import { documentsFor } from './store/days.ts';
import { loadFinding, saveFinding } from './store/findings.ts';

/**
 * Compares what payments captured and refunded on a merchant's day with the documents issued for it. A difference
 * becomes a finding, which is published, and a metric with an alarm. When the day is compared again and adds up, the
 * finding is marked as mended.
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
  const compared = { expected: expectedOf(dayClosed), found: sumOf(invoices, creditNotes) };
  const difference = isDeepStrictEqual(compared.expected, compared.found) ? undefined : compared;
  const { noted, isAlarming, again } = noteDifference(known, difference, dayClosed, {
    now: new Date(),
    firstReceivedAt,
  });
  // Before the write: when the write's answer is lost, it is better to count twice than never.
  if (isAlarming) metrics.addMetric('ReconciliationFailed', 'Count', 1);
  if (noted) {
    logger.warn(noted.isNew ? 'reconciliation failed' : 'reconciliation mended', {
      merchantId: merchantid,
      date: data.date,
    });
    await saveFinding(noted, known);
  }
  if (again) throw again;
}
