import type Stripe from 'stripe';
import { fromStripeAmount } from './amounts.ts';
import { list } from './client.ts';

/** What moved on the account at Stripe: a charge, a refund, or a refund that came back. Amounts in minor units, as they came or went. */
export type Movement = {
  id: string;
  type: 'charge' | 'refund' | 'refund_failure';
  amount: number;
  currency: string;
  /** The PaymentIntent. */
  reference: string | undefined;
  /** Our refund, if it is one. */
  refundId: string | undefined;
};

/** All that moved on a day (UTC). */
export async function* movementsOf(day: string): AsyncGenerator<Movement[]> {
  const from = Date.parse(`${day}T00:00:00Z`) / 1000;
  const parameters = { 'created[gte]': from, 'created[lt]': from + 86_400, 'expand[]': 'data.source' };
  for await (const page of list<Stripe.BalanceTransaction>('/v1/balance_transactions', parameters)) {
    yield page.flatMap((transaction) => movementOf(transaction) ?? []);
  }
}

/** Payouts, fees and disputes are no payment's or refund's. https://docs.stripe.com/reports/balance-transaction-types */
const types: Record<string, Movement['type']> = {
  charge: 'charge',
  payment: 'charge',
  refund: 'refund',
  payment_refund: 'refund',
  refund_failure: 'refund_failure',
  payment_failure_refund: 'refund_failure',
};

function movementOf({ id, type, amount, currency, source }: Stripe.BalanceTransaction): Movement | undefined {
  const known = types[type];
  if (!known) return undefined;
  const { payment_intent, metadata } = Object(source) as {
    payment_intent?: unknown;
    metadata?: Record<string, string>;
  };
  return {
    id,
    type: known,
    amount: fromStripeAmount(amount, currency),
    currency: currency.toUpperCase(),
    reference: typeof payment_intent === 'string' ? payment_intent : undefined,
    refundId: metadata?.fanfold_operation,
  };
}
