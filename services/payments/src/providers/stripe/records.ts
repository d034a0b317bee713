import type Stripe from 'stripe';
import type { Done, ProviderRecords } from '../provider.ts';
import { fromStripeAmount } from './amounts.ts';
import { get } from './client.ts';
import { isAuthorization, timeOf } from './intent.ts';
import { findIntent } from './provider.ts';

/** What Stripe has recorded. It is apart from the provider, because only a restore reads it. */
export const records: ProviderRecords = {
  async find(key) {
    const intent = await findIntent(key);
    if (!intent) return undefined;
    const { payment_method } = intent;
    const operation = isAuthorization(intent) ? 'authorize' : 'charge';
    return { operation, paymentMethod: typeof payment_method === 'string' ? payment_method : 'unknown' };
  },

  /** Stripe keeps events for 30 days, as DynamoDB keeps what a table can be put back to for 35. */
  async list(since, after) {
    const page = await get<{ data: Stripe.Event[]; has_more: boolean }>('/v1/events', {
      parameters: {
        ...Object.fromEntries(types.map((type, i) => [`types[${i}]`, type])),
        'created[gte]': since && Math.floor(Date.parse(since) / 1000),
        limit: 100,
        starting_after: after && String(after.event),
      },
    });
    const last = page.data.at(-1)?.id;
    return {
      done: page.data.flatMap((event) => doneOf(event) ?? []),
      ...(page.has_more && last && { next: { event: last } }),
    };
  },
};

const types = [
  'payment_intent.succeeded',
  'payment_intent.amount_capturable_updated',
  'payment_intent.canceled',
  'refund.created',
] as const;

/** What an event says was carried out. One of a payment that somebody else made at Stripe says nothing here. */
function doneOf({ type, created, data }: Stripe.Event): Done | undefined {
  const object = data.object as Stripe.PaymentIntent | Stripe.Refund;
  const { fanfold_payment: paymentId, fanfold_merchant: merchantId } = object.metadata ?? {};
  if (!paymentId || !merchantId) return undefined;
  const about = {
    paymentId,
    merchantId,
    currency: object.currency.toUpperCase(),
    recordedAt: timeOf(created),
  };
  const amountOf = (amount: number) => fromStripeAmount(amount, object.currency);
  if (object.object === 'refund') {
    const key = object.metadata?.fanfold_operation ?? object.id;
    return { ...about, key, operation: 'refund', amount: amountOf(object.amount) };
  }
  const isAuthorized = object.capture_method === 'manual';
  const key = isAuthorized ? object.id : paymentId;
  if (type === 'payment_intent.succeeded') {
    const operation = isAuthorized ? 'capture' : 'charge';
    return { ...about, key, operation, amount: amountOf(object.amount_received) };
  }
  // One that was ended before it was charged has no charge: nothing was voided.
  if (type === 'payment_intent.canceled' && !object.latest_charge) return undefined;
  const operation = type === 'payment_intent.canceled' ? 'void' : 'authorize';
  return {
    ...about,
    key: operation === 'authorize' ? paymentId : key,
    operation,
    amount: amountOf(object.amount),
  };
}
