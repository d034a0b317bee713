import { type Event, makeEvent } from '@fanfold/contracts/event';
import { paymentCanceled } from '@fanfold/contracts/payments';
import type { Entry } from './entry.ts';

/** The n-th event of a payment, for tests. */
export function entryOf(subject: string, n: number, changes: Partial<Event> = {}): Entry {
  const event = makeEvent(paymentCanceled, {
    subject,
    n,
    time: '2026-11-23T10:00:00.000Z',
    merchantid: 'acme',
    trace: {
      correlationid: `req_${subject}`,
      causationid: `req_${subject}`,
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    },
    data: { paymentId: subject, orderId: 'order-1', amount: 100, currency: 'EUR', reason: 'expired' },
  });
  const changed = { ...event, ...changes };
  return { event: changed, text: JSON.stringify(changed) };
}
