import { type Event, makeEvent } from '@fanfold/contracts/event';
import { paymentCaptured } from '@fanfold/contracts/payments';
import { randomFrom } from '@fanfold/faults/random';
import { paymentOf } from '../../measuring/payment.ts';

/** Whose events there are: all one merchant's; nine of ten one merchant's; or a thousand merchants'. */
export type Merchants = 'one' | 'most' | 'many';

export const otherMerchants = 1000;

/** Captured payments, each its own, in the same order whenever it is asked. */
export function capturedPayments(count: number, merchants: Merchants): Event[] {
  const random = randomFrom(count);
  const share = { one: 1, most: 0.9, many: 0 }[merchants];
  return Array.from({ length: count }, (_, i) => {
    const merchantid = random() < share ? 'acme' : `shop-${Math.floor(random() * otherMerchants)}`;
    const { paymentMethod: _method, customer, ...payment } = paymentOf(i);
    const { name, email, address } = customer;
    const paymentId = `pay_${String(i).padStart(32, '0')}`;
    return makeEvent(paymentCaptured, {
      subject: paymentId,
      n: 1,
      time: new Date().toISOString(),
      merchantid,
      trace: {
        correlationid: `req_${i}`,
        causationid: `req_${i}`,
        traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      },
      data: {
        ...payment,
        paymentId,
        amountCaptured: payment.amount,
        customer: { name, email, taxId: null, address: { line2: null, state: null, ...address } },
      },
    });
  });
}
