import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { type Difference, differenceOf } from './payment/difference.ts';
import type { Moment } from './payment/payment.ts';
import { saveDifference } from './store/differences.ts';

/**
 * Says that the provider and payments differ, so that a person settles it: with an alarm each time, and a finding once.
 *
 * @param merchantId undefined when nothing says whose it is
 */
export async function tellDifference(
  merchantId: string | undefined,
  data: Difference['data'],
  moment: Pick<Moment, 'now' | 'trace'>,
): Promise<void> {
  noteDifference(merchantId, data);
  await saveDifference(differenceOf(merchantId, data, moment));
}

/** Raises the alarm alone: there are so many that one finding says how many more there are. */
export function noteDifference(merchantId: string | undefined, data: Difference['data']): void {
  metrics.addMetric('ProviderDifferences', 'Count', 1);
  logger.error('provider differs', { merchantId, ...data });
}
