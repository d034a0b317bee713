import type { EventOfType } from '@fanfold/contracts/catalog';
import type { Event } from '@fanfold/contracts/event';
import type { EventSource } from './comparison.ts';

/** In the order in which a payment has them. */
const ofPayments = [
  'payment.authorized.v1',
  'payment.captured.v1',
  'payment.failed.v1',
  'payment.canceled.v1',
  'payment.refunded.v1',
  'payment.refund-failed.v1',
  'payment.dispute-opened.v1',
  'payment.dispute-closed.v1',
] as const;

type PaymentEvent = EventOfType<(typeof ofPayments)[number]>;

const isOfPayment = (type: string): boolean => (ofPayments as readonly string[]).includes(type);

/** Payments, the numbers of their documents, who issues those, closed days, and differences from the provider, from the events of each. */
export const paymentsEvents: EventSource = {
  service: 'payments',
  types: [
    ...ofPayments,
    'invoice.issued.v1',
    'credit-note.issued.v1',
    'seller.changed.v1',
    'payments.day-closed.v1',
    'payments.difference-found.v1',
  ],
  needsCause: () => false,
  isCounted: isOfPayment,
  amountOf: (event: Event) => {
    const { type, data } = event as PaymentEvent;
    const { currency } = data;
    if (type === 'payment.captured.v1') return { currency, amountMinor: data.amountCaptured };
    const isOfRefund = type === 'payment.refunded.v1' || type === 'payment.refund-failed.v1';
    return { currency, amountMinor: isOfRefund ? data.refund.amount : data.amount };
  },
  provider: {
    nameOf: ({ operation, key, paymentId }) => {
      if (operation === 'refund') return key;
      return operation === 'capture' || operation === 'void' ? `${operation} ${paymentId}` : paymentId;
    },
    toldBy: (event) => {
      if (!isOfPayment(event.type)) return [];
      const { type, data } = event as PaymentEvent;
      if (type === 'payment.refunded.v1' || type === 'payment.refund-failed.v1') return [data.refund.id];
      const { paymentId } = data;
      if (type === 'payment.captured.v1') return [paymentId, `capture ${paymentId}`];
      return type === 'payment.canceled.v1' ? [paymentId, `void ${paymentId}`] : [paymentId];
    },
  },
};
