import { enqueue } from '@fanfold/runtime/enqueue';
import { signedEndpoint } from '@fanfold/runtime/http';
import { metrics } from '@fanfold/runtime/metrics';
import { receive } from '../providers/stripe/notification.ts';

const counted = { refused: 'WebhooksRefused', ignored: 'WebhooksIgnored' } as const;

/** Takes Stripe's notifications: they are verified and stored here, and acted on by `observePayment`. */
export const handler = signedEndpoint(async (raw, headers) => {
  const received = await receive(raw, headers['stripe-signature'] ?? '', new Date());
  if (typeof received === 'string') metrics.addMetric(counted[received], 'Count', 1);
  else await enqueue(received);
  return { status: received === 'refused' ? 400 : 200, body: {} };
});
