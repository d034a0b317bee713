import { isDeepStrictEqual } from 'node:util';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Event, Trace } from '@fanfold/contracts/event';
import { longestDelaySeconds, NotYet } from './failure.ts';
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
export type Noted<Difference> = { finding: Finding<Difference>; isNew: boolean };

/** What comes of comparing a day. */
export type Compared<Difference> = {
  /** Undefined when there is nothing to write. */
  noted?: Noted<Difference> | undefined;
  /** Whether the difference counts: somebody is to look. */
  isAlarming: boolean;
  /** To be thrown when all that is written: the day has to be compared again. */
  again?: NotYet;
};

/**
 * What late events get to arrive before a difference is believed, counted from when the message of the closed day came
 * first. An event that failed in an outage comes again within `longestDelaySeconds` of the outage's end, so nothing is
 * said of an outage that is over as long before the grace is. Not counted from when the day was closed: when lost events
 * and then the closed day are sent again, weeks later, the events need their time as well.
 */
export const graceMs = 2 * longestDelaySeconds * 1000;

/**
 * For how long a day that differs is compared again, counted like the grace: what was said of it too early, because an
 * outage outlasted the grace, is mended without anybody. The message's twenty receives last longer than that, whatever
 * they fail of (at least 5.7 hours, see `retryDelaySeconds`).
 */
export const comparedForMs = 5 * 3_600_000;

/**
 * What comes of comparing a day. The same difference again is no news; another one is, and so is one that had been
 * mended. An alarm is due for news, and when a difference is left at the end.
 */
export function noteDifference<Difference>(
  known: Finding<Difference> | undefined,
  difference: Difference | undefined,
  dayClosed: Event<string, { date: string }>,
  { now, firstReceivedAt }: { now: Date; firstReceivedAt: Date },
): Compared<Difference> {
  const isOpen = known?.mendedAt === null;
  if (difference === undefined) {
    const mended = isOpen ? { finding: { ...known, mendedAt: now.toISOString() }, isNew: false } : undefined;
    return { noted: mended, isAlarming: false };
  }
  const again = new NotYet(
    `${dayClosed.subject} does not add up so far; it is compared again, as events may be late`,
  );
  if (now.getTime() - firstReceivedAt.getTime() < graceMs) return { isAlarming: false, again };
  const isLast = now.getTime() - firstReceivedAt.getTime() >= comparedForMs;
  const next = isLast ? {} : { again };
  if (isOpen && isDeepStrictEqual(known.difference, difference)) return { isAlarming: isLast, ...next };
  const finding = {
    merchantId: dayClosed.merchantid,
    date: dayClosed.data.date,
    difference,
    n: (known?.n ?? 0) + 1,
    foundAt: now.toISOString(),
    trace: traceOf(dayClosed),
    mendedAt: null,
  };
  return { noted: { finding, isNew: true }, isAlarming: true, ...next };
}

/** The condition of a write under which an item that has a `finding`, or none yet, is as it was when it was read. */
export const stillFound = (known: Finding<unknown> | undefined) =>
  known
    ? {
        ConditionExpression: 'finding.n = :n AND finding.mendedAt = :mendedAt',
        ExpressionAttributeValues: marshall({ ':n': known.n, ':mendedAt': known.mendedAt }),
      }
    : { ConditionExpression: 'attribute_not_exists(pk)' };
