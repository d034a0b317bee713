import { expect } from 'vitest';
import type { Outcome } from '../providers/provider.ts';
import { eventOf } from './events.ts';
import { cancel, capture, create, settle } from './lifecycle.ts';
import type { Change, Moment, Payment, PaymentRequest } from './payment.ts';
import { refund } from './refunds.ts';

export const paymentRequest: PaymentRequest = {
  amount: 12_100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  captureMethod: 'manual',
  orderId: 'order-1001',
  description: 'Two chairs',
  customer: {
    name: 'Ada Example',
    email: 'ada@example.com',
    taxId: null,
    address: { line1: null, line2: null, city: 'Ghent', postalCode: '9000', state: null, country: 'BE' },
  },
  lines: [{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }],
  metadata: { channel: 'web' },
};

export const paymentId = `pay_${'0'.repeat(31)}1`;

/** A moment on 23 November 2026, or days later, in a request that may run for another 15 s. */
export const momentAt = (time = '10:00:00.000', days = 0): Moment => {
  const now = new Date(Date.parse(`2026-11-23T${time}Z`) + days * 86_400_000);
  return {
    now,
    trace: {
      correlationid: 'req_1',
      causationid: 'req_1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
    runsUntil: new Date(now.getTime() + 15_000).toISOString(),
  };
};

export const declined: Outcome = {
  result: 'failed',
  failure: { code: 'card_declined', message: 'The card was declined.', declineCode: 'generic_decline' },
};

/** A payment whose first call to the provider is under way. */
export const processing = (changes: Partial<PaymentRequest> = {}): Payment =>
  create(
    { ...paymentRequest, ...changes },
    { id: paymentId, merchantId: 'acme', fingerprint: 'f1' },
    momentAt(),
  ).payment;

/** The change that the provider's answer makes to a payment, in the request that waits for it. */
export const answered = (
  payment: Payment,
  outcome: Outcome = { result: 'succeeded' },
  moment = momentAt(),
): Change => settle(payment, outcome, moment, true);

export const authorized = (changes: Partial<PaymentRequest> = {}): Payment =>
  answered(processing(changes)).payment;

export const captured = (changes: Partial<PaymentRequest> = {}): Payment =>
  answered(processing({ captureMethod: 'automatic', ...changes })).payment;

export const succeeded: Outcome = { result: 'succeeded' };
export const nothing: Outcome = { result: 'nothing' };
export const unknown: Outcome = { result: 'unknown' };

export const capturing = (payment: Payment, amount?: number, moment = momentAt()) =>
  capture(payment, { id: 'cap_1', amount, fingerprint: 'f2' }, moment);
export const canceling = (payment: Payment, moment = momentAt()) =>
  cancel(payment, { id: 'void_1', reason: 'out of stock', fingerprint: 'f3' }, moment);
export const refunding = (payment: Payment, amount?: number, id = 're_1') =>
  refund(payment, { id, amount, reason: 'came back', fingerprint: 'f4' }, momentAt('11:00:00.000'));

/** The events of a change, as they are published. */
export const eventsOf = ({ payment, eventNumbers }: Change) =>
  eventNumbers.map((each) => eventOf(payment, each));

export const refusal = (status: number, code: string) =>
  expect.objectContaining({ name: 'Refusal', status, code });
