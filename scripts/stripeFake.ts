/**
 * `pnpm stripe-fake`: a Stripe for `pnpm dev` on a laptop, as its documentation has it, until Ctrl-C. It sends `dev` notifications of
 * all that happens, each twice and out of order. What it knows ends with it.
 */
import { basePort } from '@fanfold/local-cloud/stack';
import { startStripeFake } from '@fanfold/stripe-fake/server';
import { localFakeUrl, localWebhookSecret } from './dev/paymentProvider.ts';

const {
  FANFOLD_STRIPE_KEY: key = 'sk_test_fake',
  FANFOLD_STRIPE_WEBHOOK_SECRET: webhookSecret = localWebhookSecret,
  FANFOLD_STRIPE_URL: url = localFakeUrl,
} = process.env;

try {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'http:' || hostname !== '127.0.0.1' || port === '')
    throw new Error(
      `FANFOLD_STRIPE_URL is "${url}": set it to where the fake is to be, such as ${localFakeUrl}.`,
    );
  const webhookUrl = `http://127.0.0.1:${basePort() + 1}/webhooks/stripe`;
  const stripe = await startStripeFake({ key, webhookSecret, port: Number(port), webhookUrl });
  console.log(`A fake of Stripe is at ${stripe.url}, and sends notifications to ${webhookUrl}.`);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
