import type Stripe from 'stripe';
import type { Failure } from '../../payment/payment.ts';
import type { Outcome } from '../provider.ts';
import { StripeError } from './client.ts';

/** What is read of a PaymentIntent, with its latest charge. */
export type Intent = Pick<
  Stripe.PaymentIntent,
  | 'id'
  | 'status'
  | 'amount_received'
  | 'capture_method'
  | 'cancellation_reason'
  | 'created'
  | 'currency'
  | 'metadata'
  | 'next_action'
  | 'payment_method'
> & {
  last_payment_error: Pick<Declined, 'code' | 'decline_code'> | null;
  latest_charge: Pick<Stripe.Charge, 'disputed' | 'payment_method_details'> | null;
};

type Declined = NonNullable<Stripe.PaymentIntent['last_payment_error']>;

export type StripeRefund = Pick<Stripe.Refund, 'id' | 'status' | 'failure_reason' | 'metadata'>;

export type Dispute = Pick<
  Stripe.Dispute,
  | 'id'
  | 'amount'
  | 'created'
  | 'currency'
  | 'evidence_details'
  | 'payment_method_details'
  | 'reason'
  | 'status'
>;

/** For how long a customer may take to authenticate. After that the payment is given up. */
const actionMs = 60 * 60_000;

/** What came of the charge or authorization that a PaymentIntent is for. `nothing`: it has not happened, or was ended. */
export function chargeOutcome(intent: Intent, askedAt: string): Outcome {
  switch (intent.status) {
    case 'succeeded':
      return { result: 'succeeded' };
    case 'requires_capture': {
      const captureBefore = intent.latest_charge?.payment_method_details?.card?.capture_before;
      return { result: 'succeeded', ...(captureBefore && { expiresAt: timeOf(captureBefore) }) };
    }
    case 'processing':
      return { result: 'pending' };
    case 'requires_action': {
      const until = new Date(Date.parse(askedAt) + actionMs).toISOString();
      return { result: 'action', nextAction: nextActionOf(intent), until };
    }
    case 'requires_payment_method':
    case 'canceled': {
      const { last_payment_error: error, status } = intent;
      if (!error) return { result: 'nothing' };
      // Whoever has the client secret, which a page that customers return to is given, may confirm it again with another card.
      return {
        result: 'failed',
        failure: declined(error),
        ...(status !== 'canceled' && { isOpen: true as const }),
      };
    }
    default:
      return { result: 'nothing' };
  }
}

/** Where the customer has to go. Each kind that a page of Stripe's is for has its address in a field of its own. */
function nextActionOf({ next_action }: Intent): { type: string; url: string } {
  const type = next_action?.type ?? 'unknown';
  const details: Record<string, unknown> = Object(Object(next_action)[type]);
  const [, url] = Object.entries(details).find(([name]) => /^(url|hosted_\w+_url)$/.test(name)) ?? [];
  return { type, url: typeof url === 'string' ? url : '' };
}

/**
 * What came of a capture.
 *
 * @param amount in Stripe's unit
 */
export function captureOutcome({ status, amount_received }: Intent, amount: number): Outcome {
  if (status === 'requires_capture') return { result: 'nothing' };
  if (status === 'succeeded' && amount_received === amount) return { result: 'succeeded' };
  return status === 'canceled'
    ? failed(
        'authorization_expired',
        'The authorization has ended at the provider. Nothing can be captured any more.',
      )
    : failed('provider_error', 'At the provider the payment was captured with another amount.');
}

export function voidOutcome({ status }: Intent): Outcome {
  if (status === 'canceled') return { result: 'succeeded' };
  return status === 'succeeded'
    ? failed('provider_error', 'At the provider the payment was captured already.')
    : { result: 'nothing' };
}

/** https://docs.stripe.com/refunds#failed-refunds: `failed` also after it succeeded. */
export function refundOutcome({ status, failure_reason }: StripeRefund): Outcome {
  if (status === 'succeeded') return { result: 'succeeded' };
  return status === 'failed' || status === 'canceled'
    ? failed('refund_failed', 'The refund failed at the provider.', failure_reason)
    : { result: 'pending' };
}

/**
 * A warning, which no money follows, is never lost. https://docs.stripe.com/disputes/how-disputes-work
 *
 * One that was prevented is won where it was blocked; where it was resolved, the customer was refunded.
 */
export function disputeStatus({ status, payment_method_details }: Dispute): 'open' | 'won' | 'lost' {
  if (status === 'prevented') return payment_method_details?.card?.case_type === 'block' ? 'won' : 'lost';
  return status === 'lost' ? 'lost' : ['won', 'warning_closed'].includes(status) ? 'won' : 'open';
}

export const isAuthorization = ({ capture_method }: Intent): boolean => capture_method === 'manual';

/** Why a PaymentIntent was canceled: `expired` when nobody did it. */
export const cancellationOf = ({ cancellation_reason: reason }: Intent): string =>
  reason === null || reason === 'automatic' ? 'expired' : reason;

/** What a call shows that Stripe refused for what it asks: a decline, or a parameter. Nothing was done then. */
export function refusedOutcome(error: unknown): Outcome | undefined {
  if (!(error instanceof StripeError)) return undefined;
  const { status, type, code, declineCode } = error;
  if (type === 'card_error')
    return { result: 'failed', failure: declined({ code, decline_code: declineCode }), isOpen: true };
  if (code === 'charge_expired_for_capture') {
    return failed(
      'authorization_expired',
      'The authorization has expired. Nothing can be captured any more.',
    );
  }
  const isRefused = status === 402 || (status === 400 && type === 'invalid_request_error');
  return isRefused && code !== 'payment_intent_unexpected_state'
    ? failed('provider_error', 'The payment provider refused this. Nothing was done.', code)
    : undefined;
}

type Codes = { code?: string | undefined; decline_code?: string | undefined };

/** https://docs.stripe.com/declines/codes: a decline without a code of its own has that of the error, such as `expired_card`. */
function declined({ code, decline_code }: Codes): Failure {
  const declineCode = decline_code ?? code ?? null;
  return {
    code: 'card_declined',
    message: messages[declineCode ?? ''] ?? 'The card was declined.',
    declineCode,
  };
}

const messages: Record<string, string> = {
  insufficient_funds: 'The card has insufficient funds.',
  expired_card: 'The card has expired.',
  incorrect_cvc: 'The security code of the card is wrong.',
  authentication_required: 'The card needs the customer to authenticate.',
  payment_intent_authentication_failure: 'The customer was not authenticated.',
};

const failed = (code: string, message: string, declineCode?: string | null): Outcome => ({
  result: 'failed',
  failure: { code, message, declineCode: declineCode ?? null },
});

export const timeOf = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString();
