import type { EventOfType } from '@fanfold/contracts/catalog';
import type { Trace } from '@fanfold/contracts/event';
import type { Customer, Line } from '@fanfold/contracts/fields';
import { Refusal } from '@fanfold/runtime/refusal';

/** One payment as it is now. Amounts are integers in the minor unit of `currency`, times RFC 3339 in UTC. */
export type Payment = PaymentRequest & {
  id: string;
  merchantId: string;
  /** `processing`: the provider was asked and its answer is not known so far. */
  status: 'processing' | 'authorized' | 'captured' | 'canceled' | 'failed';
  amountCaptured: number;
  amountRefunded: number;
  failure: Failure | null;
  cancellationReason: string | null;
  /** When an authorization that was not captured is given up. */
  expiresAt: string | null;
  invoiceNumber: string | null;
  /** By refund id. */
  refunds: Record<string, Refund>;
  /** What the provider was asked to do and has not answered; only while `processing`. */
  ask: Ask | null;
  /** What each request with an Idempotency-Key asked for and failed with, by the id that follows from its key. */
  requests: Record<string, PastRequest>;
  /** What was said of it so far: the n-th event is the n-th entry. With the payment's facts each can be made again. */
  history: HistoryEntry[];
  createdAt: string;
  updatedAt: string;
  version: number;
};

export type PaymentRequest = {
  amount: number;
  currency: string;
  paymentMethod: string;
  captureMethod: 'automatic' | 'manual';
  orderId: string;
  description: string | null;
  customer: Customer;
  lines: Line[] | null;
  metadata: Record<string, string>;
};

export type Refund = {
  id: string;
  amount: number;
  reason: string | null;
  status: 'pending' | 'succeeded' | 'failed';
  creditNoteNumber: string | null;
  /** Until when the request that asked for it may still be running; null once it has answered. */
  runsUntil: string | null;
  unknown?: Unknown;
  createdAt: string;
  /** When it succeeded or failed. */
  settledAt: string | null;
};

export type PastRequest = {
  fingerprint: string;
  failure: Failure | null;
  /** When a capture or cancellation turned out to have had no effect, answered or not. */
  failedAt?: string;
};

export type Ask = {
  /** Also the provider's idempotency key. */
  id: string;
  operation: 'authorize' | 'charge' | 'capture' | 'void';
  amount: number;
  /** Why an authorization is given up. */
  reason: string | null;
  /** Until when the request that asked may still be running; null once it has answered. */
  runsUntil: string | null;
  unknown?: Unknown;
};

/** An outcome that was found to be unknown: since when, how often, and when the provider is to be asked again. */
export type Unknown = { since: string; times: number; nextLookupAt: string };

export type Failure = { code: string; message: string; declineCode: string | null };

/** What the provider made of a request. `nothing`: it has never taken it and never will. */
export type Outcome =
  | { result: 'succeeded' }
  | { result: 'failed'; failure: Failure }
  | { result: 'nothing' }
  | { result: 'unknown' };

/**
 * An event that was said, with what the payment does not keep of it: a later change must not alter what was said,
 * so that the event can be made again, the same to the letter, when it got lost.
 */
export type HistoryEntry = {
  type: PaymentEvent['type'];
  time: string;
  trace: Trace;
  /** Until when the authorization of a `payment.authorized.v1` was to hold. */
  expiresAt?: string;
  /** The refund that a `payment.refunded.v1` is about. */
  refundId?: string;
};

export type PaymentEvent = EventOfType<
  | 'payment.authorized.v1'
  | 'payment.captured.v1'
  | 'payment.failed.v1'
  | 'payment.canceled.v1'
  | 'payment.refunded.v1'
>;

/** The next state of a payment, and the numbers of the events that are said with it. */
export type Change = { payment: Payment; eventNumbers: number[] };

/** When and on whose behalf something happens, and how long its request may run. */
export type Moment = { now: Date; trace: Trace; runsUntil: string | null };

/** Why a payment failed that the provider, asked afterwards, has never taken. */
export const notTaken: Failure = {
  code: 'provider_timeout',
  message: 'The payment provider did not answer and has not taken the payment.',
  declineCode: null,
};

/** The next version of a payment, without an event. */
export const revise = (payment: Payment, changes: Partial<Payment>, now: Date): Change => ({
  payment: { ...payment, ...changes, updatedAt: now.toISOString(), version: payment.version + 1 },
  eventNumbers: [],
});

/** @returns the 409 of what cannot be done in the state that a payment is in */
export const conflict = (code: string, { status }: Payment, verb: string): Refusal =>
  new Refusal(409, code, `A payment that is ${status} cannot be ${verb}.`, {
    members: { paymentStatus: status },
  });
