import { makeEvent } from '@fanfold/contracts/event';
import { paymentsDayClosed } from '@fanfold/contracts/payments';
import { describe, expect, test } from 'vitest';
import { longestDelaySeconds, NotYet } from './failure.ts';
import { comparedForMs, type Finding, graceMs, noteDifference } from './finding.ts';

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
  waitedMs = comparedForMs,
) =>
  noteDifference(known, difference, dayClosed, {
    now,
    firstReceivedAt: new Date(now.getTime() - waitedMs),
  });

const again = expect.any(NotYet);
const nothing = { isAlarming: false };

describe('A difference', () => {
  test('is not believed before late events had their time: the message comes again', () => {
    const waits = { isAlarming: false, again };
    expect(note(undefined, { missing: 1 }, graceMs - 1)).toEqual(waits);
    expect(note(finding, { missing: 2 }, 0)).toEqual(waits);
    expect(note(finding, { missing: 1 }, 0)).toEqual(waits);
    expect(note(mended, { missing: 1 }, 0)).toEqual(waits);
    expect(note(undefined, { missing: 1 }, 0).again?.message).toContain(
      'day_2026-11-23_acme does not add up',
    );
  });

  test('that is believed is news at once, and compared again until its time is over', () => {
    expect(note(undefined, { missing: 1 }, graceMs)).toMatchObject({
      noted: { isNew: true, finding: { n: 1 } },
      isAlarming: true,
      again,
    });
    expect(note(finding, { missing: 1 }, comparedForMs - 1)).toEqual({ isAlarming: false, again });
    expect(note(finding, { missing: 2 }, comparedForMs - 1)).toMatchObject({
      noted: { isNew: true, finding: { n: 2 } },
      isAlarming: true,
      again,
    });
  });

  test('is believed after the longest time that an event of an outage is out of sight', () => {
    expect(graceMs).toBeGreaterThan(longestDelaySeconds * 1000);
    expect(comparedForMs).toBeGreaterThan(graceMs + longestDelaySeconds * 1000);
  });

  test('that stays is news, with what it is about and the flow that it belongs to', () => {
    expect(note(undefined, { missing: 1 })).toEqual({
      isAlarming: true,
      noted: {
        isNew: true,
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
      },
    });
  });

  test('that is known is no news, and an alarm when it is left at the end', () => {
    expect(note(finding, { missing: 1 })).toEqual({ isAlarming: true });
  });

  test('other than the one that is known is the next news', () => {
    expect(note(finding, { missing: 2 })).toMatchObject({
      noted: { isNew: true, finding: { n: 2, difference: { missing: 2 }, mendedAt: null } },
    });
  });

  test('that comes back after it was mended is the next news', () => {
    expect(note(mended, { missing: 1 })).toMatchObject({
      noted: { isNew: true, finding: { n: 2, mendedAt: null } },
    });
  });

  test('that is gone is noted as mended, once, and has no event', () => {
    expect(note(finding, undefined, 0)).toEqual({
      noted: { isNew: false, finding: { ...finding, mendedAt: '2026-11-24T00:30:00.000Z' } },
      isAlarming: false,
    });
    expect(note(mended, undefined)).toEqual(nothing);
  });

  test('that never was is not noted', () => {
    expect(note(undefined, undefined, 0)).toEqual(nothing);
  });
});
