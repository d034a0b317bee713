import { auditGapFound, auditNumberTwice } from '@fanfold/contracts/audit';
import { billingReconciliationFailed } from '@fanfold/contracts/billing';
import type { EventOf } from '@fanfold/contracts/event';
import { paymentsDifferenceFound } from '@fanfold/contracts/payments';
import {
  checkLog,
  type FoundLost,
  type Indexed,
  indexOf,
  lostOf,
  type OpenEvents,
  openEventsOf,
  textsOf,
} from '../aws/auditLog.ts';
import type { Cloud } from '../aws/cloud.ts';
import { type Lack, lacksByMark } from '../aws/lacks.ts';
import { comingBack } from './restore/audit.ts';

const kinds = [
  paymentsDifferenceFound,
  billingReconciliationFailed,
  auditGapFound,
  auditNumberTwice,
] as const;

/**
 * An event that says what of a merchant's day was found missing, which documents have the same number, or where the payment
 * provider and payments differ.
 */
export type Finding = EventOf<(typeof kinds)[number]>;

/** The day (UTC) that a finding is about. A number is found a minute after it was given again. */
export const dayOf = ({ time, data }: Finding): string => ('date' in data ? data.date : time.slice(0, 10));

/** Without a day: findings of so many days, back from now. */
const defaultDays = 7;

/**
 * Which days were found not to be complete, which numbers two documents have, and where the payment provider and payments differ,
 * from what audit has recorded. Whether one is mended is not said by an event, so it cannot be told from there. And what is wrong
 * now, whichever day is asked for: which tables were put back to an earlier time, what of the log does not fit, which witnesses
 * refuse it, and which of its entries have no event: those of all days.
 *
 * @param date only of this day (UTC); otherwise what was found in the last seven days
 * @returns the last finding of each merchant's day at each service, the time from which they were looked for, which
 *   services' tables lack something, why the log cannot be signed, why witnesses refuse it, which numbers a restore found lost, and how many of its entries have no event: those whose events
 *   publishers' tables may have, and those that are in no other table, and so lost once no message waits
 */
export async function findingsOf(
  cloud: Cloud,
  { date, merchantId }: { date?: string | undefined; merchantId?: string | undefined },
  now: Date,
): Promise<Found> {
  // A day is compared after it, or any time later when its closing was late or is sent again.
  const from = date
    ? `${date}T00:00:00.000Z`
    : new Date(now.getTime() - defaultDays * 86_400_000).toISOString();
  const range = { from, to: now.toISOString(), ...(merchantId && { merchantId }) };
  const [log, open, lacks, lost, ...indexes] = await Promise.all([
    checkLog(cloud),
    openEventsOf(cloud),
    lacksByMark(cloud),
    lostOf(cloud),
    ...kinds.map(({ type }) => indexOf(cloud, { ...range, type })),
  ]);
  const found: Finding[] = [];
  for await (const texts of textsOf(cloud, newestOf(indexes.flat()))) {
    found.push(...texts.flatMap(({ text }) => (text === null ? [] : (JSON.parse(text) as Finding))));
  }
  if (log.lack !== null) lacks.push({ service: 'audit', lack: log.lack });
  const { misfits, refusals = [] } = log;
  return {
    from,
    lacks,
    misfits,
    refusals,
    entriesWithoutEvent: entriesIn(open),
    lostNumbers: lost.filter(
      (each) =>
        (merchantId === undefined || each.merchantId === merchantId) &&
        (date === undefined ? each.foundAt >= from : each.foundAt.startsWith(date)),
    ),
    findings: found.filter((each) => date === undefined || dayOf(each) === date),
  };
}

/** All that was found. */
export type Found = {
  from: string;
  findings: Finding[];
  lacks: Lack[];
  misfits: string[];
  /** Why witnesses outside refuse the log's checkpoints. */
  refusals: string[];
  entriesWithoutEvent: EntriesWithoutEvent;
  lostNumbers: FoundLost[];
};

/** Whether anybody has to do something. What is lost for good is no finding for ever, as nobody can bring it back. */
export const isAnythingIn = ({
  lacks,
  misfits,
  refusals,
  entriesWithoutEvent: { inTables },
  lostNumbers,
  findings,
}: Found): boolean =>
  inTables > 0 || [lacks, misfits, refusals, lostNumbers, findings].some(({ length }) => length > 0);

/** Entries of a restored log, by whether a publisher's table may have their events. */
export type EntriesWithoutEvent = { inTables: number; nowhereElse: number };

function entriesIn(open: OpenEvents): EntriesWithoutEvent {
  const inTables = comingBack(open);
  return { inTables, nowhereElse: open.count - inTables };
}

/** Of each subject, a merchant's day at a service, the last thing that was found, in the order of the log. */
function newestOf(events: Indexed[]): Indexed[] {
  const bySubject = new Map<string, Indexed>();
  for (const event of events.toSorted((a, b) => a.position - b.position)) {
    const key = JSON.stringify([event.merchantId, event.id.slice(0, event.id.lastIndexOf(':'))]);
    bySubject.delete(key);
    bySubject.set(key, event);
  }
  return [...bySubject.values()];
}
