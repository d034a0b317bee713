import { noteDifference } from '@fanfold/runtime/finding';
import { logger } from '@fanfold/runtime/logger';
import { stageMetrics } from '@fanfold/runtime/metrics';
import { loadFinding, saveFinding } from '../store/findings.ts';
import { absentOf, mentionsSince } from '../store/mentions.ts';
import { type DayClosed, gapOf, gapsIn, Mentioned, miscounted } from './completeness.ts';

/**
 * Compares a merchant's day, as payments closed it, with the log: the number of events of each type, and whether the
 * sequence numbers of its subjects have gaps. A gap becomes a finding, which is published, and a metric with an
 * alarm. When the day is checked again and is complete, the finding is marked as mended.
 *
 * @throws NotYet when events may still arrive; Unprocessable when there are too many to read
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
  // Before the write: when the write's answer is lost, it is better to count twice than never.
  if (isAlarming) stageMetrics.addMetric('EventsMissing', 'Count', 1);
  if (noted) {
    logger.warn(noted.isNew ? 'gap found' : 'gap mended', { merchantId: merchantid, date: data.date });
    await saveFinding(noted, known);
  }
  if (again) throw again;
}
