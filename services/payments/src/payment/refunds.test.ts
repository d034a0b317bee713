import { marshall } from '@aws-sdk/util-dynamodb';
import { maxRefundsPerPayment } from '@fanfold/contracts/payments';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../providers/provider.ts';
import { eventOf } from './events.ts';
import { capture, settle } from './lifecycle.ts';
import { observe } from './observe.ts';
import {
  answered,
  authorized,
  canceling,
  captured,
  capturing,
  declined,
  eventsOf,
  momentAt,
  nothing,
  paymentId,
  processing,
  refunding,
  refusal,
  succeeded,
  unknown,
} from './paymentFixtures.ts';
import { maxFailedRefunds, refund, settleRefund } from './refunds.ts';

describe('A captured payment', () => {
  test('is refunded in whole when no amount is given', () => {
    const { payment, eventNumbers } = refunding(captured());
    expect(eventNumbers).toEqual([]);
    expect(payment).toMatchObject({
      status: 'captured',
      amountRefunded: 0,
      refunds: {
        re_1: {
          id: 're_1',
          amount: 12_100,
          reason: 'came back',
          status: 'pending',
          creditNoteNumber: null,
          runsUntil: '2026-11-23T11:00:15.000Z',
          createdAt: '2026-11-23T11:00:00.000Z',
          settledAt: null,
        },
      },
      requests: { re_1: { fingerprint: 'f4', failure: null } },
    });
    const change = settleRefund(payment, 're_1', succeeded, momentAt('11:00:01.000'));
    expect(change.payment).toMatchObject({
      amountRefunded: 12_100,
      refunds: { re_1: { status: 'succeeded', runsUntil: null, settledAt: '2026-11-23T11:00:01.000Z' } },
    });
    expect(eventsOf(change)).toMatchObject([
      {
        id: `${paymentId}:2`,
        type: 'payment.refunded.v1',
        data: {
          amountCaptured: 12_100,
          amountRefunded: 12_100,
          refund: { id: 're_1', amount: 12_100, reason: 'came back' },
        },
      },
    ]);
  });

  test('is refunded in parts, and each event has what was refunded so far', () => {
    let payment = captured();
    for (const [i, amount] of [100, 2000].entries()) {
      const change = settleRefund(
        refunding(payment, amount, `re_${i}`).payment,
        `re_${i}`,
        succeeded,
        momentAt(),
      );
      expect(eventsOf(change)).toMatchObject([
        {
          id: `${paymentId}:${i + 2}`,
          data: { amountRefunded: i === 0 ? 100 : 2100, refund: { id: `re_${i}`, amount } },
        },
      ]);
      payment = change.payment;
    }
    expect(refunding(payment, undefined, 're_rest').payment.refunds.re_rest?.amount).toBe(10_000);
  });

  test('is not refunded for more than is left, with what is pending counted as given', () => {
    const { payment } = refunding(captured(), 10_000);
    expect(() => refunding(payment, 2101, 're_2')).toThrow(
      expect.objectContaining({
        status: 409,
        code: 'refund_exceeds_captured',
        message: 'Of this payment 2100 can still be refunded.',
        errors: [{ pointer: '#/amount', detail: 'must be at most 2100' }],
      }),
    );
    const { payment: full } = refunding(payment, 2100, 're_2');
    expect(() => refunding(full, 1, 're_3')).toThrow(
      expect.objectContaining({ errors: [{ pointer: '#/amount', detail: 'nothing is left' }] }),
    );
    expect(() => refunding(full, undefined, 're_3')).toThrow(refusal(409, 'refund_exceeds_captured'));
  });

  test('is not refunded for more than was captured of it', () => {
    const { payment } = answered(capturing(authorized(), 5000).payment);
    expect(() => refunding(payment, 5001)).toThrow(refusal(409, 'refund_exceeds_captured'));
    expect(refunding(payment).payment.refunds.re_1?.amount).toBe(5000);
  });

  test.each([
    ['was refused', declined],
    ['was never taken by the provider', nothing],
  ])('may be refunded again when a refund %s', (_what, outcome) => {
    const change = settleRefund(refunding(captured()).payment, 're_1', outcome, momentAt('12:00:00.000'));
    expect(change.payment).toMatchObject({
      amountRefunded: 0,
      refunds: { re_1: { status: 'failed', runsUntil: null, settledAt: '2026-11-23T12:00:00.000Z' } },
    });
    expect(eventsOf(change)).toMatchObject([
      {
        type: 'payment.refund-failed.v1',
        data: {
          amountRefunded: 0,
          refund: { id: 're_1', amount: 12_100, reason: 'came back' },
          reason: outcome === declined ? { code: 'card_declined' } : { code: 'provider_timeout' },
          wasRefunded: false,
        },
      },
    ]);
    expect(refunding(change.payment, undefined, 're_2').payment.refunds.re_2?.amount).toBe(12_100);
  });

  test('keeps a refund pending whose outcome is not known, and no request is running for it any more', () => {
    const change = settleRefund(refunding(captured()).payment, 're_1', unknown, momentAt());
    expect(change).toMatchObject({
      eventNumbers: [],
      payment: { refunds: { re_1: { status: 'pending', runsUntil: null } } },
    });
    expect(change.payment.refunds.re_1?.unknown).toMatchObject({ times: 1 });
    const { payment } = settleRefund(change.payment, 're_1', succeeded, momentAt());
    expect(payment.refunds.re_1).not.toHaveProperty('unknown');
  });

  test('is not changed by a second answer to a refund, nor by one to a refund that it does not have', () => {
    const { payment } = settleRefund(refunding(captured()).payment, 're_1', succeeded, momentAt());
    for (const outcome of [succeeded, declined, nothing, unknown]) {
      expect(settleRefund(payment, 're_1', outcome, momentAt())).toEqual({ payment, eventNumbers: [] });
      expect(settleRefund(payment, 're_9', outcome, momentAt()).payment).toBe(payment);
    }
  });

  test('has at most as many refunds as fit into what is stored of it, and says what is left', () => {
    let payment = captured();
    for (let i = 0; i < maxRefundsPerPayment; i++) payment = refunding(payment, 1, `re_${i}`).payment;
    expect(() => refunding(payment, 1, 're_more')).toThrow(
      expect.objectContaining({
        code: 'too_many_refunds',
        message:
          'A payment can have 48 refunds. Of this one 0 succeeded and 48 are pending; the remaining 12052 can be refunded when one that is pending fails, or at the provider itself.',
      }),
    );
    for (let i = 0; i < maxRefundsPerPayment; i++) {
      payment = settleRefund(payment, `re_${i}`, succeeded, momentAt()).payment;
    }
    expect(() => refunding(payment, 1, 're_more')).toThrow(
      /48 succeeded and 0 are pending; the remaining 12052 can be refunded only at the provider/,
    );
  });

  test('fits into an item of 400 KB with all that it can have', () => {
    const text = (length: number) => '€'.repeat(length);
    const address = {
      line1: text(200),
      line2: text(200),
      city: text(100),
      postalCode: text(20),
      state: text(100),
    };
    let payment = captured({
      description: text(500),
      orderId: text(100),
      customer: {
        name: text(200),
        email: text(254),
        taxId: text(40),
        address: { ...address, country: 'BE' },
      },
      lines: [{ description: text(45_000 / 3), quantity: 1, unitAmount: 12_100, taxRate: '0' }],
      metadata: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}`.padEnd(40, '€'), text(500)])),
    });
    const idOf = (n: number) => `re_${String(n).padStart(32, '0')}`;
    const asking = (n: number) => {
      const asked = { id: idOf(n), amount: 1, reason: text(200), fingerprint: 'f'.repeat(32) };
      payment = refund(payment, asked, momentAt()).payment;
    };
    const settling = (n: number, outcome: Outcome) => {
      payment = settleRefund(payment, idOf(n), outcome, momentAt()).payment;
    };
    const refused: Outcome = {
      result: 'failed',
      failure: { code: 'c'.repeat(64), message: text(1000), declineCode: 'd'.repeat(64) },
    };
    const many = Array.from({ length: maxRefundsPerPayment }, (_, i) => maxFailedRefunds + i);
    for (let n = 0; n < maxFailedRefunds - 1; n++) {
      asking(n);
      settling(n, refused);
    }
    for (const n of many) asking(n);
    for (const n of many) settling(n, succeeded);
    const refunds = many.map((n) => ({ key: idOf(n), outcome: refused }));
    payment = observe(payment, { paymentId, merchantId: 'acme', refunds, disputes: [] }, momentAt()).payment;
    expect(payment.history).toHaveLength(1 + maxFailedRefunds - 1 + 2 * maxRefundsPerPayment);
    expect(JSON.stringify(marshall(payment)).length).toBeLessThan(400_000);
    expect(() => asking(0)).toThrow(/refunds of this payment have failed/);
  });

  test('can be refunded in whole, however many captures and up to 50 refunds failed, and its item stays as small', () => {
    type Step = { operation: 'capture' | 'refund'; outcome: Outcome; answered: boolean };
    const step = fc.record<Step>({
      operation: fc.constantFrom('capture', 'refund'),
      outcome: fc.constantFrom(declined, nothing, declined, nothing, succeeded),
      answered: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 200 }), (steps) => {
        let payment = authorized();
        for (const [n, { operation, outcome, answered }] of steps.entries()) {
          const moment = momentAt('10:00:00.000', n / 86_400);
          const id = `${operation}_${n}`;
          if (operation === 'capture' && payment.status === 'authorized') {
            const begun = capture(payment, { id, amount: undefined, fingerprint: 'f' }, moment);
            payment = settle(begun.payment, outcome, moment, answered).payment;
          }
          const failures = Object.values(payment.refunds).filter(({ status }) => status === 'failed').length;
          if (operation === 'refund' && payment.status === 'captured' && failures < maxFailedRefunds - 1) {
            const asked = refund(payment, { id, amount: 100, reason: null, fingerprint: 'f' }, moment);
            payment = settleRefund(asked.payment, id, outcome, moment).payment;
          }
          expect(payment.requests).toHaveProperty(paymentId);
          // The creation, the capture, what succeeded, what failed and is kept, and the last.
          expect(Object.keys(payment.requests).length).toBeLessThanOrEqual(1 + 1 + maxRefundsPerPayment + 51);
          const all = Object.values(payment.refunds);
          const done = all.filter(({ status }) => status === 'succeeded');
          expect(done.reduce((sum, { amount }) => sum + amount, 0)).toBe(payment.amountRefunded);
        }
        if (payment.status !== 'captured') {
          expect(canceling(payment).payment.ask?.operation).toBe('void');
          return;
        }
        const { payment: asked } = refunding(payment, undefined, 're_rest');
        const given = settleRefund(asked, 're_rest', succeeded, momentAt('12:00:00.000', 1)).payment;
        expect(given.amountRefunded).toBe(given.amountCaptured);
        for (const [i] of given.history.entries()) eventOf(given, i + 1);
      }),
      { numRuns: 30 },
    );
  });
});

test.each([
  ['processing', processing()],
  ['authorized', authorized()],
  ['failed', answered(processing(), declined).payment],
])('A payment that is %s cannot be refunded', (status, payment) => {
  expect(() => refunding(payment)).toThrow(
    expect.objectContaining({
      status: 409,
      code: 'payment_not_refundable',
      members: { paymentStatus: status },
    }),
  );
});
