import { marshall } from '@aws-sdk/util-dynamodb';
import { maxRefundsPerPayment } from '@fanfold/contracts/payments';
import { Refusal } from '@fanfold/runtime/refusal';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Ask,
  type Change,
  cancel,
  capture,
  create,
  eventNumbersOn,
  eventOf,
  isExpired,
  lookupAt,
  type Moment,
  type Outcome,
  type Payment,
  refund,
  settle,
  settleRefund,
} from './payment.ts';
import {
  answered,
  authorized,
  captured,
  declined,
  momentAt,
  paymentId,
  paymentRequest,
  processing,
} from './paymentFixtures.ts';

const succeeded: Outcome = { result: 'succeeded' };
const nothing: Outcome = { result: 'nothing' };
const unknown: Outcome = { result: 'unknown' };

const capturing = (payment: Payment, amount?: number, moment = momentAt()) =>
  capture(payment, { id: 'cap_1', amount, fingerprint: 'f2' }, moment);
const canceling = (payment: Payment, moment = momentAt()) =>
  cancel(payment, { id: 'void_1', reason: 'out of stock', fingerprint: 'f3' }, moment);
const refunding = (payment: Payment, amount?: number, id = 're_1') =>
  refund(payment, { id, amount, reason: 'came back', fingerprint: 'f4' }, momentAt('11:00:00.000'));

/** The events of a change, as they go out. */
const eventsOf = ({ payment, eventNumbers }: Change) => eventNumbers.map((each) => eventOf(payment, each));

const refusal = (status: number, code: string) => expect.objectContaining({ name: 'Refusal', status, code });

describe('A new payment', () => {
  test('is processing, and the provider is to be asked for it under its own id', () => {
    const { payment, eventNumbers } = create(
      { ...paymentRequest, captureMethod: 'automatic' },
      { id: paymentId, merchantId: 'acme', fingerprint: 'f1' },
      momentAt(),
    );
    expect(eventNumbers).toEqual([]);
    expect(payment).toEqual({
      ...paymentRequest,
      captureMethod: 'automatic',
      id: paymentId,
      merchantId: 'acme',
      status: 'processing',
      amountCaptured: 0,
      amountRefunded: 0,
      failure: null,
      cancellationReason: null,
      expiresAt: null,
      invoiceNumber: null,
      refunds: {},
      ask: {
        id: paymentId,
        operation: 'charge',
        amount: 12_100,
        reason: null,
        runsUntil: '2026-11-23T10:00:15.000Z',
      },
      requests: { [paymentId]: { fingerprint: 'f1', failure: null } },
      history: [],
      createdAt: '2026-11-23T10:00:00.000Z',
      updatedAt: '2026-11-23T10:00:00.000Z',
      version: 1,
    });
  });

  test('that is to be captured later is only authorized', () => {
    expect(processing({ captureMethod: 'manual' }).ask?.operation).toBe('authorize');
  });
});

describe('When the provider answers a new payment', () => {
  test('with success, an automatic one is captured in whole, and that is said', () => {
    const change = answered(processing({ captureMethod: 'automatic' }), succeeded, momentAt('10:00:01.000'));
    expect(change.payment).toMatchObject({
      status: 'captured',
      ask: null,
      amountCaptured: 12_100,
      expiresAt: null,
      version: 2,
      updatedAt: '2026-11-23T10:00:01.000Z',
      history: [{ type: 'payment.captured.v1', time: '2026-11-23T10:00:01.000Z' }],
    });
    expect(eventsOf(change)).toMatchObject([
      {
        id: `${paymentId}:1`,
        type: 'payment.captured.v1',
        subject: paymentId,
        time: '2026-11-23T10:00:01.000Z',
        merchantid: 'acme',
        ...momentAt().trace,
        data: {
          paymentId,
          orderId: 'order-1001',
          amount: 12_100,
          amountCaptured: 12_100,
          currency: 'EUR',
          description: 'Two chairs',
          customer: paymentRequest.customer,
          lines: paymentRequest.lines,
        },
      },
    ]);
  });

  test('with success, a manual one is authorized for seven days, and that is said', () => {
    const change = answered(processing());
    expect(change.payment).toMatchObject({
      status: 'authorized',
      ask: null,
      amountCaptured: 0,
      expiresAt: '2026-11-30T10:00:00.000Z',
    });
    expect(eventsOf(change)).toMatchObject([
      {
        id: `${paymentId}:1`,
        type: 'payment.authorized.v1',
        data: { amount: 12_100, expiresAt: '2026-11-30T10:00:00.000Z' },
      },
    ]);
  });

  test('with a refusal, it has failed with the provider’s reason, and so has its request', () => {
    const change = answered(processing(), declined);
    const failure = {
      code: 'card_declined',
      message: 'The card was declined.',
      declineCode: 'generic_decline',
    };
    expect(change.payment).toMatchObject({
      status: 'failed',
      ask: null,
      failure,
      requests: { [paymentId]: { fingerprint: 'f1', failure } },
    });
    expect(eventsOf(change)).toMatchObject([{ type: 'payment.failed.v1', data: { reason: failure } }]);
  });

  test('that it has never taken it, it has failed without blaming the card', () => {
    const change = answered(processing(), nothing);
    const failure = { code: 'provider_timeout', declineCode: null };
    expect(change.payment).toMatchObject({ status: 'failed', failure });
    expect(eventsOf(change)).toMatchObject([{ type: 'payment.failed.v1', data: { reason: failure } }]);
  });

  test('after its request was answered, a failure is the payment’s but not the request’s', () => {
    const { payment } = settle(processing(), declined, momentAt(), false);
    expect(payment).toMatchObject({ status: 'failed', failure: { code: 'card_declined' } });
    expect(payment.requests[paymentId]?.failure).toBeNull();
  });

  test('nothing that is known, it stays processing and no request is running for it any more', () => {
    const change = answered(processing(), unknown);
    expect(change.eventNumbers).toEqual([]);
    expect(change.payment).toMatchObject({
      status: 'processing',
      ask: { runsUntil: null },
      version: 2,
      history: [],
    });
    expect(change.payment.ask?.unknown?.since).toBe('2026-11-23T10:00:00.000Z');
  });

  test('twice, the second answer changes nothing', () => {
    for (const outcome of [succeeded, declined, nothing, unknown]) {
      const payment = authorized();
      const change = answered(payment, outcome);
      expect(change.eventNumbers).toEqual([]);
      expect(change.payment).toBe(payment);
    }
  });
});

describe('An authorized payment', () => {
  test('is captured in whole by asking the provider for all of it', () => {
    const { payment, eventNumbers } = capturing(authorized());
    expect(eventNumbers).toEqual([]);
    expect(payment).toMatchObject({
      status: 'processing',
      ask: {
        id: 'cap_1',
        operation: 'capture',
        amount: 12_100,
        reason: null,
        runsUntil: momentAt().runsUntil,
      },
      requests: { cap_1: { fingerprint: 'f2', failure: null } },
      version: 3,
    });
    const change = answered(payment);
    expect(change.payment).toMatchObject({
      status: 'captured',
      amountCaptured: 12_100,
      expiresAt: null,
      ask: null,
    });
    expect(eventsOf(change)).toMatchObject([{ id: `${paymentId}:2`, type: 'payment.captured.v1' }]);
  });

  test('is captured in part, which releases the rest', () => {
    const change = answered(capturing(authorized(), 5000).payment);
    expect(change.payment).toMatchObject({ status: 'captured', amount: 12_100, amountCaptured: 5000 });
    expect(eventsOf(change)).toMatchObject([{ data: { amount: 12_100, amountCaptured: 5000 } }]);
    expect(() => capturing(change.payment, 1)).toThrow(refusal(409, 'payment_not_capturable'));
  });

  test('cannot be captured for more than was authorized', () => {
    expect(() => capturing(authorized(), 12_101)).toThrow(
      expect.objectContaining({
        status: 422,
        code: 'amount_too_large',
        message: 'At most 12100 was authorized and can be captured.',
        errors: [{ pointer: '#/amount', detail: 'must be at most 12100' }],
      }),
    );
  });

  test('stays authorized when the capture fails, and only that request has failed', () => {
    const change = answered(capturing(authorized()).payment, declined);
    expect(change.eventNumbers).toEqual([]);
    expect(change.payment).toMatchObject({
      status: 'authorized',
      ask: null,
      failure: null,
      amountCaptured: 0,
      expiresAt: '2026-11-30T10:00:00.000Z',
      requests: { cap_1: { failure: { code: 'card_declined' } }, [paymentId]: { failure: null } },
    });
    expect(
      answered(capture(change.payment, { id: 'cap_2', amount: 100, fingerprint: 'f5' }, momentAt()).payment)
        .payment,
    ).toMatchObject({
      status: 'captured',
      amountCaptured: 100,
    });
  });

  test('stays authorized when the provider has never taken the capture', () => {
    const { payment } = settle(capturing(authorized()).payment, nothing, momentAt(), false);
    expect(payment).toMatchObject({
      status: 'authorized',
      ask: null,
      requests: { cap_1: { failure: null } },
    });
  });

  test('is canceled with the merchant’s reason, and that is said', () => {
    const { payment } = canceling(authorized());
    expect(payment).toMatchObject({
      status: 'processing',
      ask: { id: 'void_1', operation: 'void', amount: 12_100, reason: 'out of stock' },
      cancellationReason: null,
    });
    const change = answered(payment);
    expect(change.payment).toMatchObject({
      status: 'canceled',
      ask: null,
      cancellationReason: 'out of stock',
      expiresAt: null,
    });
    expect(eventsOf(change)).toMatchObject([
      { id: `${paymentId}:2`, type: 'payment.canceled.v1', data: { reason: 'out of stock' } },
    ]);
  });

  test('stays authorized when it could not be canceled', () => {
    const change = answered(canceling(authorized()).payment, declined);
    expect(change.eventNumbers).toEqual([]);
    expect(change.payment).toMatchObject({
      status: 'authorized',
      cancellationReason: null,
      expiresAt: '2026-11-30T10:00:00.000Z',
    });
  });

  test('expires after seven days to the millisecond: it is not captured any more, but can be canceled', () => {
    const payment = authorized();
    const [before, after] = [momentAt('09:59:59.999', 7), momentAt('10:00:00.000', 7)];
    expect(isExpired(payment, before.now)).toBe(false);
    expect(capturing(payment, undefined, before).payment.status).toBe('processing');
    expect(isExpired(payment, after.now)).toBe(true);
    expect(() => capturing(payment, undefined, after)).toThrow(refusal(409, 'payment_not_capturable'));
    expect(canceling(payment, after).payment.ask?.operation).toBe('void');
  });
});

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

describe('Only an authorized payment', () => {
  const others: [string, Payment][] = [
    ['processing', processing()],
    ['captured', captured()],
    ['canceled', answered(canceling(authorized()).payment).payment],
    ['failed', answered(processing(), declined).payment],
  ];

  test.each(others)('is captured or canceled: not one that is %s', (status, payment) => {
    expect(payment.status).toBe(status);
    expect(isExpired(payment, momentAt('10:00:00.000', 8).now)).toBe(false);
    expect(() => capturing(payment)).toThrow(
      expect.objectContaining({
        status: 409,
        code: 'payment_not_capturable',
        message: `A payment that is ${status} cannot be captured.`,
        members: { paymentStatus: status },
      }),
    );
    expect(() => canceling(payment)).toThrow(refusal(409, 'payment_not_cancelable'));
  });
});

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

  test('is refunded in parts, each of which says what was refunded so far', () => {
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
    expect(change.eventNumbers).toEqual([]);
    expect(change.payment).toMatchObject({
      amountRefunded: 0,
      refunds: { re_1: { status: 'failed', runsUntil: null, settledAt: '2026-11-23T12:00:00.000Z' } },
    });
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
          'A payment can have 50 refunds. Of this one 0 succeeded and 50 are pending; the 12050 that are left of it can be given back when one that is pending fails, or by the means of the provider.',
      }),
    );
    for (let i = 0; i < maxRefundsPerPayment; i++) {
      payment = settleRefund(payment, `re_${i}`, succeeded, momentAt()).payment;
    }
    expect(() => refunding(payment, 1, 're_more')).toThrow(
      /50 succeeded and 0 are pending; the 12050 that are left of it can be given back only by/,
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
    for (let n = 0; n < 50 + 101; n++) {
      const id = `re_${String(n).padStart(32, '0')}`;
      const asked = refund(
        payment,
        { id, amount: 1, reason: text(200), fingerprint: 'f'.repeat(32) },
        momentAt(),
      );
      payment = settleRefund(
        asked.payment,
        id,
        n < 50 - 1 || n === 150 ? succeeded : declined,
        momentAt(),
      ).payment;
    }
    expect(payment.history).toHaveLength(1 + maxRefundsPerPayment);
    expect(JSON.stringify(marshall(payment)).length).toBeLessThan(400_000);
  });

  test('can be refunded in whole, however many refunds and captures failed, and its item stays as small', () => {
    type Step = { operation: 'capture' | 'refund'; outcome: Outcome; answered: boolean };
    const step = fc.record<Step>({
      operation: fc.constantFrom('capture', 'refund'),
      outcome: fc.constantFrom(declined, nothing, declined, nothing, succeeded),
      answered: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 150, maxLength: 200 }), (steps) => {
        let payment = authorized();
        for (const [n, { operation, outcome, answered }] of steps.entries()) {
          const moment = momentAt('10:00:00.000', n / 86_400);
          const id = `${operation}_${n}`;
          if (operation === 'capture' && payment.status === 'authorized') {
            const begun = capture(payment, { id, amount: undefined, fingerprint: 'f' }, moment);
            payment = settle(begun.payment, outcome, moment, answered).payment;
          }
          if (operation === 'refund' && payment.status === 'captured') {
            const asked = refund(payment, { id, amount: 100, reason: null, fingerprint: 'f' }, moment);
            payment = settleRefund(asked.payment, id, outcome, moment).payment;
          }
          expect(payment.requests).toHaveProperty(paymentId);
          // The creation, the capture, what succeeded, what failed and is kept, and the last.
          expect(Object.keys(payment.requests).length).toBeLessThanOrEqual(1 + 1 + maxRefundsPerPayment + 51);
          const all = Object.values(payment.refunds);
          const done = all.filter(({ status }) => status === 'succeeded');
          expect(all.length - done.length).toBeLessThanOrEqual(51);
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

describe('An event', () => {
  /** A captured payment whose history says something else. */
  const having = (changes: Partial<Payment['history'][0]>): Payment => {
    const payment = captured();
    return { ...payment, history: payment.history.map((each) => ({ ...each, ...changes })) };
  };

  test('of a refund that the payment does not have is never made', () => {
    const refunded = having({ type: 'payment.refunded.v1', refundId: 're_9' });
    expect(() => eventOf(refunded, 1)).toThrow('has no refund re_9 to speak of');
    expect(() => eventOf(having({ type: 'payment.refunded.v1' }), 1)).toThrow('has no refund');
  });

  test('that a payment cannot have said, or has not said so far, is never made', () => {
    expect(() => eventOf(having({ type: 'payment.authorized.v1' }), 1)).toThrow();
    expect(() => eventOf(captured(), 2)).toThrow('has said 1 events and not 2');
    expect(() => eventOf(captured(), 0)).toThrow('not 0');
  });
});

test('What a payment said on a day are the events of that day (UTC), by their numbers', () => {
  const payment = answered(capturing(authorized(), 100, momentAt('23:59:59.999')).payment, succeeded, {
    ...momentAt('00:00:00.000', 1),
  }).payment;
  expect(eventNumbersOn(payment, '2026-11-23')).toEqual([1]);
  expect(eventNumbersOn(payment, '2026-11-24')).toEqual([2]);
  expect(eventNumbersOn(payment, '2026-11-25')).toEqual([]);
});

/** One thing that happens to a payment, with what it is about. */
type Step =
  | { kind: 'capture'; amount?: number | undefined }
  | { kind: 'cancel' }
  | { kind: 'refund'; amount?: number | undefined }
  | { kind: 'outcome'; outcome: Outcome; answered: boolean }
  | { kind: 'refundOutcome'; refund: number; outcome: Outcome }
  | { kind: 'days'; days: number };

const amount = fc.option(fc.integer({ min: 1, max: 15_000 }), { nil: undefined });
const outcome = fc.oneof(
  { weight: 4, arbitrary: fc.constant(succeeded) },
  { weight: 1, arbitrary: fc.constantFrom(declined, nothing, unknown) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('capture' as const), amount }),
  fc.record({ kind: fc.constant('cancel' as const) }),
  fc.record({ kind: fc.constant('refund' as const), amount }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('outcome' as const), outcome, answered: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('refundOutcome' as const),
      refund: fc.nat({ max: 5 }),
      outcome,
    }),
  },
  // Back as well: clocks differ.
  fc.record({ kind: fc.constant('days' as const), days: fc.integer({ min: -2, max: 4 }) }),
);

/** What the provider holds, told by its own answers only. */
type Books = { charged: number; refunded: number };

const deeplyFrozen = <T>(value: T): T => {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deeplyFrozen(member);
  }
  return value;
};

describe('Whatever happens to a payment, in whatever order', () => {
  const seen: Record<string, number> = {};

  /** Lets one thing happen; a refusal leaves the payment as it is. */
  function take(payment: Payment, books: Books, each: Step, n: number, days: number): Change {
    const at = momentAt('10:00:00.000', days);
    const moment = { ...at, trace: { ...at.trace, correlationid: `req_${n}` } };
    try {
      switch (each.kind) {
        case 'capture':
          return capture(payment, { id: `cap_${n}`, amount: each.amount, fingerprint: 'f' }, moment);
        case 'cancel':
          return cancel(payment, { id: `void_${n}`, reason: 'none', fingerprint: 'f' }, moment);
        case 'refund':
          return refund(
            payment,
            { id: `re_${n}`, amount: each.amount, reason: null, fingerprint: 'f' },
            moment,
          );
        case 'outcome': {
          const moves = payment.ask?.operation === 'charge' || payment.ask?.operation === 'capture';
          if (moves && each.outcome.result === 'succeeded') books.charged += payment.ask?.amount ?? 0;
          return settle(payment, each.outcome, moment, each.answered);
        }
        case 'refundOutcome': {
          const asked = Object.values(payment.refunds)[each.refund];
          if (asked?.status === 'pending' && each.outcome.result === 'succeeded')
            books.refunded += asked.amount;
          return settleRefund(payment, asked?.id ?? 're_none', each.outcome, moment);
        }
        case 'days':
          return { payment, eventNumbers: [] };
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      expect(error.status === 409 || error.status === 422).toBe(true);
      return { payment, eventNumbers: [] };
    }
  }

  test('it keeps its books straight, and says each step once, in order, in events that can be read', () => {
    const life = fc.record({
      captureMethod: fc.constantFrom('automatic' as const, 'manual' as const),
      steps: fc.array(step, { maxLength: 40, size: 'max' }),
    });
    fc.assert(
      fc.property(life, ({ captureMethod, steps }) => {
        const books: Books = { charged: 0, refunded: 0 };
        const types: string[] = [];
        const events: string[] = [];
        let payment = deeplyFrozen(processing({ captureMethod }));
        let days = 0;
        for (const [n, each] of steps.entries()) {
          if (each.kind === 'days') days += each.days;
          const before = payment;
          const change = take(before, books, each, n, days);
          payment = deeplyFrozen(change.payment);

          // A change is one version; what says something is a change.
          expect(payment === before ? payment.version : before.version + 1).toBe(payment.version);
          if (payment === before) expect(change.eventNumbers).toEqual([]);

          // What is said is one event at most, next in its sequence, at the time of the change.
          expect(payment.history.slice(0, before.history.length)).toEqual(before.history);
          expect(change.eventNumbers).toEqual(
            payment.history.map((_, i) => i + 1).slice(before.history.length),
          );
          for (const n of change.eventNumbers) {
            const event = eventOf(payment, n);
            events.push(JSON.stringify(event));
            expect(event.id).toBe(`${paymentId}:${payment.history.length}`);
            expect(event.time).toBe(payment.updatedAt);
            if (event.type === 'payment.refunded.v1') {
              expect(payment.refunds[event.data.refund.id]?.settledAt).toBe(event.time);
            }
            types.push(event.type);
          }

          // Times never go back, whatever the clock says.
          const times = payment.history.map(({ time }) => time);
          expect(times).toEqual(times.toSorted());

          // The money is what the provider's answers say it is.
          const refunds = Object.values(payment.refunds);
          const sumOf = (...statuses: string[]) =>
            refunds
              .filter(({ status }) => statuses.includes(status))
              .reduce((sum, { amount }) => sum + amount, 0);
          expect(payment.amountCaptured).toBe(books.charged);
          expect(payment.amountRefunded).toBe(books.refunded);
          expect(payment.amountRefunded).toBe(sumOf('succeeded'));
          expect(sumOf('pending', 'succeeded')).toBeLessThanOrEqual(payment.amountCaptured);
          expect(payment.amountCaptured).toBeLessThanOrEqual(payment.amount);
          expect(
            Math.min(
              payment.amountCaptured,
              payment.amountRefunded,
              ...refunds.map(({ amount }) => amount - 1),
            ),
          ).toBeGreaterThanOrEqual(0);

          // The state agrees with itself.
          expect(payment.ask === null).toBe(payment.status !== 'processing');
          expect(payment.amountCaptured > 0).toBe(payment.status === 'captured');
          expect(payment.failure !== null).toBe(payment.status === 'failed');
          if (payment.status === 'authorized') expect(payment.expiresAt).not.toBeNull();
          if (['captured', 'canceled', 'failed'].includes(payment.status))
            expect(payment.expiresAt).toBeNull();
        }

        // Whatever came after, each event can be made again as it was, to the letter.
        expect(payment.history.map((_, i) => JSON.stringify(eventOf(payment, i + 1)))).toEqual(events);

        // A life begins with one of these, ends with at most one, and only then are there refunds.
        const word = types.map((type) => type.split('.')[1]).join(' ');
        expect(word).toMatch(/^(failed|authorized( canceled)?|(authorized )?captured( refunded)*)?$/);
        seen[word] = (seen[word] ?? 0) + 1;
      }),
      { numRuns: 300 },
    );
    // The steps do lead to all kinds of lives.
    expect(Object.keys(seen)).toEqual(
      expect.arrayContaining([
        'failed',
        'authorized canceled',
        'authorized captured',
        'captured refunded refunded',
      ]),
    );
  });
});
