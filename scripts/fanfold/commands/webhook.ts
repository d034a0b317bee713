import { jsonApi } from '@fanfold/local-cloud/jsonApi';
import { signatureHeader } from '@fanfold/stripe-fake/signature';
import { localWebhookSecret } from '../../dev/paymentProvider.ts';
import { runningStack } from '../aws/stack.ts';
import { UsageError } from '../errors.ts';
import { print, printJson } from '../terminal.ts';

type Options = { type: string; payment: string; merchant: string; json?: true };

/**
 * `fanfold webhook`: sends the stack on this machine a notification about a payment, signed as Stripe signs. It says only that there
 * is news: what it is, payments asks Stripe, or the endpoint at FANFOLD_STRIPE_URL.
 *
 * @throws UsageError when there is no such payment, or it was not made with Stripe
 * @throws when the stack does not take it
 */
export async function webhook({ type, payment, merchant, json }: Options): Promise<void> {
  const { endpoints, services, issuer } = await runningStack();
  if (!services.payments) throw new Error(`payments is not running at ${issuer}.`);
  const table = jsonApi(endpoints.dynamodb, 'dynamodb');
  const Key = { pk: { S: `${merchant}#${payment}` } };
  const { Item } = await table
    .call<{ Item?: { reference?: { S: string } } }>('GetItem', { TableName: 'fanfold-local-payments', Key })
    .finally(() => table.close());
  if (!Item) throw new UsageError(`${merchant} has no payment ${payment}.`);
  const reference = Item.reference?.S;
  if (!reference) {
    throw new UsageError(
      `${payment} was not made with Stripe. Start the stack with FANFOLD_PAYMENT_PROVIDER=stripe.`,
    );
  }
  const now = new Date();
  const body = JSON.stringify({
    id: `evt_${crypto.randomUUID().replaceAll('-', '')}`,
    object: 'event',
    created: Math.floor(now.getTime() / 1000),
    livemode: false,
    type,
    data: { object: objectOf(type, reference) },
  });
  const secret = process.env.FANFOLD_STRIPE_WEBHOOK_SECRET?.trim() || localWebhookSecret;
  const response = await fetch(`${services.payments.url}/webhooks/stripe`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'stripe-signature': signatureHeader(body, secret, now),
    },
    body,
  });
  if (!response.ok) {
    throw new Error(
      `The notification was answered with ${response.status}. ${response.status === 400 ? 'Set FANFOLD_STRIPE_WEBHOOK_SECRET to the one that `pnpm dev` was started with.' : ''}`.trim(),
    );
  }
  if (json) printJson({ type, payment, reference, status: response.status });
  else print(`Sent ${type} of ${reference}, the PaymentIntent of ${payment}: ${response.status}`);
}

/** What an event of Stripe is about, by its type. */
function objectOf(type: string, reference: string): object {
  if (type.startsWith('payment_intent.')) return { object: 'payment_intent', id: reference };
  const object = type.startsWith('refund.')
    ? 'refund'
    : type.startsWith('charge.dispute.')
      ? 'dispute'
      : 'charge';
  return { object, id: `${object}_1`, payment_intent: reference };
}
