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

/** What of a day waits, account by account: of each only amounts are kept, however many there are. */
export class ParkedOfDay {
  readonly #date: string;
  readonly #captures: Amount[] = [];
  readonly #refunds: Amount[] = [];
  readonly #failures: Amount[] = [];
  readonly #reasons = new Map<string, Parked['missing'][number]>();

  constructor(date: string) {
    this.#date = date;
  }

  add({
    invoice,
    parkedCapture,
    parked,
    parkedFailures = [],
  }: Pick<Account, 'parkedCapture' | 'parked' | 'parkedFailures'> & { invoice: unknown }): void {
    const happened = ({ time }: { time: string }) => time.startsWith(this.#date);
    // One whose invoice was issued waits for the rest of its credit notes.
    const captures = parkedCapture && !invoice ? [parkedCapture.event].filter(happened) : [];
    const [refunds, failures] = [parked.filter(happened), parkedFailures.filter(happened)];
    if (captures.length + refunds.length + failures.length === 0) return;
    for (const { data } of captures)
      this.#captures.push({ currency: data.currency, amount: data.amountCaptured });
    this.#refunds.push(...refunds.map(amountOfRefund));
    this.#failures.push(...failures.map(amountOfRefund));
    for (const each of parkedCapture?.missing ?? []) {
      if (this.#reasons.size < maxParkedReasons) this.#reasons.set(`${each.pointer} ${each.rule}`, each);
    }
  }

  /** Undefined when nothing waits. */
  sum(): Parked | undefined {
    return this.#captures.length + this.#refunds.length + this.#failures.length === 0
      ? undefined
      : { ...sumOf(this.#captures, this.#refunds, this.#failures), missing: [...this.#reasons.values()] };
  }
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
