import { makeEvent } from '@fanfold/contracts/event';
import { paymentsDayClosed } from '@fanfold/contracts/payments';
import { describe, expect, test } from 'vitest';
import { type Finding, graceMs, noteDifference } from './finding.ts';

const now = new Date('2026-11-24T00:30:00.000Z');
const dayClosed = makeEvent(paymentsDayClosed, {
  subject: 'day_2026-11-23_acme',
  n: 1,
  time: '2026-11-24T00:15:00.000Z',
  merchantid: 'acme',
  trace: {
    correlationid: 'clock_1',
    causationid: 'clock_1',
    traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
  },
  data: { date: '2026-11-23', counts: {}, totals: {} },
});
const finding: Finding<{ missing: number }> = {
  merchantId: 'acme',
  date: '2026-11-23',
  difference: { missing: 1 },
  n: 1,
  foundAt: '2026-11-24T00:25:00.000Z',
  trace: { ...dayClosed, causationid: dayClosed.id } as never,
  mendedAt: null,
};
const mended = { ...finding, mendedAt: '2026-11-24T00:28:00.000Z' };

/** What comes of a comparison after the message has been waiting for so long. */
const note = (
  known: Finding<{ missing: number }> | undefined,
  difference: { missing: number } | undefined,
  waitedMs = graceMs,
) =>
  noteDifference(known, difference, dayClosed, {
    now,
    firstReceivedAt: new Date(now.getTime() - waitedMs),
  });

describe('A difference', () => {
  test('is not believed before late events had their time: the message comes again', () => {
    expect(() => note(undefined, { missing: 1 }, graceMs - 1)).toThrow('day_2026-11-23_acme does not add up');
    expect(() => note(finding, { missing: 2 }, 0)).toThrow('does not add up so far');
    expect(() => note(finding, { missing: 1 }, 0)).toThrow('does not add up so far');
    expect(() => note(mended, { missing: 1 }, 0)).toThrow('does not add up so far');
  });

  test('that stays is news, with what it is about and the flow that it belongs to', () => {
    expect(note(undefined, { missing: 1 })).toEqual({
      isNews: true,
      finding: {
        merchantId: 'acme',
        date: '2026-11-23',
        difference: { missing: 1 },
        n: 1,
        foundAt: '2026-11-24T00:30:00.000Z',
        trace: {
          correlationid: 'clock_1',
          causationid: 'day_2026-11-23_acme:1',
          traceparent: dayClosed.traceparent,
        },
        mendedAt: null,
      },
    });
  });

  test('that is known is no news', () => {
    expect(note(finding, { missing: 1 })).toBeUndefined();
  });

  test('other than the one that is known is the next news', () => {
    expect(note(finding, { missing: 2 })).toMatchObject({
      isNews: true,
      finding: { n: 2, difference: { missing: 2 }, mendedAt: null },
    });
  });

  test('that comes back after it was mended is the next news', () => {
    expect(note(mended, { missing: 1 })).toMatchObject({ isNews: true, finding: { n: 2, mendedAt: null } });
  });

  test('that is gone is noted as mended, once, and nothing is said', () => {
    expect(note(finding, undefined, 0)).toEqual({
      isNews: false,
      finding: { ...finding, mendedAt: '2026-11-24T00:30:00.000Z' },
    });
    expect(note(mended, undefined)).toBeUndefined();
  });

  test('that never was is not noted', () => {
    expect(note(undefined, undefined, 0)).toBeUndefined();
  });
});
