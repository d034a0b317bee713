import { isDeepStrictEqual } from 'node:util';
import { maxParkedReasons } from '@fanfold/contracts/billing';
import type { EventOfType } from '@fanfold/contracts/catalog';
import type { Account } from './books.ts';
import type { Refunded } from './creditNote.ts';
import type { Failed } from './reversal.ts';

/** The fields of a document that the totals of a day are computed from. `amount` is in minor units of `currency`. */
export type Document = { issueDate: string; happenedOn: string; currency: string; amount: number };

type Amount = Pick<Document, 'currency' | 'amount'>;

/** The captures and refunds of a day, or its invoices and credit notes: counted and added up. */
export type DaySum = EventOfType<'billing.reconciliation-failed.v1'>['data']['expected'];

export type Difference = { expected: DaySum; found: DaySum; parked?: Parked | undefined };

/** What of a day waits for a seller, and for what. */
export type Parked = NonNullable<EventOfType<'billing.reconciliation-failed.v1'>['data']['parked']>;

export type DayClosed = EventOfType<'payments.day-closed.v1'>;

/** The totals that the documents should have, by the captures and refunds of payments. */
export function expectedOf({ data: { counts, totals } }: DayClosed): DaySum {
  const moved = Object.entries(totals)
    .filter(([, { captured, refunded, reversed = 0 }]) => captured + refunded + reversed > 0)
    .map(([currency, { captured, refunded, reversed = 0 }]) => [
      currency,
      { captured, refunded, ...(reversed > 0 && { reversed }) },
    ]);
  return {
    captures: counts['payment.captured.v1'] ?? 0,
    refunds: counts['payment.refunded.v1'] ?? 0,
    totals: Object.fromEntries(moved),
  };
}

/** What of a day waits in these accounts; undefined when nothing does. */
export function parkedOn(
  date: string,
  accounts: Pick<Account, 'parkedCapture' | 'parked' | 'parkedFailures'>[],
): Parked | undefined {
  const happened = ({ time }: { time: string }) => time.startsWith(date);
  const ofDay = accounts.filter(({ parkedCapture, parked, parkedFailures = [] }) =>
    [...parked, ...parkedFailures, ...(parkedCapture ? [parkedCapture.event] : [])].some(happened),
  );
  if (ofDay.length === 0) return undefined;
  const captures = ofDay.flatMap(({ parkedCapture }) => parkedCapture?.event ?? []).filter(happened);
  const refunds = ofDay.flatMap(({ parked }) => parked).filter(happened);
  const failures = ofDay.flatMap(({ parkedFailures = [] }) => parkedFailures).filter(happened);
  const reasons = new Map(
    ofDay
      .flatMap(({ parkedCapture }) => parkedCapture?.missing ?? [])
      .map((each) => [`${each.pointer} ${each.rule}`, each]),
  );
  return {
    ...sumOf(
      captures.map(({ data: { currency, amountCaptured } }) => ({ currency, amount: amountCaptured })),
      refunds.map(amountOfRefund),
      failures.map(amountOfRefund),
    ),
    missing: [...reasons.values()].slice(0, maxParkedReasons),
  };
}

const amountOfRefund = ({ data: { currency, refund } }: Refunded | Failed): Amount => ({
  currency,
  amount: refund.amount,
});

/** Whether all that has no documents waits for a seller: then nothing is lost, and the day needs no alarm. */
export function isOnlyParked({ expected, found, parked }: Difference): boolean {
  if (!parked) return false;
  const { captures, refunds } = parked;
  const totals = structuredClone(found.totals);
  for (const [currency, { captured, refunded, reversed }] of Object.entries(parked.totals)) {
    totals[currency] ??= { captured: 0, refunded: 0 };
    const total = totals[currency];
    total.captured += captured;
    total.refunded += refunded;
    if (reversed !== undefined) total.reversed = (total.reversed ?? 0) + reversed;
  }
  const sum = { captures: found.captures + captures, refunds: found.refunds + refunds, totals };
  return isDeepStrictEqual(sum, expected);
}

/** The totals of a day's invoices and credit notes. Invoices that reverse credit notes have negative amounts. */
export const foundIn = (invoices: Amount[], creditNotes: Amount[]): DaySum =>
  sumOf(
    invoices.filter(({ amount }) => amount >= 0),
    creditNotes,
    invoices.filter(({ amount }) => amount < 0).map((each) => ({ ...each, amount: -each.amount })),
  );

function sumOf(captures: Amount[], refunds: Amount[], reversals: Amount[]): DaySum {
  const totals: DaySum['totals'] = {};
  const add = (amounts: Amount[], what: 'captured' | 'refunded' | 'reversed') => {
    for (const { currency, amount } of amounts) {
      totals[currency] ??= { captured: 0, refunded: 0 };
      totals[currency][what] = (totals[currency][what] ?? 0) + amount;
    }
  };
  add(captures, 'captured');
  add(refunds, 'refunded');
  add(reversals, 'reversed');
  return { captures: captures.length, refunds: refunds.length, totals };
}
