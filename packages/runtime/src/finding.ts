import { isDeepStrictEqual } from 'node:util';
import type { Event, Trace } from '@fanfold/contracts/event';
import { traceOf } from './trace.ts';

/** That a merchant's day, as payments closed it, differs from what a service has. */
export type Finding<Difference> = {
  merchantId: string;
  date: string;
  difference: Difference;
  /** How many different ones were found of this day so far: the number of the event that tells of this one. */
  n: number;
  foundAt: string;
  trace: Trace;
  /** When the day was compared again and there was no difference any more. */
  mendedAt: string | null;
};

/** What to write: a finding, and whether it is news that has to be said. */
export type Noted<Difference> = { finding: Finding<Difference>; isNews: boolean };

/**
 * What late events get to arrive, counted from when the message of the closed day came first. By its receives, a message
 * of ours comes again for longer than that. Not counted from when the day was closed: when lost events and then the
 * closed day are sent again, weeks later, the events need their time as well.
 */
export const graceMs = 10 * 60_000;

/**
 * What comes of comparing a day. The same difference again is no news; another one is, and so is one that had been
 * mended.
 *
 * @returns undefined when there is nothing to write
 * @throws Error when what is missing may still be on its way: the message has to come again
 */
export function noteDifference<Difference>(
  known: Finding<Difference> | undefined,
  difference: Difference | undefined,
  dayClosed: Event<string, { date: string }>,
  { now, firstReceivedAt }: { now: Date; firstReceivedAt: Date },
): Noted<Difference> | undefined {
  const isOpen = known?.mendedAt === null;
  if (difference === undefined) {
    return isOpen ? { finding: { ...known, mendedAt: now.toISOString() }, isNews: false } : undefined;
  }
  if (now.getTime() - firstReceivedAt.getTime() < graceMs) {
    throw new Error(
      `${dayClosed.subject} does not add up so far; it is compared again, as events may be late`,
    );
  }
  if (isOpen && isDeepStrictEqual(known.difference, difference)) return undefined;
  const finding = {
    merchantId: dayClosed.merchantid,
    date: dayClosed.data.date,
    difference,
    n: (known?.n ?? 0) + 1,
    foundAt: now.toISOString(),
    trace: traceOf(dayClosed),
    mendedAt: null,
  };
  return { finding, isNews: true };
}
