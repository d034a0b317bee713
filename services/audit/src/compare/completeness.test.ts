import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { maxMissingIds } from '@fanfold/contracts/audit';
import { eventId } from '@fanfold/contracts/event';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayClosed } from '../record/receivedFixtures.ts';
import { gapOf, gapsIn, type Mention, Mentioned, miscounted } from './completeness.ts';

const date = '2026-11-23';
const mention = (subject: string, n: number, changes: Partial<Mention> = {}): Mention => ({
  subject,
  n,
  type: 'payment.captured.v1',
  time: '2026-11-23T10:00:00.000000000Z',
  ...changes,
});
const all = (mentions: Mention[]): Mentioned => {
  const mentioned = new Mentioned(date);
  for (const each of mentions) mentioned.add(each);
  return mentioned;
};
const nextDay = { time: '2026-11-24T00:00:00.000000000Z' };
const none = { missing: [], missingCount: 0, before: [] };

describe('a day', () => {
  it('is complete when there are as many of each type as payments counted', () => {
    const mentions = [
      mention('pay_1', 1),
      mention('pay_1', 2, { type: 'payment.refunded.v1' }),
      // Of another day, of another service, the closing itself, and what differs from the provider: not counted.
      mention('pay_2', 1, nextDay),
      mention('inv_1', 1, { type: 'invoice.issued.v1' }),
      mention('day_2026-11-22_acme', 1, { type: 'payments.day-closed.v1' }),
      mention('dif_1', 1, { type: 'payments.difference-found.v1' }),
    ];
    const counts = { 'payment.captured.v1': 1, 'payment.refunded.v1': 1 };
    expect(miscounted(dayClosed(counts), all(mentions))).toEqual({});
  });

  it('is not when there are fewer, more, or some of a type that payments did not count', () => {
    const mentions = [
      mention('pay_1', 1),
      mention('pay_2', 1),
      mention('pay_3', 1, { type: 'payment.failed.v1' }),
    ];
    const counts = { 'payment.captured.v1': 1, 'payment.refunded.v1': 3 };
    expect(miscounted(dayClosed(counts), all(mentions))).toEqual({
      'payment.captured.v1': { expected: 1, found: 2 },
      'payment.refunded.v1': { expected: 3, found: 0 },
      'payment.failed.v1': { expected: 0, found: 1 },
    });
  });

  it('is counted by types that are not known here too, should payments come to say them', () => {
    expect(miscounted(dayClosed({ 'payment.disputed.v1': 1 }), all([]))).toEqual({
      'payment.disputed.v1': { expected: 1, found: 0 },
    });
  });
});

describe('a gap', () => {
  it('is what is missing between numbers, and is to be looked for before the lowest', () => {
    const mentions = [mention('pay_1', 4), mention('pay_1', 7, nextDay), mention('inv_1', 1)];
    expect(gapsIn(all(mentions))).toEqual({
      missing: [5, 6].map((n) => ({ subject: 'pay_1', n })),
      missingCount: 2,
      before: [{ subject: 'pay_1', n: 3 }],
    });
  });

  it('does not belong to a day on which its subject has no event', () => {
    expect(gapsIn(all([mention('pay_1', 4, nextDay), mention('pay_1', 6, nextDay)]))).toEqual(none);
  });

  it('as wide as a number that nobody can have counted to is counted, and not listed', () => {
    const { missing, missingCount } = gapsIn(all([mention('pay_1', 1), mention('pay_1', 9_999_999_999)]));
    expect(missing).toHaveLength(maxMissingIds);
    expect(missingCount).toBe(9_999_999_997);
  });

  it('is found of whatever is lost, wherever it was, and of nothing else', () => {
    const subjects = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), { maxLength: 6 });
    fc.assert(
      fc.property(subjects, (lives) => {
        const published = lives.flatMap((life, s) =>
          life.map((isLost, i) => ({ isLost, id: eventId(`pay_${s}`, i + 1), s, n: i + 1 })),
        );
        const here = published.filter(({ isLost }) => !isLost);
        const { missing, missingCount, before } = gapsIn(all(here.map(({ s, n }) => mention(`pay_${s}`, n))));
        // Only what comes after the last one that is here leaves no gap: the counts tell of that.
        const visible = published.filter(
          ({ isLost, s, n }) => isLost && here.some((other) => other.s === s && other.n > n),
        );
        expect(missingCount).toBe(missing.length);
        const found = missing.map(({ subject, n }) => eventId(subject, n));
        const lowest = before.flatMap(({ subject, n }) =>
          Array.from({ length: n }, (_, i) => eventId(subject, i + 1)),
        );
        expect([...found, ...lowest].sort()).toEqual(visible.map(({ id }) => id).sort());
      }),
    );
  });
});

it('a day is judged in a part of a consumer’s memory, be it a quarter of a million subjects', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const heapBytes = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = heapBytes();
  const mentioned = new Mentioned(date);
  for (let i = 0; i < 250_000; i++) {
    // As the table gives it: a key of its own for each, from which the subject is cut.
    const pk = JSON.parse(`"merchant-with-some-name#pay_${String(i).padStart(32, '0')}"`) as string;
    mentioned.add(mention(pk.slice(24), 2));
  }
  const grownBytes = heapBytes() - before;
  expect(gapsIn(mentioned).before).toHaveLength(250_000);
  // A consumer has 512 MB, of which it uses some 150 by itself; one that was not done in time may still hold as much.
  expect(grownBytes).toBeLessThan(75_000_000);
}, 30_000);

describe('the event about a gap', () => {
  it('is nothing when nothing is missing', () => {
    expect(gapOf({}, none, [])).toBeUndefined();
  });

  it('is which ids are missing, and types that are miscounted', () => {
    const missing = [{ subject: 'pay_2', n: 3 }];
    const gaps = { missing, missingCount: 1, before: [] };
    const counts = { 'payment.captured.v1': { expected: 2, found: 1 } };
    expect(gapOf(counts, gaps, [{ subject: 'pay_1', n: 9 }])).toEqual({
      counts,
      missing: ['pay_1:9', 'pay_2:3'],
      missingCount: 2,
    });
    expect(gapOf(counts, none, [])).toEqual({ counts, missing: [], missingCount: 0 });
  });

  it('names so many ids that they fit into an event, and counts the others', () => {
    const absent = Array.from({ length: 150 }, (_, n) => ({ subject: `pay_${n}`, n: 1 }));
    const gap = gapOf({}, none, absent);
    expect(gap?.missing).toHaveLength(maxMissingIds);
    expect(gap?.missingCount).toBe(150);
  });
});
