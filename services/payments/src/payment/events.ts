import { makeEvent } from '@fanfold/contracts/event';
import {
  paymentAuthorized,
  paymentCanceled,
  paymentCaptured,
  paymentFailed,
  paymentRefunded,
} from '@fanfold/contracts/payments';
import {
  type Change,
  type HistoryEntry,
  notTaken,
  type Payment,
  type PaymentEvent,
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
      const refund = payment.refunds[entry.refundId ?? ''];
      if (!refund) throw new Error(`${id} has no refund ${entry.refundId} for this event`);
      const amountRefunded = payment.history
        .slice(0, n)
        .reduce((sum, { refundId = '' }) => sum + (payment.refunds[refundId]?.amount ?? 0), 0);
      const { id: refundId, amount: refunded, reason, credit } = refund;
      const { lines, creditedBefore } = credit ?? {};
      const data = {
        ...{ ...facts, amountCaptured, amountRefunded },
        refund: {
          ...{ id: refundId, amount: refunded, reason },
          ...(lines && creditedBefore && { credit: { lines, creditedBefore } }),
        },
      };
      return makeEvent(paymentRefunded, { ...about, data });
    }
  }
}

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
