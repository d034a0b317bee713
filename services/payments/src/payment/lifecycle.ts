import { Refusal } from '@fanfold/runtime/refusal';
import type { Outcome } from '../providers/provider.ts';
import { withEvent } from './events.ts';
import { stillUnsettled } from './lookup.ts';
import {
  type Ask,
  abandoned,
  type Change,
  conflict,
  type Failure,
  type Moment,
  notTaken,
  type Payment,
  type PaymentRequest,
  revise,
  unchanged,
} from './payment.ts';
import { noted, remember } from './requests.ts';
import { recalled } from './restore.ts';

const authorizationDays = 7;

/** A new payment, before the provider is called. */
export function create(
  request: PaymentRequest,
  { id, merchantId, fingerprint }: { id: string; merchantId: string; fingerprint: string },
  { now, runsUntil }: Moment,
): Change {
  const time = now.toISOString();
  const operation = request.captureMethod === 'automatic' ? 'charge' : 'authorize';
  const payment: Payment = {
    ...request,
    id,
    merchantId,
    status: 'processing',
    amountCaptured: 0,
    amountRefunded: 0,
    failure: null,
    cancellationReason: null,
    expiresAt: null,
    invoiceNumber: null,
    refunds: {},
    ask: { id, operation, amount: request.amount, reason: null, runsUntil },
    requests: { [id]: { fingerprint, failure: null } },
    history: [],
    createdAt: time,
    updatedAt: time,
    version: 1,
  };
  return { payment, eventNumbers: [] };
}

/**
 * Captures an authorized payment, in full or in part; the rest is released.
 *
 * @throws Refusal 409 `payment_not_capturable`, `payment_incomplete`, 422 `amount_too_large`
 */
export function capture(
  payment: Payment,
  {
    id,
    amount = payment.amount,
    fingerprint,
  }: { id: string; amount: number | undefined; fingerprint: string },
  moment: Moment,
): Change {
  const isSame = amount === payment.amountCaptured;
  const again = isSame ? recalled(payment, 'capture', { id, fingerprint }, moment.now) : undefined;
  if (again) return again;
  if (payment.status !== 'authorized' || isExpired(payment, moment.now)) {
    throw conflict('payment_not_capturable', payment, 'captured');
  }
  if (amount > payment.amount) {
    throw new Refusal(
      422,
      'amount_too_large',
      `At most ${payment.amount} was authorized and can be captured.`,
      {
        errors: [{ pointer: '#/amount', detail: `must be at most ${payment.amount}` }],
      },
    );
  }
  if (!payment.customer) {
    throw new Refusal(
      409,
      'payment_incomplete',
      'What the payment is for was lost. Repeat the request that created it, with its Idempotency-Key, and then this one.',
    );
  }
  return ask(payment, { id, operation: 'capture', amount, reason: null }, fingerprint, moment);
}

/**
 * Cancels an authorization; no money moves.
 *
 * @param request its `fingerprint` is null when no client asked for it, so that no answer has to be repeated
 * @throws Refusal 409 `payment_not_cancelable`
 */
export function cancel(
  payment: Payment,
  { id, reason, fingerprint }: { id: string; reason: string; fingerprint: string | null },
  moment: Moment,
): Change {
  const isSame = fingerprint !== null && reason === payment.cancellationReason;
  const again = isSame ? recalled(payment, 'void', { id, fingerprint }, moment.now) : undefined;
  if (again) return again;
  if (payment.status !== 'authorized') throw conflict('payment_not_cancelable', payment, 'canceled');
  return ask(payment, { id, operation: 'void', amount: payment.amount, reason }, fingerprint, moment);
}

/** Whether an authorization has expired. */
export const isExpired = ({ status, expiresAt }: Payment, now: Date): boolean =>
  status === 'authorized' && expiresAt !== null && expiresAt <= now.toISOString();

function ask(
  payment: Payment,
  asked: Omit<Ask, 'runsUntil' | 'askedAt'>,
  fingerprint: string | null,
  { now, runsUntil }: Moment,
): Change {
  const requests = fingerprint === null ? payment.requests : remember(payment, asked.id, fingerprint);
  const intent = { ...asked, askedAt: now.toISOString(), runsUntil };
  return revise(payment, { status: 'processing', ask: intent, requests }, now);
}

/**
 * The payment after the provider's answer to its ask.
 *
 * @param answered whether the answer goes to the client that made the request: then a failure is stored with the
 *   request
 */
export function settle(payment: Payment, outcome: Outcome, moment: Moment, answered: boolean): Change {
  const { ask: asked } = payment;
  if (!asked) return unchanged(payment);
  switch (outcome.result) {
    case 'succeeded':
      return succeed(payment, asked, outcome, moment);
    case 'failed':
    case 'nothing':
      return fail(payment, asked, failureOf(outcome, asked), moment, answered);
    default:
      return revise(payment, { ask: stillUnsettled(asked, outcome, payment, moment.now) }, moment.now);
  }
}

function succeed(
  payment: Payment,
  asked: Ask,
  outcome: Extract<Outcome, { result: 'succeeded' }>,
  { now, trace }: Moment,
): Change {
  switch (asked.operation) {
    case 'authorize': {
      const expiresAt =
        outcome.expiresAt ?? new Date(now.getTime() + authorizationDays * 86_400_000).toISOString();
      const authorized = { status: 'authorized', ask: null, expiresAt } as const;
      return withEvent(payment, authorized, { type: 'payment.authorized.v1', trace, expiresAt }, now);
    }
    case 'charge':
    case 'capture':
      return captured(payment, asked.amount, { now, trace });
    case 'void':
      return canceled(payment, asked.reason ?? '', { now, trace });
  }
}

/** The payment after money was taken for it. */
export const captured = (
  payment: Payment,
  amountCaptured: number,
  { now, trace }: Pick<Moment, 'now' | 'trace'>,
): Change =>
  withEvent(
    payment,
    { status: 'captured', ask: null, expiresAt: null, amountCaptured },
    { type: 'payment.captured.v1', trace },
    now,
  );

/** The payment after its authorization was given up. */
export const canceled = (
  payment: Payment,
  cancellationReason: string,
  { now, trace }: Pick<Moment, 'now' | 'trace'>,
): Change =>
  withEvent(
    payment,
    { status: 'canceled', ask: null, expiresAt: null, cancellationReason },
    { type: 'payment.canceled.v1', trace },
    now,
  );

function fail(
  payment: Payment,
  { id, operation }: Ask,
  failure: Failure,
  { now, trace }: Moment,
  answered: boolean,
): Change {
  const answer = answered ? { failure } : {};
  if (operation === 'capture' || operation === 'void') {
    const requests = noted(payment.requests, id, { ...answer, failedAt: now.toISOString() });
    return revise(payment, { status: 'authorized', ask: null, requests }, now);
  }
  const requests = noted(payment.requests, id, answer);
  const failed = { status: 'failed', ask: null, failure, requests } as const;
  return withEvent(payment, failed, { type: 'payment.failed.v1', trace }, now);
}

const failureOf = (outcome: Outcome, { action }: Ask): Failure =>
  outcome.result === 'failed' ? outcome.failure : action ? abandoned : notTaken;

/**
 * The payment with the answer to a request whose ask others have settled while it waited for the provider. Its client is told
 * of the failure, now and whenever it repeats the request.
 */
export function answerLate(payment: Payment, id: string, outcome: Outcome, now: Date): Change {
  const request = payment.requests[id];
  const isKnown = request === undefined || request.failure !== null || id in payment.refunds;
  const isFailed = id === payment.id ? payment.status === 'failed' : request?.failedAt !== undefined;
  if (isKnown || !isFailed || outcome.result !== 'failed') return unchanged(payment);
  return revise(payment, { requests: noted(payment.requests, id, { failure: outcome.failure }) }, now);
}
