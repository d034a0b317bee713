import type { movementTypes } from '@fanfold/contracts/payments';
import type Stripe from 'stripe';
import { fromStripeAmount } from './amounts.ts';
import { list } from './client.ts';

/**
 * What moved on the account at Stripe: a charge, a refund, or a refund that came back. Its amount is what the customer paid or got,
 * in minor units of the currency of the payment. The balance moved by another one when it is kept in another currency.
 */
export type Movement = {
  id: string;
  type: (typeof movementTypes)[number];
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

/** What others write there may be anything. */
const ours = /^re_\w{1,120}$/;

function movementOf({ id, type, source, ...settled }: Stripe.BalanceTransaction): Movement | undefined {
  const known = types[type];
  if (!known) return undefined;
  const { amount, currency, payment_intent, metadata }: Origin = originOf(source) ?? settled;
  return {
    id,
    type: known,
    amount: fromStripeAmount(amount, currency),
    currency: currency.toUpperCase(),
    reference: typeof payment_intent === 'string' ? payment_intent : undefined,
    refundId: ours.exec(metadata?.fanfold_operation ?? '')?.[0],
  };
}

type Origin = Pick<Stripe.Refund, 'amount' | 'currency'> &
  Partial<Pick<Stripe.Refund, 'payment_intent' | 'metadata'>>;

/** The charge or refund that a transaction is of. https://docs.stripe.com/api/balance_transactions/object#balance_transaction_object-source */
function originOf(source: Stripe.BalanceTransaction['source']): Origin | undefined {
  if (source === null || typeof source === 'string') return undefined;
  if (source.object === 'charge') return { ...source, amount: source.amount_captured };
  return source.object === 'refund' ? source : undefined;
}
