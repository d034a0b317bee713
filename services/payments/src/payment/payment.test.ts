import { Refusal } from '@fanfold/runtime/refusal';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../providers/provider.ts';
import { eventOf } from './events.ts';
import { cancel, capture, settle } from './lifecycle.ts';
import type { Change, Payment } from './payment.ts';
import { declined, momentAt, nothing, paymentId, processing, succeeded, unknown } from './paymentFixtures.ts';
import { refund, settleRefund } from './refunds.ts';

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

  test('its amounts stay consistent, and each step has one event, in order, that can be read', () => {
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

          // There is one event at most, next in its sequence, at the time of the change.
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
        expect(word).toMatch(
          /^(failed|authorized( canceled)?|(authorized )?captured( refunded| refund-failed)*)?$/,
        );
        seen[word] = (seen[word] ?? 0) + 1;
      }),
      { numRuns: 300 },
    );
    // The steps do lead to all kinds of lives.
    expect(Object.keys(seen)).toEqual(
      expect.arrayContaining(['failed', 'authorized canceled', 'authorized captured']),
    );
    expect(Object.keys(seen).some((word) => /captured.* refunded.* refunded/.test(word))).toBe(true);
  });
});
