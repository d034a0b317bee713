import { makeEvent } from '@fanfold/contracts/event';
import {
  paymentAuthorized,
  paymentCanceled,
  paymentCaptured,
  paymentDisputeClosed,
  paymentDisputeOpened,
  paymentFailed,
  paymentRefunded,
  paymentRefundFailed,
} from '@fanfold/contracts/payments';
import {
  type Change,
  type Dispute,
  type HistoryEntry,
  notTaken,
  type Payment,
  type PaymentEvent,
  type Refund,
  revise,
} from './payment.ts';

/**
 * The n-th event of a payment. It is the same whenever it is made: from fields that never change after the event, and
 * from the history up to n.
 */
export function eventOf(payment: Payment, n: number): PaymentEvent {
  const entry = payment.history[n - 1];
  if (!entry) throw new Error(`${payment.id} has ${payment.history.length} events, and not ${n}`);
  const { type, time, trace, expiresAt } = entry;
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
      const { description, customer, lines, order } = payment;
      if (!customer) throw new Error(`${id} has no customer for this event`);
      return makeEvent(paymentCaptured, {
        ...about,
        data: { ...facts, amountCaptured, description, customer, lines, ...(order && { order }) },
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
      const { id: refundId, amount: refunded, reason, credit, afterFailures } = refundOf(payment, entry);
      const { lines, creditedBefore } = credit ?? {};
      const data = {
        ...{ ...facts, amountCaptured, amountRefunded: refundedAfter(payment, n) },
        refund: {
          ...{ id: refundId, amount: refunded, reason },
          ...(lines && creditedBefore && { credit: { lines, creditedBefore } }),
          ...(afterFailures && { afterFailures }),
        },
      };
      return makeEvent(paymentRefunded, { ...about, data });
    }
    case 'payment.refund-failed.v1': {
      const { id: refundId, amount: refunded, reason, failure } = refundOf(payment, entry);
      const data = {
        ...{ ...facts, amountCaptured, amountRefunded: refundedAfter(payment, n) },
        refund: { id: refundId, amount: refunded, reason },
        reason: failure ?? notTaken,
        wasRefunded: wasRefunded(payment.history.slice(0, n), refundId),
      };
      return makeEvent(paymentRefundFailed, { ...about, data });
    }
    case 'payment.dispute-opened.v1':
      return makeEvent(paymentDisputeOpened, {
        ...about,
        data: { ...facts, dispute: claimOf(disputeOf(payment, entry)) },
      });
    case 'payment.dispute-closed.v1': {
      const dispute = disputeOf(payment, entry);
      if (dispute.status === 'open')
        throw new Error(`${id} has an open dispute ${dispute.id} for this event`);
      return makeEvent(paymentDisputeClosed, {
        ...about,
        data: { ...facts, dispute: { ...claimOf(dispute), outcome: dispute.status } },
      });
    }
  }
}

function refundOf({ id, refunds }: Payment, { refundId = '' }: HistoryEntry): Refund {
  const refund = refunds[refundId];
  if (!refund) throw new Error(`${id} has no refund ${refundId} for this event`);
  return refund;
}

function disputeOf({ id, disputes }: Payment, { disputeId = '' }: HistoryEntry): Dispute {
  const dispute = disputes?.[disputeId];
  if (!dispute) throw new Error(`${id} has no dispute ${disputeId} for this event`);
  return dispute;
}

const claimOf = ({ id, amount, currency, reason, openedAt, evidenceDueBy }: Dispute) => ({
  ...{ id, amount, currency, reason, openedAt, evidenceDueBy },
});

/** What was refunded after the n-th event, without what failed after all. */
export const refundedAfter = ({ history, refunds }: Payment, n: number): number =>
  history
    .slice(0, n)
    .reduce(
      (sum, entry, i) =>
        sum + signOf(entry, history.slice(0, i)) * (refunds[entry.refundId ?? '']?.amount ?? 0),
      0,
    );

/** Whether an event gave money back, took it back again, or neither. */
export function signOf({ type, refundId = '' }: HistoryEntry, before: HistoryEntry[]): 1 | 0 | -1 {
  if (type === 'payment.refunded.v1') return 1;
  return type === 'payment.refund-failed.v1' && wasRefunded(before, refundId) ? -1 : 0;
}

/** Whether an event has said that the refund succeeded. */
export const wasRefunded = (history: HistoryEntry[], id: string): boolean =>
  history.some(({ type, refundId }) => type === 'payment.refunded.v1' && refundId === id);

/** The numbers of a payment's events on a day (UTC). */
export const eventNumbersOn = ({ history }: Payment, date: string): number[] =>
  history.flatMap(({ time }, i) => (time.startsWith(date) ? [i + 1] : []));

export function withEvent(
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

/**
 * The time of a payment's next event: now, but never before its previous event, as clocks may differ. So a payment
 * has to be looked for only on the day of its last event and on later days.
 */
export const nextEventTime = ({ history }: Payment, now: Date): string =>
  lastTimeOf(history, now.toISOString());

/** The latest time in the history, or another time that is later. */
export const lastTimeOf = (history: HistoryEntry[], other = ''): string =>
  [other, ...history.map(({ time }) => time)].sort().at(-1) ?? other;
