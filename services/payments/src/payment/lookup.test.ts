import { expect, test } from 'vitest';
import { settle } from './lifecycle.ts';
import { lookupAt } from './lookup.ts';
import type { Ask, Moment, Payment } from './payment.ts';
import { captured, momentAt, processing, unknown } from './paymentFixtures.ts';
import { refund, settleRefund } from './refunds.ts';

test('What is unknown is asked for at once, and then after ever longer pauses, up to half an hour', () => {
  const pausesOf = (payment: Payment, again: (payment: Payment, moment: Moment) => Payment) => {
    const pauses: number[] = [];
    let [moment, current] = [momentAt('10:00:15.000'), payment];
    for (let i = 0; i < 8; i++) {
      current = again(current, moment);
      const asked = current.ask ?? current.refunds.re_1;
      const nextLookupAt = lookupAt(asked as Ask, current);
      pauses.push((Date.parse(nextLookupAt) - moment.now.getTime()) / 60_000);
      expect(asked?.unknown).toMatchObject({ since: '2026-11-23T10:00:15.000Z', times: i + 1 });
      moment = { ...moment, now: new Date(nextLookupAt) };
    }
    return pauses;
  };
  const expected = [0, 1, 2, 4, 8, 16, 30, 30];
  expect(
    pausesOf(processing(), (payment, moment) => settle(payment, unknown, moment, false).payment),
  ).toEqual(expected);
  const refunding = refund(
    captured(),
    { id: 're_1', amount: 5, reason: null, fingerprint: 'f' },
    momentAt(),
  ).payment;
  expect(
    pausesOf(refunding, (payment, moment) => settleRefund(payment, 're_1', unknown, moment).payment),
  ).toEqual(expected);
});
