import { noteDifference } from '@fanfold/runtime/finding';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { absentOf, mentionsSince } from '../store/events.ts';
import { loadFinding, saveFinding } from '../store/findings.ts';
import { type DayClosed, gapOf, gapsIn, Mentioned, miscounted } from './completeness.ts';

/**
 * Compares a merchant's day, as payments closed it, with the log: how many events there are of each type, and whether
 * the numbers of its subjects have gaps. A gap becomes a finding, which is said, and a metric with an alarm; when the
 * day is checked again and is complete, the finding is mended.
 *
 * @throws NotYet when events may still be on their way, and Unprocessable when they are too many to be read
 */
export async function checkDay(dayClosed: DayClosed, firstReceivedAt: Date): Promise<void> {
  const { merchantid, data } = dayClosed;
  const known = await loadFinding(merchantid, data.date);
  const mentioned = new Mentioned(data.date);
  for await (const mentions of mentionsSince(merchantid, data.date)) {
    for (const mention of mentions) mentioned.add(mention);
  }
  const gaps = gapsIn(mentioned);
  const absent = await absentOf(merchantid, gaps.before);
  const gap = gapOf(miscounted(dayClosed, mentioned), gaps, absent);
  const { noted, isAlarming, again } = noteDifference(known, gap, dayClosed, {
    now: new Date(),
    firstReceivedAt,
  });
  // Before it is written, so that it is measured also when the answer gets lost: rather twice than never.
  if (isAlarming) metrics.addMetric('GapFound', 'Count', 1);
  if (noted) {
    logger.warn(noted.isNew ? 'gap found' : 'gap mended', { merchantId: merchantid, date: data.date });
    await saveFinding(noted, known);
  }
  if (again) throw again;
}
