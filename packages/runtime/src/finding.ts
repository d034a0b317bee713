import { isDeepStrictEqual } from 'node:util';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Event, Trace } from '@fanfold/contracts/event';
import { longestDelaySeconds, NotYet } from './failure.ts';
import { traceOf } from './trace.ts';

/** A difference between a merchant's day, as payments closed it, and the data of a service. */
export type Finding<Difference> = {
  merchantId: string;
  date: string;
  difference: Difference;
  /** The n-th difference of this day, and of the event about it. */
  n: number;
  foundAt: string;
  trace: Trace;
  /** When the day was compared again and had no difference any more. */
  mendedAt: string | null;
};

/** What to write: a finding, and whether it is new, so that its event has to be published. */
export type Noted<Difference> = { finding: Finding<Difference>; isNew: boolean };

/** The result of comparing a day. */
export type Compared<Difference> = {
  /** Undefined when there is nothing to write. */
  noted?: Noted<Difference> | undefined;
  /** Whether to raise the alarm. */
  isAlarming: boolean;
  /** To be thrown after the write: the day has to be compared again. */
  again?: NotYet;
};

/**
 * How long late events have to arrive before a difference counts, from the first receive of the closed day's message.
 * An event that failed in an outage comes again within `longestDelaySeconds` after its end, so an outage that ends
 * that long before causes no finding. It does not count from the closing of the day: when lost events and then the
 * closed day are sent again weeks later, the events need their time too.
 */
export const graceMs = 2 * longestDelaySeconds * 1000;

/**
 * For how long a day with a difference is compared again, counted in the same way: if an outage outlasts the grace
 * period, its findings are mended without an operator. The message's twenty receives last longer than that, whatever
 * the failures are (at least 5.7 hours, see `retryDelaySeconds`).
 */
export const comparedForMs = 5 * 3_600_000;

/**
 * Decides what follows from comparing a day. A known difference is not new; a different one is, and so is one that
 * had been mended. The alarm is raised for a new difference, and if there still is one at the end.
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
    `${dayClosed.subject} does not add up yet; it is compared again, because events may be late`,
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

/** The condition of a write that the item's `finding`, or its absence, is as it was read. */
export const ifFindingUnchanged = (known: Finding<unknown> | undefined) =>
  known
    ? {
        ConditionExpression: 'finding.n = :n AND finding.mendedAt = :mendedAt',
        ExpressionAttributeValues: marshall({ ':n': known.n, ':mendedAt': known.mendedAt }),
      }
    : { ConditionExpression: 'attribute_not_exists(pk)' };
