import { describe, expect, test } from 'vitest';
import { eventNumbersOn, eventOf } from './events.ts';
import type { Payment } from './payment.ts';
import { answered, authorized, captured, capturing, momentAt, succeeded } from './paymentFixtures.ts';

describe('An event', () => {
  /** A captured payment whose history says something else. */
  const having = (changes: Partial<Payment['history'][0]>): Payment => {
    const payment = captured();
    return { ...payment, history: payment.history.map((each) => ({ ...each, ...changes })) };
  };

  test('of a refund that the payment does not have is never made', () => {
    const refunded = having({ type: 'payment.refunded.v1', refundId: 're_9' });
    expect(() => eventOf(refunded, 1)).toThrow('has no refund re_9 for this event');
    expect(() => eventOf(having({ type: 'payment.refunded.v1' }), 1)).toThrow('has no refund');
  });

  test('that a payment cannot have, or does not have so far, is never made', () => {
    expect(() => eventOf(having({ type: 'payment.authorized.v1' }), 1)).toThrow();
    expect(() => eventOf(captured(), 2)).toThrow('has 1 events, and not 2');
    expect(() => eventOf(captured(), 0)).toThrow('not 0');
  });
});

test('The events of a payment on a day (UTC) are found by their numbers', () => {
  const payment = answered(capturing(authorized(), 100, momentAt('23:59:59.999')).payment, succeeded, {
    ...momentAt('00:00:00.000', 1),
  }).payment;
  expect(eventNumbersOn(payment, '2026-11-23')).toEqual([1]);
  expect(eventNumbersOn(payment, '2026-11-24')).toEqual([2]);
  expect(eventNumbersOn(payment, '2026-11-25')).toEqual([]);
});
