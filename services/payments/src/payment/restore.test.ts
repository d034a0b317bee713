import { fingerprintOf } from '@fanfold/runtime/idempotency';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { Facts, Outcome } from '../providers/provider.ts';
import { eventOf } from './events.ts';
import { cancel, capture, create, settle } from './lifecycle.ts';
import { observe } from './observe.ts';
import type { Change, Moment, Payment, PaymentEvent } from './payment.ts';
import {
  authorized,
  canceling,
  captured,
  declined,
  momentAt,
  nothing,
  paymentRequest,
  refusal,
  succeeded,
} from './paymentFixtures.ts';
import { failRefund, refund, settleRefund } from './refunds.ts';
import { completed, isRepeated, recalled, restored, withNumber } from './restore.ts';

type Step = {
  operation: 'capture' | 'cancel' | 'refund' | 'refund fails later' | 'dispute opens' | 'dispute closes';
  outcome: Outcome;
  amount: number;
};

const outcomes = fc.constantFrom<Outcome>(succeeded, succeeded, declined, nothing);
const steps = fc.array(
  fc.record<Step>({
    operation: fc.constantFrom(
      ...(['capture', 'cancel', 'refund', 'refund'] as const),
      ...(['refund fails later', 'dispute opens', 'dispute closes'] as const),
    ),
    outcome: outcomes,
    amount: fc.integer({ min: 1, max: 6000 }),
  }),
  { maxLength: 8 },
);

/** The lives of some payments: all that payments writes, one write after another. */
const lives = fc
  .array(
    fc.record({ method: fc.constantFrom('automatic' as const, 'manual' as const), first: outcomes, steps }),
    {
      minLength: 1,
      maxLength: 3,
    },
  )
  .map((payments) =>
    payments.flatMap(({ method, first, steps }, p) => lifeOf(`pay_${p}`, method, first, steps)),
  );

function lifeOf(id: string, captureMethod: 'automatic' | 'manual', first: Outcome, steps: Step[]): Change[] {
  let seconds = 0;
  const moment = (): Moment => momentAt(`10:00:${String(seconds++).padStart(2, '0')}.000`);
  const request = { ...paymentRequest, captureMethod };
  const changes = [create(request, { id, merchantId: 'acme', fingerprint: 'f1' }, moment())];
  const now = () => (changes.at(-1) as Change).payment;
  changes.push(settle(now(), first, moment(), true));
  for (const [i, { operation, outcome, amount }] of steps.entries()) {
    const asked = { id: `${operation}_${id}_${i}`, fingerprint: `f${i}`, reason: 'why', amount };
    try {
      if (operation === 'capture') changes.push(capture(now(), asked, moment()));
      else if (operation === 'cancel') changes.push(cancel(now(), asked, moment()));
      else if (operation === 'refund') changes.push(refund(now(), asked, moment()));
      else {
        changes.push(observe(now(), factsOf(now(), operation, `dp_${i}`, amount), moment()));
        continue;
      }
    } catch {
      continue; // What the payment's state does not allow is not asked of the provider.
    }
    changes.push(
      operation === 'refund'
        ? settleRefund(now(), asked.id, outcome, moment())
        : settle(now(), outcome, moment(), true),
    );
  }
  return changes;
}

/** What the provider tells when something has happened that nobody asked for. */
function factsOf(payment: Payment, what: Step['operation'], id: string, amount: number): Facts {
  const { id: paymentId, merchantId } = payment;
  const refunded = Object.values(payment.refunds).filter(({ status }) => status === 'succeeded');
  const claim = { amount, currency: 'EUR', reason: 'fraudulent', openedAt: '2026-11-23T09:00:00.000Z' };
  const open = Object.values(payment.disputes ?? {}).filter(({ status }) => status === 'open');
  return {
    ...{ paymentId, merchantId },
    refunds: refunded
      .slice(0, what === 'refund fails later' ? 1 : 0)
      .map(({ id }) => ({ key: id, outcome: declined })),
    disputes: [
      ...(what === 'dispute opens' && payment.status === 'captured'
        ? [{ ...claim, id, status: 'open' as const }]
        : []),
      ...(what === 'dispute closes' ? open.map(({ id }) => ({ ...claim, id, status: 'lost' as const })) : []),
    ],
  };
}

type Table = Map<string, Payment>;
const tableAfter = (changes: Change[]): Table => new Map(changes.map(({ payment }) => [payment.id, payment]));

const recordOf = (changes: Change[]): string[] =>
  changes.flatMap(({ payment, eventNumbers }) =>
    eventNumbers.map((n) => JSON.stringify(eventOf(payment, n))),
  );

/** Brings events into the table in this order, and again those that came too early, until nothing more changes. */
function restore(table: Table, record: string[]): void {
  for (let left = record; left.length > 0; ) {
    const early = left.filter((text) => apply(table, text) === 'early');
    expect(early.length).toBeLessThan(left.length);
    left = early;
  }
}

function apply(table: Table, text: string) {
  const event = JSON.parse(text) as PaymentEvent;
  const known = table.get(event.subject);
  const { payment, standing } = restored(known, event, text, beginning(event));
  if (payment) table.set(payment.id, payment);
  return standing.state;
}

/** What the provider knows: tests of the lives above pay with the same card. */
const beginning = ({ type }: PaymentEvent) => ({
  operation: type === 'payment.authorized.v1' ? ('authorize' as const) : ('charge' as const),
  paymentMethod: paymentRequest.paymentMethod,
});

/** What events tell of a payment. */
function told({ refunds, ...payment }: Payment) {
  const { id, merchantId, status, amount, amountCaptured, amountRefunded, currency, orderId } = payment;
  const { failure, cancellationReason, expiresAt, history, paymentMethod, disputes } = payment;
  const { description, customer, lines } = payment;
  return {
    ...{ id, merchantId, status, amount, amountCaptured, amountRefunded, currency, orderId },
    ...{ failure, cancellationReason, expiresAt, history, paymentMethod, disputes },
    ...(amountCaptured > 0 && { description, customer, lines }),
    refunds: Object.values(refunds)
      .filter(({ status }) => status !== 'pending')
      .map(({ id, amount, reason, status, failure, settledAt }) => ({
        ...{ id, amount, reason, status, failure, settledAt },
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

const toldOf = (table: Table) => [...table.values()].map(told).sort((a, b) => (a.id < b.id ? -1 : 1));

describe('Recorded events', () => {
  it('bring payments back as they were, in any order and any number of times, into whatever the table still has', () => {
    fc.assert(
      fc.property(
        lives.chain((changes) =>
          fc.record({
            changes: fc.constant(changes),
            left: fc.nat({ max: changes.length }),
            order: fc.infiniteStream(fc.nat()),
          }),
        ),
        ({ changes, left, order }) => {
          const last = tableAfter(changes);
          const table = tableAfter(changes.slice(0, left));
          const shuffled = recordOf(changes)
            .map((text) => ({ text, at: order.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ text }) => text);
          restore(table, shuffled);
          // What the provider was asked and is in no event had no effect: the janitor finds that out, as always.
          for (const payment of table.values()) {
            const { payment: settled } = settle(payment, nothing, momentAt('11:00:00.000'), false);
            if (payment.history.length > 0) table.set(payment.id, settled);
          }
          expect(toldOf(table)).toEqual(toldOf(last));
          for (const { id, version, requests, status } of table.values()) {
            const lived = last.get(id) as Payment;
            expect(version).toBeLessThanOrEqual(lived.version);
            expect(Object.keys(lived.requests)).toEqual(expect.arrayContaining(Object.keys(requests)));
            expect(status).not.toBe('processing');
          }
          const before = structuredClone(table);
          for (const text of shuffled) expect(apply(table, text)).toBe('same');
          expect(table).toEqual(before);
        },
      ),
    );
  });

  it('that all went well give the same version', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('automatic' as const, 'manual' as const),
        fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 4 }),
        (method, refunds) => {
          const refunding = refunds.map(
            (amount): Step => ({ operation: 'refund', outcome: succeeded, amount }),
          );
          const capturing: Step[] = [{ operation: 'capture', outcome: succeeded, amount: 6000 }];
          const changes = lifeOf('pay_1', method, succeeded, [
            ...(method === 'manual' ? capturing : []),
            ...refunding,
          ]);
          const table: Table = new Map();
          restore(table, recordOf(changes));
          expect(table.get('pay_1')?.version).toBe(tableAfter(changes).get('pay_1')?.version);
        },
      ),
    );
  });

  it('are not brought into a payment that has others in their place', () => {
    const other = captured({ orderId: 'order-2' });
    const [text = ''] = recordOf([{ payment: captured(), eventNumbers: [1] }]);
    expect(restored(other, JSON.parse(text), text, undefined)).toEqual({
      standing: { state: 'other', why: 'event 1 of the payment has another content' },
    });
  });
});

/** As it is restored from its events. */
function fromEvents(payment: Payment): Payment {
  const table: Table = new Map();
  const numbers = payment.history.map((_, i) => i + 1);
  restore(table, recordOf([{ payment, eventNumbers: numbers }]));
  return table.get(payment.id) as Payment;
}

describe('The request that created a payment, when it comes again after a restore,', () => {
  const now = new Date('2026-11-24T10:00:00.000Z');
  const fingerprint = fingerprintOf(paymentRequest);

  it('brings back what no event has', () => {
    const lost = fromEvents(authorized());
    expect(lost).toMatchObject({ customer: null, lines: null, metadata: {} });
    const { payment, eventNumbers } = completed(lost, paymentRequest, fingerprint, now);
    expect(payment).toMatchObject(paymentRequest);
    expect(eventNumbers).toEqual([]);
    expect(isRepeated(payment, payment.id, fingerprint)).toBe(true);
    expect(isRepeated(payment, payment.id, 'another')).toBe(false);
  });

  it('is compared once more with nothing', () => {
    const { payment } = completed(fromEvents(authorized()), paymentRequest, fingerprint, now);
    expect(completed(payment, paymentRequest, fingerprint, now).payment).toBe(payment);
  });

  test.each([
    ['another amount', { amount: 1 }],
    ['another order', { orderId: 'order-2' }],
    ['another method', { paymentMethod: 'pm_card_declined' }],
    ['another way to capture', { captureMethod: 'automatic' as const }],
  ])('is refused with %s', (_what, changes) => {
    const request = { ...paymentRequest, ...changes };
    expect(() => completed(fromEvents(authorized()), request, 'f', now)).toThrow(
      refusal(422, 'idempotency_key_reused'),
    );
  });

  it('is refused with another customer, where that is known', () => {
    const automatic = { ...paymentRequest, captureMethod: 'automatic' as const };
    const other = { ...automatic, customer: { ...paymentRequest.customer, name: 'Bob Example' } };
    expect(() => completed(fromEvents(captured()), other, 'f', now)).toThrow(
      refusal(422, 'idempotency_key_reused'),
    );
    expect(completed(fromEvents(captured()), automatic, 'f', now).payment.metadata).toEqual(
      paymentRequest.metadata,
    );
  });

  it('has to come before the payment is captured', () => {
    expect(() =>
      capture(fromEvents(authorized()), { id: 'cap_1', amount: undefined, fingerprint: 'f' }, momentAt()),
    ).toThrow(refusal(409, 'payment_incomplete'));
  });
});

describe('A request for a capture or cancellation, when it comes again after a restore,', () => {
  const capturedLater = () =>
    settle(
      capture(authorized(), { id: 'cap_1', amount: 5000, fingerprint: 'f' }, momentAt()).payment,
      succeeded,
      momentAt(),
      true,
    ).payment;

  it('is recognised once, by what it asks for', () => {
    const lost = fromEvents(capturedLater());
    const asked = { id: 'cap_1', amount: 5000, fingerprint: 'f' };
    const { payment, eventNumbers } = capture(lost, asked, momentAt());
    expect(eventNumbers).toEqual([]);
    expect(payment).toMatchObject({ status: 'captured', requests: { cap_1: { fingerprint: 'f' } } });
    expect(payment).not.toHaveProperty('forgotten');
    expect(() => capture(payment, { ...asked, id: 'cap_2' }, momentAt())).toThrow(
      refusal(409, 'payment_not_capturable'),
    );
  });

  it('is recognised although the table knows of an earlier one, which had no effect', () => {
    const earlier = capture(
      authorized(),
      { id: 'cap_0', amount: 100, fingerprint: 'f0' },
      momentAt(),
    ).payment;
    const [, text = ''] = recordOf([{ payment: capturedLater(), eventNumbers: [1, 2] }]);
    const { payment } = restored(earlier, JSON.parse(text), text, undefined);
    const again = capture(payment as Payment, { id: 'cap_1', amount: 5000, fingerprint: 'f' }, momentAt());
    expect(again.payment.requests).toHaveProperty('cap_1');
  });

  it('is refused when it asks for another amount', () => {
    const asked = { id: 'cap_1', amount: 4999, fingerprint: 'f' };
    expect(() => capture(fromEvents(capturedLater()), asked, momentAt())).toThrow(
      refusal(409, 'payment_not_capturable'),
    );
  });

  it('is recognised of a cancellation by its reason', () => {
    const lost = fromEvents(settle(canceling(authorized()).payment, succeeded, momentAt(), true).payment);
    expect(canceling(lost).payment.requests).toHaveProperty('void_1');
    expect(() => cancel(lost, { id: 'void_1', reason: 'another', fingerprint: 'f' }, momentAt())).toThrow(
      refusal(409, 'payment_not_cancelable'),
    );
  });

  it('is none for an authorization that a scheduled function gave up', () => {
    const byClock = { ...momentAt(), trace: { ...momentAt().trace, correlationid: 'clock_1' } };
    const lost = fromEvents(settle(canceling(authorized()).payment, succeeded, byClock, false).payment);
    expect(recalled(lost, 'void', { id: 'void_1', fingerprint: 'f' }, new Date())).toBeUndefined();
  });
});

test('A refund that comes again after a restore is recognised by its amount and reason', () => {
  const body = { amount: 500, reason: 'came back' };
  const pending = refund(captured(), { id: 're_1', ...body, fingerprint: 'f' }, momentAt()).payment;
  const lost = fromEvents(settleRefund(pending, 're_1', succeeded, momentAt()).payment);
  expect(isRepeated(lost, 're_1', fingerprintOf(body))).toBe(true);
  expect(isRepeated(lost, 're_1', fingerprintOf({ reason: 'came back' }))).toBe(true);
  expect(isRepeated(lost, 're_1', fingerprintOf({ ...body, amount: 501 }))).toBe(false);
  expect(isRepeated(lost, 're_2', fingerprintOf(body))).toBe(false);
});

test('A failure is repeated to the client that it was told, and to no other', () => {
  const failed = (moment: Moment) => settle(captured(), declined, moment, true);
  expect(failed(momentAt()).eventNumbers).toEqual([]);
  const asking = create(
    paymentRequest,
    { id: 'pay_1', merchantId: 'acme', fingerprint: 'f1' },
    momentAt(),
  ).payment;
  const byClock = { ...momentAt(), trace: { ...momentAt().trace, correlationid: 'clock_1' } };
  expect(fromEvents(settle(asking, declined, momentAt(), true).payment).requests).toMatchObject({
    pay_1: { failure: { code: 'card_declined', declineCode: 'generic_decline' } },
  });
  expect(fromEvents(settle(asking, declined, byClock, false).payment).requests).toMatchObject({
    pay_1: { failure: null },
  });
});

describe('The number of a document', () => {
  const invoice = (number: string) =>
    ({ type: 'invoice.issued.v1', time: '2026-11-24T10:00:00.000Z', data: { number } }) as never;

  it('is stored once, and another one contradicts it', () => {
    const { payment } = withNumber(captured(), invoice('INV-2026-000001'));
    expect(payment?.invoiceNumber).toBe('INV-2026-000001');
    expect(withNumber(payment, invoice('INV-2026-000001'))).toEqual({ standing: { state: 'same' } });
    expect(withNumber(payment, invoice('INV-2026-000002'))).toEqual({
      standing: {
        state: 'renumbered',
        why: 'the payment has the number INV-2026-000001, and not INV-2026-000002',
      },
    });
  });

  it('of an invoice that reverses a credit note is that of the refund, which must have failed', () => {
    const reversing = {
      type: 'invoice.issued.v1',
      time: '2026-11-24T10:00:00.000Z',
      data: { number: 'INV-2026-000002', reverses: { refundId: 're_1' } },
    } as never;
    const pending = refund(
      captured(),
      { id: 're_1', amount: 100, reason: null, fingerprint: 'f' },
      momentAt(),
    ).payment;
    const refunded = settleRefund(pending, 're_1', succeeded, momentAt()).payment;
    expect(withNumber(refunded, reversing)).toEqual({ standing: { state: 'early' } });
    const failed = failRefund(
      refunded,
      refunded.refunds.re_1 as Payment['refunds'][string],
      { code: 'lost', message: 'Lost.', declineCode: null },
      momentAt(),
    ).payment;
    const { payment } = withNumber(failed, reversing);
    expect(payment).toMatchObject({
      invoiceNumber: null,
      refunds: { re_1: { reversalInvoiceNumber: 'INV-2026-000002' } },
    });
    expect(withNumber(payment, reversing)).toEqual({ standing: { state: 'same' } });
  });

  it('waits for its payment', () => {
    expect(withNumber(undefined, invoice('INV-2026-000001'))).toEqual({ standing: { state: 'early' } });
  });
});
