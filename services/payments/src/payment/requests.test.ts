import { describe, expect, test } from 'vitest';
import { cancel, capture, settle } from './lifecycle.ts';
import type { Payment } from './payment.ts';
import {
  authorized,
  canceling,
  capturing,
  declined,
  momentAt,
  nothing,
  paymentId,
} from './paymentFixtures.ts';

describe('What a payment remembers of its requests', () => {
  const manyRequests = (payment: Payment, count: number): Payment => ({
    ...payment,
    requests: Object.fromEntries(
      Array.from({ length: count }, (_, n) => [`cap_old_${n}`, { fingerprint: 'f', failure: null }]),
    ),
  });

  test.each([
    ['capture', capturing],
    ['cancellation', canceling],
  ])('leaves room for a %s, however many failed', (_operation, begin) => {
    let payment = authorized();
    for (let n = 1; n <= 150; n++) {
      const moment = momentAt(
        `10:${String(Math.floor(n / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}.000`,
      );
      const begun = capture(payment, { id: `cap_${n}`, amount: 1, fingerprint: 'f' }, moment);
      payment = settle(begun.payment, n % 2 === 0 ? declined : nothing, moment, n % 3 === 0).payment;
    }
    const { requests } = begin(payment).payment;
    expect(Object.keys(requests)).toHaveLength(1 + 50 + 1);
    // The newest are kept, and what the payment began with.
    expect(Object.keys(requests)).toEqual(expect.arrayContaining([paymentId, 'cap_150', 'cap_101']));
  });

  test('of those that failed before their time was kept has an end as well', () => {
    const { requests } = capturing(manyRequests(authorized(), 99)).payment;
    expect(requests).toHaveProperty('cap_1');
    expect(Object.keys(requests)).toHaveLength(51);
  });

  test('does not grow by what a clock does, however often', () => {
    const full = manyRequests(authorized(), 100);
    const expiring = cancel(full, { id: 'void_2', reason: 'expired', fingerprint: null }, momentAt()).payment;
    expect(expiring).toMatchObject({ status: 'processing', requests: full.requests });
    const given = settle(expiring, nothing, momentAt(), true).payment;
    expect(given).toMatchObject({ status: 'authorized', requests: full.requests });
  });
});
