import { isDeepStrictEqual } from 'node:util';
import { maxParkedReasons } from '@fanfold/contracts/billing';
import type { EventOfType } from '@fanfold/contracts/catalog';
import type { Account } from './books.ts';

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
  const moved = Object.entries(totals).filter(([, { captured, refunded }]) => captured + refunded > 0);
  return {
    captures: counts['payment.captured.v1'] ?? 0,
    refunds: counts['payment.refunded.v1'] ?? 0,
    totals: Object.fromEntries(moved),
  };
}

/** What of a day waits in these accounts; undefined when nothing does. */
export function parkedOn(
  date: string,
  accounts: Pick<Account, 'parkedCapture' | 'parked'>[],
): Parked | undefined {
  const happened = ({ time }: { time: string }) => time.startsWith(date);
  const ofDay = accounts.filter(({ parkedCapture, parked }) =>
    [...parked, ...(parkedCapture ? [parkedCapture.event] : [])].some(happened),
  );
  if (ofDay.length === 0) return undefined;
  const captures = ofDay.flatMap(({ parkedCapture }) => parkedCapture?.event ?? []).filter(happened);
  const refunds = ofDay.flatMap(({ parked }) => parked).filter(happened);
  const reasons = new Map(
    ofDay
      .flatMap(({ parkedCapture }) => parkedCapture?.missing ?? [])
      .map((each) => [`${each.pointer} ${each.rule}`, each]),
  );
  return {
    ...sumOf(
      captures.map(({ data: { currency, amountCaptured } }) => ({ currency, amount: amountCaptured })),
      refunds.map(({ data: { currency, refund } }) => ({ currency, amount: refund.amount })),
    ),
    missing: [...reasons.values()].slice(0, maxParkedReasons),
  };
}

/** Whether all that has no documents waits for a seller: then nothing is lost, and the day needs no alarm. */
export function isOnlyParked({ expected, found, parked }: Difference): boolean {
  if (!parked) return false;
  const { captures, refunds } = parked;
  const totals = structuredClone(found.totals);
  for (const [currency, { captured, refunded }] of Object.entries(parked.totals)) {
    totals[currency] ??= { captured: 0, refunded: 0 };
    totals[currency].captured += captured;
    totals[currency].refunded += refunded;
  }
  const sum = { captures: found.captures + captures, refunds: found.refunds + refunds, totals };
  return isDeepStrictEqual(sum, expected);
}

/** The totals of a day's invoices and credit notes. */
export function sumOf(invoices: Amount[], creditNotes: Amount[]): DaySum {
  const totals: DaySum['totals'] = {};
  const add = (documents: Amount[], what: 'captured' | 'refunded') => {
    for (const { currency, amount } of documents) {
      totals[currency] ??= { captured: 0, refunded: 0 };
      totals[currency][what] += amount;
    }
  };
  add(invoices, 'captured');
  add(creditNotes, 'refunded');
  return { captures: invoices.length, refunds: creditNotes.length, totals };
}
