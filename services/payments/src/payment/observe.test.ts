import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Facts, Outcome, ProviderDispute } from '../providers/provider.ts';
import { eventOf } from './events.ts';
import { answerLate, settle } from './lifecycle.ts';
import { observe } from './observe.ts';
import type { Change, Payment } from './payment.ts';
import {
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
} from './paymentFixtures.ts';
import { settleRefund } from './refunds.ts';

const about = { paymentId, merchantId: 'acme', refunds: [], disputes: [] };
const charged = (outcome: Outcome, amountCaptured?: number): Facts => ({
  ...about,
  charge: { operation: 'charge', outcome, ...(amountCaptured !== undefined && { amountCaptured }) },
});
const refundIs = (outcome: Outcome, key = 're_1'): Facts => ({ ...about, refunds: [{ key, outcome }] });
const claim = {
  ...{ id: 'dp_1', amount: 12_100, currency: 'EUR', reason: 'fraudulent' },
  openedAt: '2026-11-24T08:00:00.000Z',
  evidenceDueBy: '2026-12-01T23:59:59.000Z',
};
const disputeIs = (status: ProviderDispute['status']): Facts => ({
  ...about,
  disputes: [{ ...claim, status }],
});
const action: Outcome = {
  result: 'action',
  nextAction: { type: 'redirect', url: 'https://bank.example/authenticate' },
  until: '2026-11-23T11:00:00.000Z',
};
const pending: Outcome = { result: 'pending' };
const later = momentAt('12:00:00.000');
const seen = (payment: Payment, facts: Facts) => observe(payment, facts, later);
const typesOf = (change: Change) => eventsOf(change).map(({ type }) => type);

describe('What the provider tells of a payment', () => {
  test('settles it, although a request may still wait for the same answer', () => {
    const change = seen(processing({ captureMethod: 'automatic' }), charged(succeeded, 12_100));
    expect(change.payment).toMatchObject({ status: 'captured', ask: null, amountCaptured: 12_100 });
    expect(typesOf(change)).toEqual(['payment.captured.v1']);
  });

  test('says when an authorization ends, which is the provider’s to say', () => {
    const expiresAt = '2026-11-28T04:00:00.000Z';
    const facts: Facts = {
      ...about,
      charge: { operation: 'authorize', outcome: { result: 'succeeded', expiresAt } },
    };
    expect(seen(processing(), facts).payment).toMatchObject({ status: 'authorized', expiresAt });
    expect(settle(processing(), { result: 'succeeded', expiresAt }, later, true).payment.expiresAt).toBe(
      expiresAt,
    );
  });

  test('makes it wait for its customer, and then for the provider, and never back', () => {
    const waiting = seen(processing(), charged(action)).payment;
    expect(waiting).toMatchObject({
      status: 'processing',
      ask: {
        action: {
          type: 'redirect',
          url: 'https://bank.example/authenticate',
          until: '2026-11-23T11:00:00.000Z',
        },
        runsUntil: momentAt().runsUntil,
      },
    });
    const has = seen(waiting, charged(pending)).payment;
    expect(has.ask).toMatchObject({ pendingSince: '2026-11-23T12:00:00.000Z' });
    expect(has.ask).not.toHaveProperty('action');
    expect(seen(has, charged(action)).payment).toBe(has);
    expect(settle(has, action, later, true).payment.ask).not.toHaveProperty('action');
  });

  test('is no news where an instruction has not happened yet, or nobody knows', () => {
    for (const outcome of [nothing, { result: 'unknown' } as const]) {
      const payment = processing();
      expect(seen(payment, charged(outcome)).payment).toBe(payment);
    }
  });

  test('fails it when it was given up there, for want of the customer if that was the reason', () => {
    const gone: Facts = { ...charged(nothing), canceled: { reason: 'abandoned' } };
    expect(seen(processing(), gone).payment.failure?.code).toBe('provider_timeout');
    const waiting = settle(processing(), action, momentAt(), true).payment;
    expect(seen(waiting, gone).payment.failure?.code).toBe('authentication_abandoned');
  });

  test('cancels an authorization that is gone, with the reason of whoever asked for it', () => {
    const gone: Facts = {
      ...about,
      charge: { operation: 'authorize', outcome: succeeded },
      canceled: { reason: 'expired' },
    };
    for (const [payment, reason] of [
      [authorized(), 'expired'],
      [canceling(authorized()).payment, 'out of stock'],
      [capturing(authorized()).payment, 'expired'],
    ] as const) {
      const change = seen(payment, gone);
      expect(change.payment).toMatchObject({ status: 'canceled', cancellationReason: reason, ask: null });
      expect(typesOf(change)).toEqual(['payment.canceled.v1']);
    }
    // It was never heard of before, and is over already.
    expect(typesOf(seen(processing(), gone))).toEqual(['payment.authorized.v1', 'payment.canceled.v1']);
  });

  test('captures what was captured there, also when it is being given up here', () => {
    const facts: Facts = {
      ...about,
      charge: { operation: 'authorize', outcome: succeeded, amountCaptured: 5000 },
    };
    for (const payment of [
      authorized(),
      capturing(authorized(), 5000).payment,
      canceling(authorized()).payment,
    ]) {
      const change = seen(payment, facts);
      expect(change.payment).toMatchObject({ status: 'captured', amountCaptured: 5000, ask: null });
      expect(typesOf(change)).toEqual(['payment.captured.v1']);
    }
  });

  test('settles a refund, and undoes one that had succeeded', () => {
    const refunded = seen(refunding(captured(), 5000).payment, refundIs(succeeded));
    expect(refunded.payment.amountRefunded).toBe(5000);
    const failed = seen(refunded.payment, refundIs(declined));
    expect(failed.payment).toMatchObject({
      amountRefunded: 0,
      refunds: {
        re_1: { status: 'failed', reversalInvoiceNumber: null, failure: { code: 'card_declined' } },
      },
    });
    expect(eventsOf(failed)).toMatchObject([
      {
        type: 'payment.refund-failed.v1',
        data: {
          amountCaptured: 12_100,
          amountRefunded: 0,
          refund: { id: 're_1', amount: 5000 },
          wasRefunded: true,
        },
      },
    ]);
    expect(seen(failed.payment, refundIs(succeeded)).payment).toBe(failed.payment);
    // What it said before stays true to the letter.
    expect(JSON.stringify(eventOf(failed.payment, 2))).toBe(JSON.stringify(eventsOf(refunded)[0]));
    // The money may be given back once more.
    expect(refunding(failed.payment, 12_100, 're_2').payment.refunds.re_2?.status).toBe('pending');
  });

  test('of a refund that failed at once says that nothing was given back', () => {
    const change = seen(refunding(captured()).payment, refundIs(declined));
    expect(change.payment.refunds.re_1).not.toHaveProperty('reversalInvoiceNumber');
    expect(eventsOf(change)).toMatchObject([{ data: { wasRefunded: false } }]);
  });

  test('of a refund that somebody made at the provider is nothing that was asked for here', () => {
    const payment = captured();
    expect(seen(payment, refundIs(succeeded, 're_other')).payment).toBe(payment);
    expect(seen(payment, refundIs(succeeded, 'constructor')).payment).toBe(payment);
  });

  test('opens a dispute, during which nothing is refunded, and closes it', () => {
    const opened = seen(captured(), disputeIs('open'));
    expect(eventsOf(opened)).toMatchObject([{ type: 'payment.dispute-opened.v1', data: { dispute: claim } }]);
    expect(() => refunding(opened.payment)).toThrow(refusal(409, 'payment_disputed'));
    const closed = seen(opened.payment, disputeIs('lost'));
    expect(eventsOf(closed)).toMatchObject([
      { type: 'payment.dispute-closed.v1', data: { dispute: { ...claim, outcome: 'lost' } } },
    ]);
    for (const status of ['open', 'won', 'lost'] as const)
      expect(seen(closed.payment, disputeIs(status)).payment).toBe(closed.payment);
    expect(refunding(closed.payment).payment.refunds.re_1?.status).toBe('pending');
  });

  test('may be all of it at once: an event for each, in one write', () => {
    const payment = processing({ captureMethod: 'automatic' });
    const change = seen(payment, { ...charged(succeeded, 12_100), disputes: [{ ...claim, status: 'won' }] });
    expect(typesOf(change)).toEqual([
      'payment.captured.v1',
      'payment.dispute-opened.v1',
      'payment.dispute-closed.v1',
    ]);
    expect(change.payment.version).toBe(payment.version + 3);
  });
});

describe('A request whose answer others have written already', () => {
  test('is told that it failed, and so is each of its repetitions', () => {
    const { payment } = seen(processing(), charged(declined));
    expect(payment.requests[paymentId]?.failure).toBeNull();
    const change = answerLate(payment, paymentId, declined, later.now);
    expect(change).toMatchObject({
      eventNumbers: [],
      payment: { requests: { [paymentId]: { failure: { code: 'card_declined' } } } },
    });
    expect(answerLate(change.payment, paymentId, declined, later.now).payment).toBe(change.payment);
  });

  test('is not told so of what has succeeded', () => {
    const { payment } = seen(processing({ captureMethod: 'automatic' }), charged(succeeded, 12_100));
    expect(answerLate(payment, paymentId, declined, later.now).payment).toBe(payment);
    expect(answerLate(payment, 'cap_1', declined, later.now).payment).toBe(payment);
  });
});

type Phase = 'none' | 'action' | 'pending' | 'authorized' | 'captured' | 'failed' | 'canceled';

/** A payment at a provider, which is all there is to know. */
class Provider {
  readonly #operation: 'authorize' | 'charge';
  #phase: Phase = 'none';
  #amountCaptured = 0;
  readonly refunds = new Map<string, { amount: number; status: 'pending' | 'succeeded' | 'failed' }>();
  readonly #disputes = new Map<string, ProviderDispute>();
  /** All that could have been read since the beginning. */
  readonly told: Facts[] = [];

  constructor(operation: 'authorize' | 'charge') {
    this.#operation = operation;
    this.told.push(this.#facts());
  }

  /** Lets one thing happen that can. */
  next(payment: Payment, choice: number): void {
    const { ask } = payment;
    for (const { id, amount } of Object.values(payment.refunds))
      if (!this.refunds.has(id) && this.#phase === 'captured')
        this.refunds.set(id, { amount, status: 'pending' });
    const ends = this.#operation === 'charge' ? 'captured' : 'authorized';
    const phases: Record<Phase, readonly Phase[]> = {
      none: ['action', 'pending', ends, 'failed'],
      action: ['pending', ends, 'failed'],
      pending: [ends, 'failed'],
      authorized: ask?.operation === 'capture' ? ['captured', 'canceled'] : ['canceled'],
      ...{ captured: [], failed: [], canceled: [] },
    };
    const steps = [
      ...phases[this.#phase].map((phase) => () => {
        this.#phase = phase;
        if (phase === 'captured') this.#amountCaptured = ask?.amount ?? 0;
      }),
      ...[...this.refunds.values()].flatMap((refund) => {
        if (refund.status === 'failed') return [];
        const become = (status: 'succeeded' | 'failed') => () => Object.assign(refund, { status });
        return refund.status === 'pending' ? [become('succeeded'), become('failed')] : [become('failed')];
      }),
      ...(this.#phase === 'captured' && this.#disputes.size < 2
        ? [
            () =>
              this.#disputes.set(`dp_${this.#disputes.size}`, {
                ...claim,
                id: `dp_${this.#disputes.size}`,
                status: 'open',
              }),
          ]
        : []),
      ...[...this.#disputes.values()]
        .filter(({ status }) => status === 'open')
        .map((dispute) => () => Object.assign(dispute, { status: choice % 2 === 0 ? 'won' : 'lost' })),
    ];
    steps[choice % Math.max(steps.length, 1)]?.();
    this.told.push(this.#facts());
  }

  get status(): Payment['status'] {
    return ['none', 'action', 'pending'].includes(this.#phase)
      ? 'processing'
      : (this.#phase as Payment['status']);
  }

  /** What it answers to whoever looks for an instruction. */
  outcomeOf(facts: Facts, payment: Payment, id: string): Outcome {
    if (payment.ask?.id !== id) return facts.refunds.find(({ key }) => key === id)?.outcome ?? unknown;
    const { operation } = payment.ask;
    if (operation === 'authorize' || operation === 'charge') return facts.charge?.outcome ?? unknown;
    const isDone = operation === 'capture' ? facts.charge?.amountCaptured : facts.canceled;
    const cannot = operation === 'capture' ? facts.canceled : facts.charge?.amountCaptured;
    return isDone ? succeeded : cannot ? declined : unknown;
  }

  #facts(): Facts {
    const outcomes: Record<string, Outcome> = { none: nothing, action, pending, failed: declined };
    const outcome = outcomes[this.#phase] ?? succeeded;
    const statuses = { pending, succeeded, failed: declined };
    return {
      ...about,
      charge: {
        operation: this.#operation,
        outcome,
        ...(this.#amountCaptured > 0 && { amountCaptured: this.#amountCaptured }),
      },
      ...(this.#phase === 'canceled' && { canceled: { reason: 'expired' } }),
      refunds: [...this.refunds].map(([key, { status }]) => ({ key, outcome: statuses[status] })),
      disputes: [...this.#disputes.values()].map((dispute) => ({ ...dispute })),
    };
  }
}
const unknown: Outcome = { result: 'unknown' };

describe('Whatever is read at the provider, whenever, by whom and how often', () => {
  const step = fc.record({
    kind: fc.constantFrom(
      'happens',
      'happens',
      'observes',
      'observes',
      'looks',
      'answers',
      'captures',
      'cancels',
      'refunds',
    ),
    choice: fc.nat({ max: 1000 }),
  });
  const words = new Set<string>();

  /** How far each part of it has come: this never goes back. */
  function ranksOf({ status, ask, refunds, disputes = {} }: Payment): Map<string, number> {
    const isNew = ask?.operation === 'authorize' || ask?.operation === 'charge';
    const ofNew = ask?.pendingSince !== undefined ? 2 : ask?.action ? 1 : 0;
    const ofOld = status === 'authorized' || status === 'processing' ? 3 : 4;
    const refundStatuses = ['pending', 'succeeded', 'failed'];
    return new Map([
      ['payment', isNew ? ofNew : ofOld],
      ...Object.values(refunds).map(({ id, status }) => [id, refundStatuses.indexOf(status)] as const),
      ...Object.values(disputes).map(({ id, status }) => [id, status === 'open' ? 0 : 1] as const),
    ]);
  }

  test('each thing has one event, nothing goes back, and in the end all agrees with the provider', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 60, size: 'max' }), (isManual, steps) => {
        const captureMethod = isManual ? 'manual' : 'automatic';
        const provider = new Provider(isManual ? 'authorize' : 'charge');
        let payment = processing({ captureMethod });
        const events: string[] = [];
        const become = (change: Change) => {
          const after = ranksOf(change.payment);
          for (const [part, rank] of ranksOf(payment)) expect(after.get(part)).toBeGreaterThanOrEqual(rank);
          expect(change.payment === payment).toBe(change.payment.version === payment.version);
          events.push(...eventsOf(change).map((event) => JSON.stringify(event)));
          payment = change.payment;
        };
        const observeIt = (facts: Facts) => {
          become(observe(payment, facts, later));
          expect(observe(payment, facts, momentAt('13:00:00.000')).payment).toBe(payment);
        };
        for (const [n, { kind, choice }] of steps.entries()) {
          const facts = provider.told[choice % provider.told.length] as Facts;
          const ids = [...(payment.ask ? [payment.ask.id] : []), ...Object.keys(payment.refunds)];
          const id = ids[choice % Math.max(ids.length, 1)] ?? '';
          const outcome = provider.outcomeOf(facts, payment, id);
          const known = payment;
          try {
            if (kind === 'happens') provider.next(payment, choice);
            else if (kind === 'observes') observeIt(facts);
            else if (kind === 'captures') become(capturing(known, 1 + (choice % 12_100)));
            else if (kind === 'cancels') become(canceling(known));
            else if (kind === 'refunds') become(refunding(known, 1 + (choice % 3000), `re_${n}`));
            else if (outcome.result === 'nothing')
              continue; // A clock closes it first.
            else if (payment.ask?.id === id) become(settle(payment, outcome, later, kind === 'answers'));
            else become(settleRefund(payment, id, outcome, later));
          } catch (error) {
            if ((error as Error).name !== 'Refusal') throw error;
          }
        }
        observeIt(provider.told.at(-1) as Facts);

        // A capture or cancellation that was asked for last may still be on its way.
        const isOnItsWay = provider.status === 'authorized' && payment.ask !== null;
        expect(payment.status).toBe(isOnItsWay ? 'processing' : provider.status);
        const given = [...provider.refunds.values()].filter(({ status }) => status === 'succeeded');
        expect(payment.amountRefunded).toBe(given.reduce((sum, { amount }) => sum + amount, 0));
        for (const [id, { status }] of provider.refunds) expect(payment.refunds[id]?.status).toBe(status);

        const about = payment.history.map(
          ({ type, refundId, disputeId }) => `${type} ${refundId ?? disputeId ?? ''}`,
        );
        expect(new Set(about).size).toBe(about.length);
        expect(payment.history.map((_, i) => JSON.stringify(eventOf(payment, i + 1)))).toEqual(events);
        words.add(payment.history.map(({ type }) => type.split('.')[1]).join(' '));
      }),
      { numRuns: 500 },
    );
    for (const word of [/^failed$/, /canceled/, /refunded.*refund-failed/, /dispute-opened.*dispute-closed/])
      expect([...words].some((each) => word.test(each))).toBe(true);
  });
});
