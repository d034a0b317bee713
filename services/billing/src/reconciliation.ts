import type { EventOfType } from '@fanfold/contracts/catalog';

/** The fields of a document that the totals of a day are computed from. `amount` is in minor units of `currency`. */
export type Document = { issueDate: string; happenedOn: string; currency: string; amount: number };

/** The captures and refunds of a day, or its invoices and credit notes: counted and added up. */
export type DaySum = EventOfType<'billing.reconciliation-failed.v1'>['data']['expected'];

export type Difference = { expected: DaySum; found: DaySum };

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

/** The totals of a day's invoices and credit notes. */
export function sumOf(invoices: Document[], creditNotes: Document[]): DaySum {
  const totals: DaySum['totals'] = {};
  const add = (documents: Document[], what: 'captured' | 'refunded') => {
    for (const { currency, amount } of documents) {
      totals[currency] ??= { captured: 0, refunded: 0 };
      totals[currency][what] += amount;
    }
  };
  add(invoices, 'captured');
  add(creditNotes, 'refunded');
  return { captures: invoices.length, refunds: creditNotes.length, totals };
}
