import type { EventOfType } from '@fanfold/contracts/catalog';
import { makeEvent } from '@fanfold/contracts/event';
import type { Order } from '@fanfold/contracts/order';
import {
  paymentCaptured,
  paymentRefunded,
  paymentRefundFailed,
  paymentsDayClosed,
} from '@fanfold/contracts/payments';
import { seller } from '@fanfold/contracts/seller';
import { sound } from '@fanfold/invoicing/brokenFixtures';
import type { Refunded } from './creditNote.ts';
import type { Captured } from './invoice.ts';
import type { DayClosed } from './reconciliation.ts';

export const now = new Date('2026-11-23T10:00:00.000Z');
export const trace = {
  correlationid: 'req_1',
  causationid: 'req_1',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
};
const customer = {
  name: 'Ada Example',
  email: null,
  taxId: null,
  address: { line1: null, line2: null, city: 'Ghent', postalCode: null, state: null, country: 'BE' },
};
export const chairs = [{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }];
const about = (subject: string, n: number) => ({
  subject,
  n,
  time: now.toISOString(),
  merchantid: 'acme',
  trace,
});

/** Two chairs, captured in full unless changed. */
export const captured = (changes: Partial<Captured['data']> = {}): Captured => {
  const data = {
    paymentId: 'pay_1',
    orderId: 'order-1',
    amount: 12_100,
    amountCaptured: 12_100,
    currency: 'EUR',
    description: null,
    customer,
    lines: chairs,
    ...changes,
  };
  return makeEvent(paymentCaptured, { ...about(data.paymentId, 1), data });
};

/** Who issues all documents here. */
export const sellerOf = () => ({ seller: seller.parse(sound.seller), version: 3 });

/** An order that says no more than plain lines do, unless changed. */
export const ordering = (changes: Partial<Order> = {}): Order => ({
  pricesIncludeTax: false,
  lines: null,
  vat: null,
  roundingAmount: 0,
  buyerReference: null,
  orderReference: null,
  delivery: null,
  exchange: null,
  ...changes,
});

/** A line of an order that is not plain. */
export const orderLine = (changes: Partial<NonNullable<Order['lines']>[number]> = {}) => ({
  ...{ description: 'Chair', itemId: null, quantity: '2', unit: 'C62', unitPrice: '50' },
  ...{ taxRate: '21.00', taxCategory: 'S' as const, exemptionCode: null, exemptionReason: null },
  ...{ discount: null, charge: null },
  ...changes,
});

/** The n-th refund of a payment, after earlier ones that amount to `before`. */
export const refunded = (n: number, amount: number, before: number, currency = 'EUR', paymentId = 'pay_1') =>
  makeEvent(paymentRefunded, {
    ...about(paymentId, n + 1),
    data: {
      paymentId,
      orderId: 'order-1',
      amount: 12_100,
      currency,
      amountCaptured: 12_100,
      amountRefunded: before + amount,
      refund: { id: `re_${n}`, amount, reason: null },
    },
  });

/** That a refund has failed after it had succeeded, as the n-th event of its payment. */
export const refundFailed = ({ data }: Refunded, n: number): EventOfType<'payment.refund-failed.v1'> => {
  const { paymentId, orderId, amount, currency, amountCaptured, amountRefunded, refund } = data;
  return makeEvent(paymentRefundFailed, {
    ...about(paymentId, n),
    data: {
      ...{ paymentId, orderId, amount, currency, amountCaptured },
      amountRefunded: Math.max(0, amountRefunded - refund.amount),
      refund: { id: refund.id, amount: refund.amount, reason: refund.reason },
      reason: { code: 'provider_error', message: 'The bank has returned it.', declineCode: null },
      wasRefunded: true,
    },
  });
};

/** The closing of 23 November 2026, the day of all these events. Its counts are empty by default. */
export const dayClosed = (changes: Partial<DayClosed['data']>, merchantid = 'acme'): DayClosed =>
  makeEvent(paymentsDayClosed, {
    ...about(`day_2026-11-23_${merchantid}`, 1),
    time: '2026-11-24T00:15:00.000Z',
    merchantid,
    data: { date: '2026-11-23', counts: {}, totals: {}, ...changes },
  });
