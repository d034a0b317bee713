import { enqueue } from '@fanfold/runtime/enqueue';
import { signedEndpoint } from '@fanfold/runtime/http';
import { logger } from '@fanfold/runtime/logger';
import { metrics } from '@fanfold/runtime/metrics';
import { receive } from '../providers/stripe/notification.ts';

/**
 * Takes Stripe's notifications: they are verified and stored here, and acted on by `observePayment`. Who sends what is none of
 * Stripe's is told nothing; why it was refused is in the log.
 */
export const handler = signedEndpoint(async (raw, headers) => {
  const received = await receive(raw, headers['stripe-signature'] ?? '', new Date());
  if (received === 'ignored') {
    metrics.addMetric('WebhooksIgnored', 'Count', 1);
  } else if ('refused' in received) {
    metrics.addMetric('WebhooksRefused', 'Count', 1);
    logger.warn('webhook refused', { reason: received.refused });
    return { status: 400, body: {} };
  } else {
    await enqueue(received);
  }
  return { status: 200, body: {} };
});
