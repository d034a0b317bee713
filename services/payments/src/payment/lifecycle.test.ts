import { describe, expect, test } from 'vitest';
import { capture, create, isExpired, settle } from './lifecycle.ts';
import type { Payment } from './payment.ts';
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
  paymentRequest,
  processing,
  refusal,
  succeeded,
  unknown,
} from './paymentFixtures.ts';

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
  test('with success, an automatic one is captured in full, and that is published', () => {
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

  test('with success, a manual one is authorized for seven days, and that is published', () => {
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

  test('is canceled with the merchant’s reason, and that is published', () => {
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
