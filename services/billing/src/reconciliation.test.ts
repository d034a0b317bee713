import { describe, expect, it } from 'vitest';
import type { Refunded } from './creditNote.ts';
import { captured, dayClosed, refunded, refundFailed } from './eventFixtures.ts';
import { type Document, expectedOf, foundIn, isOnlyParked, ParkedOfDay } from './reconciliation.ts';

const document = (amount: number, currency = 'EUR'): Document => ({
  issueDate: '2026-11-23',
  happenedOn: '2026-11-23',
  currency,
  amount,
});

describe('what a day should add up to', () => {
  it('is what payments captured and refunded on it, by currency', () => {
    const counts = { 'payment.captured.v1': 2, 'payment.refunded.v1': 1, 'payment.failed.v1': 7 };
    const totals = { EUR: { captured: 200, refunded: 0 }, JPY: { captured: 0, refunded: 5 } };
    expect(expectedOf(dayClosed({ counts, totals }))).toEqual({ captures: 2, refunds: 1, totals });
  });

  it('has nothing of currencies in which nothing moved', () => {
    const counts = { 'payment.authorized.v1': 1 };
    const totals = { EUR: { captured: 0, refunded: 0 } };
    expect(expectedOf(dayClosed({ counts, totals }))).toEqual({ captures: 0, refunds: 0, totals: {} });
  });
});

describe('what documents add up to', () => {
  it('is their number and their amounts, by currency', () => {
    const invoices = [document(100), document(50), document(7, 'JPY')];
    expect(foundIn(invoices, [document(30), document(1, 'USD')])).toEqual({
      captures: 3,
      refunds: 2,
      totals: {
        EUR: { captured: 150, refunded: 30 },
        JPY: { captured: 7, refunded: 0 },
        USD: { captured: 0, refunded: 1 },
      },
    });
  });

  it('counts invoices that reverse credit notes apart, as payments does with refunds that failed afterwards', () => {
    const counts = { 'payment.captured.v1': 1, 'payment.refunded.v1': 1, 'payment.refund-failed.v1': 2 };
    const totals = {
      EUR: { captured: 100, refunded: 30, reversed: 30 },
      USD: { captured: 0, refunded: 0, reversed: 5 },
    };
    const found = foundIn([document(100), document(-30), document(-5, 'USD')], [document(30)]);
    expect(found).toEqual({ captures: 1, refunds: 1, totals });
    expect(expectedOf(dayClosed({ counts, totals }))).toEqual(found);
    const none = { EUR: { captured: 100, refunded: 0, reversed: 0 } };
    expect(expectedOf(dayClosed({ counts, totals: none })).totals).toEqual({
      EUR: { captured: 100, refunded: 0 },
    });
  });

  it('is nothing when there are none, as a day without payments expects', () => {
    expect(foundIn([], [])).toEqual(expectedOf(dayClosed({})));
  });
});

describe('what of a day waits for a seller', () => {
  const parkedOn = (date: string, accounts: Parameters<ParkedOfDay['add']>[0][]) => {
    const ofDay = new ParkedOfDay(date);
    for (const account of accounts) ofDay.add(account);
    return ofDay.sum();
  };

  it('says what its own captures wait for, and not those of other days', () => {
    const waiting = (day: string, pointer: string) => ({
      invoice: null as unknown,
      parked: [] as Refunded[],
      parkedCapture: {
        event: { ...captured(), time: `${day}T10:00:00.000Z` },
        missing: [{ pointer, rule: 'seller', message: 'must be given' }],
        tried: 'nobody',
      },
    });
    const accounts = [waiting('2026-11-22', '/seller/registration'), waiting('2026-11-23', '/seller/vatId')];
    expect(parkedOn('2026-11-23', accounts)).toMatchObject({
      captures: 1,
      refunds: 0,
      missing: [{ pointer: '/seller/vatId' }],
    });
    expect(parkedOn('2026-11-24', accounts)).toBeUndefined();
    // An invoice that is issued waits for the rest of its credit notes alone.
    const [, own] = accounts as [(typeof accounts)[number], (typeof accounts)[number]];
    const inPart = { ...own, invoice: {}, parked: [refunded(1, 100, 0)] };
    expect(parkedOn('2026-11-23', [inPart])).toMatchObject({ captures: 0, refunds: 1 });
  });

  it('has the failures of parked refunds, and all of the day may be parked', () => {
    const refund = refunded(71, 4000, 0);
    const event = captured();
    const account = {
      invoice: null,
      parked: [refund],
      parkedFailures: [refundFailed(refund, 80)],
      parkedCapture: { event, missing: [], tried: 'nobody' },
    };
    const parked = parkedOn('2026-11-23', [account]);
    const totals = { EUR: { captured: 12_100, refunded: 4000, reversed: 4000 } };
    expect(parked).toEqual({ captures: 1, refunds: 1, totals, missing: [] });
    const expected = { captures: 1, refunds: 1, totals };
    expect(isOnlyParked({ expected, found: foundIn([], []), parked })).toBe(true);
    expect(
      isOnlyParked({
        expected: { ...expected, totals: { EUR: { captured: 12_100, refunded: 4000 } } },
        found: foundIn([], []),
        parked,
      }),
    ).toBe(false);
  });
});
