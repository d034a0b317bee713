import type { EventOfType } from '@fanfold/contracts/catalog';
import { makeEvent, type Trace } from '@fanfold/contracts/event';
import type { Customer, Line } from '@fanfold/contracts/fields';
import {
  maxRefundsPerPayment,
  paymentAuthorized,
  paymentCanceled,
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
} from '@fanfold/contracts/payments';
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

/** The next state of a payment, and the numbers of the events that are said with it. */
export type Change = { payment: Payment; eventNumbers: number[] };

/** When and on whose behalf something happens, and how long its request may run. */
export type Moment = { now: Date; trace: Trace; runsUntil: string | null };

export type PaymentEvent = EventOfType<
  | 'payment.authorized.v1'
  | 'payment.captured.v1'
  | 'payment.failed.v1'
  | 'payment.canceled.v1'
  | 'payment.refunded.v1'
>;

const authorizationDays = 7;

/**
 * How many captures, cancellations and refunds that had no effect are kept, the newest of them. What is kept for ever must
 * have an end, and what had no effect must not use up the room of what may have one.
 */
const maxFailedKept = 50;

/** A payment that the provider is about to be asked for. */
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
 * Takes an authorized payment, in whole or in part; what is not taken is released.
 *
 * @throws Refusal 409 `payment_not_capturable`, 422 `amount_too_large`
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
  return ask(payment, { id, operation: 'capture', amount, reason: null }, fingerprint, moment);
}

/**
 * Gives up an authorization; no money moves.
 *
 * @param request its `fingerprint` is null when no client asked for it, so that no answer has to be repeated
 * @throws Refusal 409 `payment_not_cancelable`
 */
export function cancel(
  payment: Payment,
  { id, reason, fingerprint }: { id: string; reason: string; fingerprint: string | null },
  moment: Moment,
): Change {
  if (payment.status !== 'authorized') throw conflict('payment_not_cancelable', payment, 'canceled');
  return ask(payment, { id, operation: 'void', amount: payment.amount, reason }, fingerprint, moment);
}

/** Whether an authorization's time is over. */
export const isExpired = ({ status, expiresAt }: Payment, now: Date): boolean =>
  status === 'authorized' && expiresAt !== null && expiresAt <= now.toISOString();

/**
 * Gives captured money back, in part or in whole. Refunds that are still pending count as given.
 *
 * @throws Refusal 409 `payment_not_refundable`, `refund_exceeds_captured`, `too_many_refunds`
 */
export function refund(
  payment: Payment,
  request: { id: string; amount: number | undefined; reason: string | null; fingerprint: string },
  { now, runsUntil }: Moment,
): Change {
  if (payment.status !== 'captured') throw conflict('payment_not_refundable', payment, 'refunded');
  const left = refundable(payment);
  const amount = request.amount ?? left;
  if (amount > left || left === 0) {
    const message = `Of this payment ${left} can still be refunded.`;
    throw new Refusal(409, 'refund_exceeds_captured', message, {
      errors: [{ pointer: '#/amount', detail: left === 0 ? 'nothing is left' : `must be at most ${left}` }],
    });
  }
  refuseTooMany(payment, left);
  const time = now.toISOString();
  const { id, reason, fingerprint } = request;
  const pending: Refund = {
    id,
    amount,
    reason,
    status: 'pending',
    creditNoteNumber: null,
    runsUntil,
    createdAt: time,
    settledAt: null,
  };
  const { requests, refunds } = remember(payment, id, fingerprint);
  return revise(payment, { refunds: { ...refunds, [id]: pending }, requests }, now);
}

/** Those that failed gave nothing back and do not count. */
function refuseTooMany({ refunds }: Payment, left: number): void {
  const withStatus = (status: Refund['status']) =>
    Object.values(refunds).filter((refund) => refund.status === status).length;
  const [succeeded, pending] = [withStatus('succeeded'), withStatus('pending')];
  if (succeeded + pending < maxRefundsPerPayment) return;
  const wayOut =
    pending === 0
      ? 'can be given back only by the means of the provider.'
      : 'can be given back when one that is pending fails, or by the means of the provider.';
  throw new Refusal(
    409,
    'too_many_refunds',
    `A payment can have ${maxRefundsPerPayment} refunds. Of this one ${succeeded} succeeded and ${pending} are pending; the ${left} that are left of it ${wayOut}`,
  );
}

const refundable = ({ amountCaptured, refunds }: Payment): number =>
  Object.values(refunds).reduce(
    (left, { status, amount }) => left - (status === 'failed' ? 0 : amount),
    amountCaptured,
  );

/**
 * What becomes of a payment by the provider's answer to its ask.
 *
 * @param answered whether the answer goes to the client whose request it was: a failure is then part of it
 */
export function settle(payment: Payment, outcome: Outcome, moment: Moment, answered: boolean): Change {
  const { ask: asked } = payment;
  if (!asked) return { payment, eventNumbers: [] };
  const { now, trace } = moment;
  if (outcome.result === 'unknown') return revise(payment, { ask: stillUnknown(asked, payment, now) }, now);

  if (outcome.result === 'succeeded') {
    switch (asked.operation) {
      case 'authorize': {
        const expiresAt = new Date(now.getTime() + authorizationDays * 86_400_000).toISOString();
        const authorized = { status: 'authorized', ask: null, expiresAt } as const;
        return withEvent(payment, authorized, { type: 'payment.authorized.v1', trace, expiresAt }, now);
      }
      case 'charge':
      case 'capture': {
        const captured = {
          status: 'captured',
          ask: null,
          expiresAt: null,
          amountCaptured: asked.amount,
        } as const;
        return withEvent(payment, captured, { type: 'payment.captured.v1', trace }, now);
      }
      case 'void': {
        const canceled = {
          status: 'canceled',
          ask: null,
          expiresAt: null,
          cancellationReason: asked.reason,
        } as const;
        return withEvent(payment, canceled, { type: 'payment.canceled.v1', trace }, now);
      }
    }
  }

  const failure = failureOf(outcome);
  const answer = answered ? { failure } : {};
  if (asked.operation === 'capture' || asked.operation === 'void') {
    const requests = noted(payment.requests, asked.id, { ...answer, failedAt: now.toISOString() });
    return revise(payment, { status: 'authorized', ask: null, requests }, now);
  }
  const requests = noted(payment.requests, asked.id, answer);
  const failed = { status: 'failed', ask: null, failure, requests } as const;
  return withEvent(payment, failed, { type: 'payment.failed.v1', trace }, now);
}

/** What becomes of a pending refund by the provider's answer. */
export function settleRefund(
  payment: Payment,
  refundId: string,
  outcome: Outcome,
  { now, trace }: Moment,
): Change {
  const pending = payment.refunds[refundId];
  if (pending?.status !== 'pending') return { payment, eventNumbers: [] };
  const { unknown, ...known } = pending;
  const become = (refund: Refund) => ({ ...payment.refunds, [refundId]: refund });
  const settledAt = nextEventTime(payment, now);
  switch (outcome.result) {
    case 'unknown':
      return revise(payment, { refunds: become(stillUnknown(pending, payment, now)) }, now);
    case 'succeeded': {
      const refunds = become({ ...known, status: 'succeeded', runsUntil: null, settledAt });
      const amountRefunded = payment.amountRefunded + pending.amount;
      return withEvent(
        payment,
        { refunds, amountRefunded },
        { type: 'payment.refunded.v1', trace, refundId },
        now,
      );
    }
    default:
      return revise(
        payment,
        { refunds: become({ ...known, status: 'failed', runsUntil: null, settledAt }) },
        now,
      );
  }
}

/**
 * What was asked, when its outcome is found to be unknown once more. The provider is asked for it again at once, then after
 * a minute, and then after twice as long each time, up to half an hour: what is unknown for long is not known sooner by
 * asking each minute, and a provider that is away is spared.
 */
function stillUnknown<Asked extends Ask | Refund>(asked: Asked, { updatedAt }: Payment, now: Date): Asked {
  const { since, times } = asked.unknown ?? { since: earlier(asked.runsUntil ?? updatedAt, now), times: 0 };
  const minutes = times === 0 ? 0 : Math.min(2 ** (times - 1), longestPauseMinutes);
  const nextLookupAt = new Date(now.getTime() + minutes * 60_000).toISOString();
  return { ...asked, runsUntil: null, unknown: { since, times: times + 1, nextLookupAt } };
}

const longestPauseMinutes = 30;

const earlier = (time: string, now: Date): string => (time < now.toISOString() ? time : now.toISOString());

/** When the provider is to be asked what came of something: once no request can be waiting for its answer any more. */
export const lookupAt = ({ runsUntil, unknown }: Ask | Refund, { updatedAt }: Payment): string =>
  unknown?.nextLookupAt ?? runsUntil ?? updatedAt;

/** The numbers of the events that a payment said on a day (UTC). */
export const eventNumbersOn = ({ history }: Payment, date: string): number[] =>
  history.flatMap(({ time }, i) => (time.startsWith(date) ? [i + 1] : []));

/**
 * The n-th event of a payment, the same whenever it is made: from what never changes once it is said, and from the
 * history up to n.
 */
export function eventOf(payment: Payment, n: number): PaymentEvent {
  const entry = payment.history[n - 1];
  if (!entry) throw new Error(`${payment.id} has said ${payment.history.length} events and not ${n}`);
  const { type, time, trace, expiresAt, refundId } = entry;
  const { id, orderId, amount, currency, amountCaptured } = payment;
  const facts = { paymentId: id, orderId, amount, currency };
  const about = { subject: id, n, time, merchantid: payment.merchantId, trace };
  switch (type) {
    case 'payment.authorized.v1':
      return makeEvent(paymentAuthorized, {
        ...about,
        data: { ...facts, expiresAt: expiresAt ?? '' },
      });
    case 'payment.captured.v1': {
      const { description, customer, lines } = payment;
      return makeEvent(paymentCaptured, {
        ...about,
        data: { ...facts, amountCaptured, description, customer, lines },
      });
    }
    case 'payment.failed.v1':
      return makeEvent(paymentFailed, { ...about, data: { ...facts, reason: payment.failure ?? notTaken } });
    case 'payment.canceled.v1':
      return makeEvent(paymentCanceled, {
        ...about,
        data: { ...facts, reason: payment.cancellationReason ?? '' },
      });
    case 'payment.refunded.v1': {
      const refund = payment.refunds[refundId ?? ''];
      if (!refund) throw new Error(`${id} has no refund ${refundId} to speak of`);
      const amountRefunded = payment.history
        .slice(0, n)
        .reduce((sum, { refundId = '' }) => sum + (payment.refunds[refundId]?.amount ?? 0), 0);
      const data = { ...facts, amountCaptured, amountRefunded, refund };
      return makeEvent(paymentRefunded, { ...about, data });
    }
  }
}

function ask(
  payment: Payment,
  asked: Omit<Ask, 'runsUntil'>,
  fingerprint: string | null,
  { now, runsUntil }: Moment,
): Change {
  const remembered = fingerprint === null ? {} : remember(payment, asked.id, fingerprint);
  return revise(payment, { status: 'processing', ask: { ...asked, runsUntil }, ...remembered }, now);
}

/**
 * Remembers a request, so that its repetition finds it, and forgets the oldest of too many that had no effect. A repetition
 * of one that is forgotten is an attempt again, under the same key of the provider, who takes it for the same.
 */
function remember(payment: Payment, id: string, fingerprint: string): Pick<Payment, 'requests' | 'refunds'> {
  const forgotten = new Set(failedIds(payment).slice(maxFailedKept));
  const kept = <Entry>(entries: Record<string, Entry>): Record<string, Entry> =>
    Object.fromEntries(Object.entries(entries).filter(([each]) => !forgotten.has(each)));
  return {
    requests: { ...kept(payment.requests), [id]: { fingerprint, failure: null } },
    refunds: kept(payment.refunds),
  };
}

/** The operations that are known to have had no effect, newest first. */
function failedIds({ id: creation, status, requests, refunds }: Payment): string[] {
  const failed = Object.entries(requests).flatMap(([id, { failure, failedAt = '' }]) => {
    const refund = refunds[id];
    if (refund) return refund.status === 'failed' ? [{ id, at: refund.settledAt ?? refund.createdAt }] : [];
    // While a payment is authorized, nothing that was asked of it since has had an effect.
    const isFailed = id !== creation && (failure !== null || failedAt !== '' || status === 'authorized');
    return isFailed ? [{ id, at: failedAt }] : [];
  });
  return failed.sort((a, b) => (a.at < b.at ? 1 : -1)).map(({ id }) => id);
}

/**
 * When something is said of a payment: now, but never before what was said last, as clocks may differ. So a payment is
 * looked for on the day of its last event and on later ones only.
 */
const nextEventTime = ({ history }: Payment, now: Date): string => lastTimeOf(history, now.toISOString());

/** The latest time of what was said, or another that is later. */
export const lastTimeOf = (history: HistoryEntry[], other = ''): string =>
  [other, ...history.map(({ time }) => time)].sort().at(-1) ?? other;

const revise = (payment: Payment, changes: Partial<Payment>, now: Date): Change => ({
  payment: { ...payment, ...changes, updatedAt: now.toISOString(), version: payment.version + 1 },
  eventNumbers: [],
});

function withEvent(
  payment: Payment,
  changes: Partial<Payment>,
  entry: Omit<HistoryEntry, 'time'>,
  now: Date,
): Change {
  const time = nextEventTime(payment, now);
  const history = [...payment.history, { ...entry, time }];
  const { payment: revised } = revise(payment, { ...changes, history }, new Date(time));
  return { payment: revised, eventNumbers: [history.length] };
}

const notTaken: Failure = {
  code: 'provider_timeout',
  message: 'The payment provider did not answer and has not taken the payment.',
  declineCode: null,
};

const failureOf = (outcome: Outcome): Failure => (outcome.result === 'failed' ? outcome.failure : notTaken);

const noted = (
  requests: Payment['requests'],
  id: string,
  outcome: Partial<PastRequest>,
): Payment['requests'] => {
  const request = requests[id];
  return request ? { ...requests, [id]: { ...request, ...outcome } } : requests;
};

const conflict = (code: string, { status }: Payment, verb: string): Refusal =>
  new Refusal(409, code, `A payment that is ${status} cannot be ${verb}.`, {
    members: { paymentStatus: status },
  });
