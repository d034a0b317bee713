import type { EventOfType } from '@fanfold/contracts/catalog';
import type { Trace } from '@fanfold/contracts/event';
import type { Customer, Line } from '@fanfold/contracts/fields';
import type { Credit, Order } from '@fanfold/contracts/order';
import type { AfterFailures } from '@fanfold/contracts/payments';
import { Refusal } from '@fanfold/runtime/refusal';

/** A payment as it is now. Amounts are integers in the minor unit of `currency`, times are RFC 3339 in UTC. */
export type Payment = Omit<PaymentRequest, 'customer'> & {
  id: string;
  merchantId: string;
  /** Null when the payment was restored from its events and was not captured: then it comes back with its request. */
  customer: Customer | null;
  /** `processing`: the provider was called, and its answer is not known yet. */
  status: 'processing' | 'authorized' | 'captured' | 'canceled' | 'failed';
  amountCaptured: number;
  amountRefunded: number;
  failure: Failure | null;
  cancellationReason: string | null;
  /** When an authorization that was not captured expires. */
  expiresAt: string | null;
  invoiceNumber: string | null;
  /** By which the provider knows the payment; missing where it knows it by its id. */
  reference?: string;
  /** By refund id. */
  refunds: Record<string, Refund>;
  /** By dispute id; missing when there was none. */
  disputes?: Record<string, Dispute>;
  /** The call to the provider that has no known answer yet; only while `processing`. */
  ask: Ask | null;
  /** The requests with an Idempotency-Key and their failures, by the id that is derived from the key. */
  requests: Record<string, PastRequest>;
  /** The operation whose request is not among them, because the payment was restored from its events. */
  forgotten?: 'capture' | 'void';
  /** An entry for each event: the n-th event can be made again from the n-th entry and the payment's fields. */
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
  /** Plain lines; null when there are none, or the order has them because they are not plain. */
  lines: Line[] | null;
  /** Missing in payments from before lines had categories. */
  order?: Order;
  metadata: Record<string, string>;
};

export type Refund = {
  id: string;
  amount: number;
  reason: string | null;
  status: 'pending' | 'succeeded' | 'failed';
  creditNoteNumber: string | null;
  /** Of the invoice that reverses the credit note; missing unless the refund failed after it had succeeded. */
  reversalInvoiceNumber?: string | null;
  /** Why it failed; missing in refunds that failed before it was kept, which have no event of it either. */
  failure?: Failure;
  /** What it takes back of each line; missing when it is of all in proportion. What was credited before it is known once it succeeded. */
  credit?: Pick<Credit, 'lines'> & Partial<Credit>;
  /** What refunds that failed after they had succeeded change for it; missing as long as none had when it succeeded. */
  afterFailures?: AfterFailures;
  /** Until when the request may still be running; null once it has answered. */
  runsUntil: string | null;
  unknown?: Unknown;
  /** Since when the provider has it, and will say later what came of it. */
  pendingSince?: string;
  createdAt: string;
  /** When it succeeded or failed; when it did one after the other, the last. */
  settledAt: string | null;
};

/** A claim of the cardholder at the bank. The provider holds the money back while it is open, and for ever when it is lost. */
export type Dispute = {
  id: string;
  /** In the minor unit of its own currency. */
  amount: number;
  currency: string;
  reason: string;
  status: 'open' | 'won' | 'lost';
  openedAt: string;
  /** Until when the merchant can answer it; null when there is nothing to answer. */
  evidenceDueBy: string | null;
};

export type PastRequest = {
  /** Null when the payment was restored from its events, of which none has it. */
  fingerprint: string | null;
  failure: Failure | null;
  /** When a capture or cancellation turned out to have had no effect, answered or not. */
  failedAt?: string;
};

export type Ask = {
  /** Also the provider's idempotency key. */
  id: string;
  operation: 'authorize' | 'charge' | 'capture' | 'void';
  amount: number;
  /** Why an authorization is canceled. */
  reason: string | null;
  /** Missing where that is when the payment was created, and in what was asked before it was kept. */
  askedAt?: string;
  /** Until when the request may still be running; null once it has answered. */
  runsUntil: string | null;
  unknown?: Unknown;
  /** What the customer has to do, until when; only of a payment that is new. */
  action?: NextAction & { until: string };
  /** Since when the provider has it, and will say later what came of it. */
  pendingSince?: string;
};

/** An outcome that is not known yet: since when, how often it was looked up, and when to ask the provider again. */
export type Unknown = { since: string; times: number; nextLookupAt: string };

export type Failure = { code: string; message: string; declineCode: string | null };

/** What the customer has to do, and where. */
export type NextAction = { type: string; url: string };

/**
 * What is needed to make an event again that the payment itself does not keep. Later changes must not alter an event,
 * so that it can be made again to the letter when it was lost.
 */
export type HistoryEntry = {
  type: PaymentEvent['type'];
  time: string;
  trace: Trace;
  /** The expiry of the authorization in a `payment.authorized.v1`. */
  expiresAt?: string;
  /** The refund of a `payment.refunded.v1` or `payment.refund-failed.v1`. */
  refundId?: string;
  /** The dispute of a `payment.dispute-opened.v1` or `payment.dispute-closed.v1`. */
  disputeId?: string;
};

export type PaymentEvent = EventOfType<
  | 'payment.authorized.v1'
  | 'payment.captured.v1'
  | 'payment.failed.v1'
  | 'payment.canceled.v1'
  | 'payment.refunded.v1'
  | 'payment.refund-failed.v1'
  | 'payment.dispute-opened.v1'
  | 'payment.dispute-closed.v1'
>;

/** The next state of a payment, and the numbers of its new events. */
export type Change = { payment: Payment; eventNumbers: number[] };

/** The time and the trace of a change, and until when its request may run. */
export type Moment = { now: Date; trace: Trace; runsUntil: string | null };

/** The failure of a payment that, as a lookup showed, the provider has never received. */
export const notTaken: Failure = {
  code: 'provider_timeout',
  message: 'The payment provider did not answer and has not received the payment.',
  declineCode: null,
};

/** The failure of a payment whose customer did not do in time what the bank asked for. */
export const abandoned: Failure = {
  code: 'authentication_abandoned',
  message: 'The customer did not authenticate the payment in time. Nothing was charged.',
  declineCode: null,
};

/** A decision that leaves the payment as it is. */
export const unchanged = (payment: Payment): Change => ({ payment, eventNumbers: [] });

/** The next version of a payment, without an event. */
export const revise = (payment: Payment, changes: Partial<Payment>, now: Date): Change => ({
  payment: { ...payment, ...changes, updatedAt: now.toISOString(), version: payment.version + 1 },
  eventNumbers: [],
});

/** @returns the 409 for an operation that the state of a payment does not allow */
export const conflict = (code: string, { status }: Payment, verb: string): Refusal =>
  new Refusal(409, code, `A payment that is ${status} cannot be ${verb}.`, {
    members: { paymentStatus: status },
  });
