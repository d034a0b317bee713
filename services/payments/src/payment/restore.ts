import type { EventOfType } from '@fanfold/contracts/catalog';
import { fingerprintOf, refuseReusedKey } from '@fanfold/runtime/idempotency';
import type { Standing } from '@fanfold/runtime/restore';
import { isClock } from '@fanfold/runtime/schedule';
import { eventOf, lastTimeOf } from './events.ts';
import {
  type Change,
  type HistoryEntry,
  type Payment,
  type PaymentEvent,
  type PaymentRequest,
  revise,
} from './payment.ts';

/** What the provider has recorded of the instruction that a payment began with. */
export type Beginning = { operation: 'authorize' | 'charge'; paymentMethod: string };

/**
 * A payment after a recorded event that it lacks, as the write that had the event left it.
 *
 * Events do not hold all of a payment. Its times and its version are as if the provider had answered each request at once; its
 * metadata and the fingerprints of its requests are missing, and of a payment that was not captured the customer, too. The
 * request that created it brings them back when it comes again: {@link completed}.
 *
 * @param beginning undefined when the provider does not know it
 * @returns the payment, unless an event before this one is missing, or it is not the one that follows from this payment
 */
export function restored(
  payment: Payment | undefined,
  event: PaymentEvent,
  text: string,
  beginning: Beginning | undefined,
): { payment: Payment; standing: Standing } | { payment?: undefined; standing: Standing } {
  const n = Number(event.sequence);
  const base = payment ?? begun(event, beginning);
  if (base.history.length < n - 1) return { standing: { state: 'early' } };
  if (base.history.length >= n) return { standing: standingOf(base, n, text) };
  const { type, time, correlationid, causationid, traceparent } = event;
  const entry: HistoryEntry = { type, time, trace: { correlationid, causationid, traceparent } };
  const next = applied(base, event, entry);
  const standing = standingOf(next, n, text);
  return standing.state === 'same' ? { payment: next, standing } : { standing };
}

/** Whether a payment tells of an instruction that its provider carried out: by its request, or by an event of what came of it. */
export function tellsOf(
  { requests, refunds, ask, amountCaptured, status }: Payment,
  { key, operation }: { key: string; operation: string },
): boolean {
  if (key in requests || key in refunds || ask?.id === key) return true;
  if (operation === 'capture') return amountCaptured > 0;
  return operation === 'void' && status === 'canceled';
}

/** How the n-th event of a payment stands to the one that was recorded. */
export const standingOf = (payment: Payment, n: number, text: string): Standing =>
  JSON.stringify(eventOf(payment, n)) === text
    ? { state: 'same' }
    : { state: 'other', why: `event ${n} of the payment has another content` };

/** A payment before its first event. */
function begun({ type, data, merchantid, time }: PaymentEvent, beginning: Beginning | undefined): Payment {
  const { paymentId, amount, currency, orderId } = data;
  const isManual =
    type === 'payment.authorized.v1' ||
    (type !== 'payment.captured.v1' && beginning?.operation === 'authorize');
  return {
    id: paymentId,
    merchantId: merchantid,
    status: 'processing',
    amount,
    amountCaptured: 0,
    amountRefunded: 0,
    currency,
    paymentMethod: beginning?.paymentMethod ?? unknownMethod,
    captureMethod: isManual ? 'manual' : 'automatic',
    orderId,
    description: null,
    customer: null,
    lines: null,
    metadata: {},
    failure: null,
    cancellationReason: null,
    expiresAt: null,
    invoiceNumber: null,
    refunds: {},
    ask: null,
    requests: { [paymentId]: { fingerprint: null, failure: null } },
    history: [],
    createdAt: time,
    updatedAt: time,
    version: 1,
  };
}

/** The method of a payment that the provider does not know. */
const unknownMethod = 'unknown';

function applied(payment: Payment, event: PaymentEvent, entry: HistoryEntry): Payment {
  const history = [...payment.history, entry];
  const next = {
    ...payment,
    history,
    updatedAt: lastTimeOf(history, payment.updatedAt),
    version: payment.version + 1,
  };
  const { ask } = payment;
  switch (event.type) {
    case 'payment.authorized.v1': {
      const { expiresAt } = event.data;
      const authorized = { ...entry, expiresAt };
      return {
        ...next,
        history: [...payment.history, authorized],
        status: 'authorized',
        ask: null,
        expiresAt,
      };
    }
    case 'payment.captured.v1': {
      const { amountCaptured, description, customer, lines, order } = event.data;
      const known =
        payment.customer === null ? { description, customer, lines, ...(order && { order }) } : {};
      const captured = { ...next, ...known, status: 'captured', ask: null, expiresAt: null, amountCaptured };
      const isKnown = ask?.operation === 'capture' && ask.amount === amountCaptured;
      return { ...captured, ...(isKnown ? {} : asked(payment, 'capture')) } as Payment;
    }
    case 'payment.canceled.v1': {
      const { reason } = event.data;
      const canceled = {
        ...next,
        status: 'canceled',
        ask: null,
        expiresAt: null,
        cancellationReason: reason,
      };
      const forgotten = isClock(event) ? undefined : 'void';
      const isKnown = ask?.operation === 'void' && ask.reason === reason;
      return { ...canceled, ...(isKnown ? {} : asked(payment, forgotten)) } as Payment;
    }
    case 'payment.failed.v1': {
      const { reason } = event.data;
      const { id, requests } = payment;
      // It is repeated to the client that was told. To the janitor nobody listened.
      const failure = isClock(event) ? null : reason;
      const request = requests[id] ?? { fingerprint: null, failure };
      return {
        ...next,
        status: 'failed',
        ask: null,
        failure: reason,
        requests: { ...requests, [id]: { ...request, failure } },
      };
    }
    case 'payment.refunded.v1': {
      const { refund } = event.data;
      const { id, amount, reason, credit, afterFailures } = refund;
      const {
        unknown: _unknown,
        pendingSince: _pendingSince,
        ...pending
      } = payment.refunds[id] ?? {
        id,
        amount,
        reason,
        creditNoteNumber: null,
        createdAt: event.time,
      };
      const succeeded = {
        ...pending,
        ...(credit && { credit }),
        ...(afterFailures && { afterFailures }),
        ...{ status: 'succeeded' as const, runsUntil: null, settledAt: event.time },
      };
      return {
        ...next,
        version: next.version + (id in payment.refunds ? 0 : 1),
        history: [...payment.history, { ...entry, refundId: id }],
        amountRefunded: payment.amountRefunded + amount,
        refunds: { ...payment.refunds, [id]: succeeded },
        requests: { [id]: { fingerprint: null, failure: null }, ...payment.requests },
      };
    }
    case 'payment.refund-failed.v1': {
      const { refund, reason: failure, amountRefunded, wasRefunded } = event.data;
      const { id, amount, reason } = refund;
      const {
        unknown: _unknown,
        pendingSince: _pendingSince,
        ...known
      } = payment.refunds[id] ?? { id, amount, reason, creditNoteNumber: null, createdAt: event.time };
      const failed = {
        ...known,
        ...{ status: 'failed' as const, failure, runsUntil: null, settledAt: event.time },
        ...(wasRefunded && { reversalInvoiceNumber: null }),
      };
      return {
        ...next,
        version: next.version + (id in payment.refunds ? 0 : 1),
        history: [...payment.history, { ...entry, refundId: id }],
        amountRefunded,
        refunds: { ...payment.refunds, [id]: failed },
        requests: { [id]: { fingerprint: null, failure: null }, ...payment.requests },
      };
    }
    case 'payment.dispute-opened.v1': {
      const { dispute } = event.data;
      return {
        ...next,
        history: [...payment.history, { ...entry, disputeId: dispute.id }],
        disputes: { ...payment.disputes, [dispute.id]: { ...dispute, status: 'open' } },
      };
    }
    case 'payment.dispute-closed.v1': {
      const { outcome, ...dispute } = event.data.dispute;
      return {
        ...next,
        history: [...payment.history, { ...entry, disputeId: dispute.id }],
        disputes: { ...payment.disputes, [dispute.id]: { ...dispute, status: outcome } },
      };
    }
  }
}

/** A request for a capture or cancellation that is in no event: it was a write, too. */
const asked = (payment: Payment, forgotten: Payment['forgotten']): Partial<Payment> =>
  payment.history.length === 0 ? {} : { version: payment.version + 2, ...(forgotten && { forgotten }) };

/**
 * The payment with what only the request that created it has, when that comes again after a restore.
 *
 * @throws Refusal 422 when it is another request with the same key
 */
export function completed(payment: Payment, request: PaymentRequest, fingerprint: string, now: Date): Change {
  const { id, requests } = payment;
  const known = requests[id];
  if (known?.fingerprint !== null) return { payment, eventNumbers: [] };
  if (fingerprintOf(knownOf(payment, payment)) !== fingerprintOf(knownOf(request, payment)))
    refuseReusedKey();
  const { description, customer, lines, order, metadata, paymentMethod, captureMethod } = request;
  // What was captured before orders were kept has none in its event, which must stay as it is.
  const ordered = payment.customer === null && order ? { order } : {};
  const brought = { description, customer, lines, ...ordered, metadata, paymentMethod, captureMethod };
  return revise(payment, { ...brought, requests: { ...requests, [id]: { ...known, fingerprint } } }, now);
}

/** What is known of the request that created a payment. */
function knownOf(request: PaymentRequest | Payment, payment: Payment) {
  const { amount, currency, orderId, description, customer, lines, order } = request;
  const { paymentMethod, captureMethod } = request;
  return {
    amount,
    currency,
    orderId,
    ...(payment.customer !== null && { description, customer, lines }),
    ...(payment.order && { order }),
    ...(payment.paymentMethod !== unknownMethod && { paymentMethod, captureMethod }),
  };
}

/**
 * The payment with the request for its capture or cancellation, which is in no event, when that comes again after a restore.
 *
 * @returns undefined when it was not this one
 */
export function recalled(
  payment: Payment,
  operation: NonNullable<Payment['forgotten']>,
  { id, fingerprint }: { id: string; fingerprint: string },
  now: Date,
): Change | undefined {
  if (payment.forgotten !== operation) return undefined;
  const { forgotten: _forgotten, ...rest } = payment;
  const requests = { ...payment.requests, [id]: { fingerprint, failure: null } };
  return revise(rest, { requests }, now);
}

/** Whether a repeated request is the one that was made, also when its fingerprint was lost with the table. */
export function isRepeated(payment: Payment, id: string, fingerprint: string): boolean {
  const known = payment.requests[id];
  if (known === undefined) return false;
  if (known.fingerprint !== null) return known.fingerprint === fingerprint;
  const refund = payment.refunds[id];
  if (!refund) return true;
  // Which lines were asked for, and how, is in no event: the same key was for the same.
  if (refund.credit) return true;
  // Without an amount a request is for all that is left.
  const { amount, reason } = refund;
  return [{ amount, reason }, { reason }].some((body) => fingerprintOf(body) === fingerprint);
}

type DocumentEvent = EventOfType<'invoice.issued.v1' | 'credit-note.issued.v1'>;

/** A payment with the number of a document that billing issued for it. */
export function withNumber(
  payment: Payment | undefined,
  event: DocumentEvent,
): { payment?: Payment; standing: Standing } {
  const { number } = event.data;
  if (!payment) return { standing: { state: 'early' } };
  const changes = { version: payment.version + 1, updatedAt: lastTimeOf(payment.history, event.time) };
  if (event.type === 'invoice.issued.v1' && event.data.reverses) {
    const refund = payment.refunds[event.data.reverses.refundId];
    if (refund?.reversalInvoiceNumber === undefined) return { standing: { state: 'early' } };
    const { reversalInvoiceNumber } = refund;
    if (reversalInvoiceNumber !== null) return { standing: standingOfNumber(reversalInvoiceNumber, number) };
    const refunds = { ...payment.refunds, [refund.id]: { ...refund, reversalInvoiceNumber: number } };
    return { payment: { ...payment, ...changes, refunds }, standing: { state: 'same' } };
  }
  if (event.type === 'invoice.issued.v1') {
    const { invoiceNumber } = payment;
    if (invoiceNumber !== null) return { standing: standingOfNumber(invoiceNumber, number) };
    return { payment: { ...payment, ...changes, invoiceNumber: number }, standing: { state: 'same' } };
  }
  const refund = payment.refunds[event.data.refundId];
  if (!refund) return { standing: { state: 'early' } };
  if (refund.creditNoteNumber !== null)
    return { standing: standingOfNumber(refund.creditNoteNumber, number) };
  const refunds = { ...payment.refunds, [refund.id]: { ...refund, creditNoteNumber: number } };
  return { payment: { ...payment, ...changes, refunds }, standing: { state: 'same' } };
}

const standingOfNumber = (ours: string, recorded: string): Standing =>
  ours === recorded
    ? { state: 'same' }
    : { state: 'renumbered', why: `the payment has the number ${ours}, and not ${recorded}` };
