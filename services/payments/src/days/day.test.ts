import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { settle } from '../payment/lifecycle.ts';
import { observe } from '../payment/observe.ts';
import type { Payment } from '../payment/payment.ts';
import {
  answered,
  authorized,
  captured,
  declined,
  momentAt,
  processing,
} from '../payment/paymentFixtures.ts';
import { refund, settleRefund } from '../payment/refunds.ts';
import { DayBook, daysSince, daysToClose, eventOfDay } from './day.ts';

const run = { now: new Date('2026-11-24T00:15:00.000Z'), trace: momentAt().trace };
const today = '2026-11-23';

/** Another payment with the same life. */
const as = (payment: Payment, id: string, changes: Partial<Payment> = {}): Payment => ({
  ...payment,
  id,
  ...changes,
});

function closingsOf(payments: Payment[], date = today) {
  const book = new DayBook(date, run);
  for (const payment of payments) book.add(payment);
  return book.closings();
}

function refunded(
  payment: Payment,
  amount: number,
  days = 0,
  outcome: 'succeeded' | 'nothing' | 'unknown' = 'succeeded',
) {
  const id = `re_${Object.keys(payment.refunds).length}`;
  const moment = momentAt('12:00:00.000', days);
  const pending = refund(payment, { id, amount, reason: null, fingerprint: 'f' }, moment).payment;
  return settleRefund(pending, id, { result: outcome }, moment).payment;
}

describe('The days to close', () => {
  test('are the seven before today, oldest first', () => {
    expect(daysToClose(new Date('2026-03-03T00:15:00Z'))).toEqual([
      '2026-02-24',
      '2026-02-25',
      '2026-02-26',
      '2026-02-27',
      '2026-02-28',
      '2026-03-01',
      '2026-03-02',
    ]);
  });

  test('end at midnight UTC', () => {
    expect(daysToClose(new Date('2026-03-02T23:59:59.999Z')).at(-1)).toBe('2026-03-01');
    expect(daysToClose(new Date('2026-03-03T00:00:00.000Z')).at(-1)).toBe('2026-03-02');
  });
});

test('Payments of a day are looked for from that day on to today, so that none is missed that moves on meanwhile', () => {
  expect(daysSince('2026-02-27', new Date('2026-03-02T00:15:00Z'))).toEqual([
    '2026-02-27',
    '2026-02-28',
    '2026-03-01',
    '2026-03-02',
  ]);
  expect(daysSince('2026-03-02', new Date('2026-03-02T00:15:00Z'))).toEqual(['2026-03-02']);
});

describe('A day', () => {
  test('is closed with the events of each merchant’s payments on it, counted by type and added up by currency', () => {
    const payments = [
      captured(),
      as(captured(), 'pay_2'),
      as(refunded(refunded(captured(), 100), 2000), 'pay_3'),
      as(captured({ currency: 'JPY', amount: 500 }), 'pay_4'),
      as(authorized(), 'pay_5'),
      as(answered(processing(), declined).payment, 'pay_6'),
      as(captured(), 'pay_7', { merchantId: 'other' }),
    ];
    expect(closingsOf(payments)).toEqual([
      {
        subject: 'day_2026-11-23_acme',
        merchantId: 'acme',
        closedAt: '2026-11-24T00:15:00.000Z',
        trace: run.trace,
        date: today,
        counts: {
          'payment.captured.v1': 4,
          'payment.refunded.v1': 2,
          'payment.authorized.v1': 1,
          'payment.failed.v1': 1,
        },
        totals: { EUR: { captured: 36_300, refunded: 2100 }, JPY: { captured: 500, refunded: 0 } },
      },
      expect.objectContaining({ merchantId: 'other', totals: { EUR: { captured: 12_100, refunded: 0 } } }),
    ]);
  });

  test('has no events of other days', () => {
    const payment = refunded(captured(), 100, 2);
    expect(closingsOf([payment])).toMatchObject([
      { counts: { 'payment.captured.v1': 1 }, totals: { EUR: { captured: 12_100, refunded: 0 } } },
    ]);
    expect(closingsOf([payment], '2026-11-25')).toMatchObject([
      { counts: { 'payment.refunded.v1': 1 }, totals: { EUR: { captured: 0, refunded: 100 } } },
    ]);
    expect(closingsOf([payment], '2026-11-24')).toEqual([]);
  });

  test('has nothing of refunds that failed or are pending', () => {
    const payment = refunded(refunded(captured(), 100, 0, 'nothing'), 200, 0, 'unknown');
    expect(closingsOf([payment])).toMatchObject([{ totals: { EUR: { captured: 12_100, refunded: 0 } } }]);
  });

  test('has what was refunded on it, whatever failed later, and on the day of that failure what was reversed', () => {
    const given = refunded(captured(), 100, 0);
    const [id = ''] = Object.keys(given.refunds);
    const outcome = {
      result: 'failed',
      failure: { code: 'lost', message: 'Lost.', declineCode: null },
    } as const;
    const facts = { paymentId: given.id, merchantId: 'acme', refunds: [{ key: id, outcome }], disputes: [] };
    const failed = observe(given, facts, momentAt('10:00:00.000', 1)).payment;
    expect(closingsOf([failed])).toMatchObject([{ totals: { EUR: { captured: 12_100, refunded: 100 } } }]);
    expect(closingsOf([failed], '2026-11-24')).toMatchObject([
      {
        counts: { 'payment.refund-failed.v1': 1 },
        totals: { EUR: { captured: 0, refunded: 0, reversed: 100 } },
      },
    ]);
  });

  test('has nothing of payments without events so far', () => {
    expect(closingsOf([processing()])).toEqual([]);
  });

  test('is the same when it is counted in two parts, one by another run', () => {
    const [first, second, other] = [
      captured(),
      as(captured(), 'pay_2'),
      as(captured(), 'pay_3', { merchantId: 'x' }),
    ];
    const book = new DayBook(today, run);
    book.add(first);
    const open = book.closings();
    const further = new DayBook(today, { ...run, now: new Date('2026-11-24T00:30:00.000Z') }, open);
    for (const payment of [second, other]) further.add(payment);
    expect(further.takeAllBut('x')).toEqual(closingsOf([first, second]));
    expect(further.takeAllBut()).toMatchObject([{ merchantId: 'x', closedAt: '2026-11-24T00:30:00.000Z' }]);
    expect(open).toEqual(closingsOf([first]));
  });

  test('has, with all others together, each event and each amount once', () => {
    const life = fc.record({
      merchantId: fc.constantFrom('acme', 'other'),
      currency: fc.constantFrom('EUR', 'JPY'),
      capturedAfterDays: fc.nat({ max: 3 }),
      refunds: fc.array(fc.record({ amount: fc.integer({ min: 1, max: 500 }), days: fc.nat({ max: 6 }) }), {
        maxLength: 4,
      }),
    });
    fc.assert(
      fc.property(fc.array(life, { maxLength: 10 }), (lives) => {
        const payments = lives.map(({ merchantId, currency, capturedAfterDays, refunds }, i) => {
          const asked = processing({ captureMethod: 'automatic', currency });
          const start = settle(
            asked,
            { result: 'succeeded' },
            momentAt('10:00:00.000', capturedAfterDays),
            true,
          ).payment;
          return refunds.reduce(
            (payment, { amount, days }) => refunded(payment, amount, days),
            as(start, `pay_${i}`, { merchantId }),
          );
        });
        const days = Array.from({ length: 8 }, (_, i) =>
          momentAt('00:00:00.000', i).now.toISOString().slice(0, 10),
        );
        const closings = days.flatMap((day) => closingsOf(payments, day));
        const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
        expect(sum(closings.flatMap(({ counts }) => Object.values(counts)))).toBe(
          sum(payments.map(({ history }) => history.length)),
        );
        for (const merchant of ['acme', 'other']) {
          for (const currency of ['EUR', 'JPY']) {
            const theirs = payments.filter(
              (payment) => payment.merchantId === merchant && payment.currency === currency,
            );
            const said = closings
              .filter(({ merchantId }) => merchantId === merchant)
              .flatMap(({ totals }) => totals[currency] ?? []);
            expect(sum(said.map((total) => total.captured))).toBe(
              sum(theirs.map(({ amountCaptured }) => amountCaptured)),
            );
            expect(sum(said.map((total) => total.refunded))).toBe(
              sum(theirs.map(({ amountRefunded }) => amountRefunded)),
            );
          }
        }
      }),
    );
  });

  test('has an event of its merchant, the only one of its subject', () => {
    const [closing] = closingsOf([as(captured(), 'pay_1', { merchantId: 'm'.repeat(64) })]);
    if (!closing) throw new Error('There is no closing');
    expect(eventOfDay(closing)).toMatchObject({
      id: `day_2026-11-23_${'m'.repeat(64)}:1`,
      source: '/payments',
      type: 'payments.day-closed.v1',
      time: '2026-11-24T00:15:00.000Z',
      merchantid: 'm'.repeat(64),
      ...run.trace,
      data: {
        date: today,
        counts: { 'payment.captured.v1': 1 },
        totals: { EUR: { captured: 12_100, refunded: 0 } },
      },
    });
  });
});
