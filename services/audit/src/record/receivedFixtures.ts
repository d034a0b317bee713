import { type Event, makeEvent } from '@fanfold/contracts/event';
import { paymentCanceled, paymentsDayClosed } from '@fanfold/contracts/payments';
import type { DayClosed } from '../compare/completeness.ts';
import type { Received } from './received.ts';

/** The n-th event of a payment, for tests. */
export function receivedOf(subject: string, n: number, changes: Partial<Event> = {}): Received {
  const event = makeEvent(paymentCanceled, {
    subject,
    n,
    time: '2026-11-23T10:00:00.000Z',
    merchantid: 'acme',
    trace: traceFrom(`req_${subject}`),
    data: { paymentId: subject, orderId: 'order-1', amount: 100, currency: 'EUR', reason: 'expired' },
  });
  const changed = { ...event, ...changes };
  return { event: changed, text: JSON.stringify(changed) };
}

/** The closing of 23 November 2026, with the counts of payments. */
export const dayClosed = (counts: Record<string, number>, merchantid = 'acme'): DayClosed =>
  makeEvent(paymentsDayClosed, {
    subject: `day_2026-11-23_${merchantid}`,
    n: 1,
    time: '2026-11-24T00:15:00.000Z',
    merchantid,
    trace: traceFrom('clock_1'),
    data: { date: '2026-11-23', counts, totals: {} },
  });

const traceFrom = (correlationid: string) => ({
  correlationid,
  causationid: correlationid,
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
});
