import type { EventOfType } from '@fanfold/contracts/catalog';

/** What of an issued document a day is summed up from. `amount` is in minor units of `currency`. */
export type Document = { issueDate: string; happenedOn: string; currency: string; amount: number };

/** What was captured and refunded, or invoiced and credited, on a day. */
export type DaySum = EventOfType<'billing.reconciliation-failed.v1'>['data']['expected'];

export type Difference = { expected: DaySum; found: DaySum };

export type DayClosed = EventOfType<'payments.day-closed.v1'>;

/** What the documents should add up to when payments captured and refunded this. */
export function expectedOf({ data: { counts, totals } }: DayClosed): DaySum {
  const moved = Object.entries(totals).filter(([, { captured, refunded }]) => captured + refunded > 0);
  return {
    captures: counts['payment.captured.v1'] ?? 0,
    refunds: counts['payment.refunded.v1'] ?? 0,
    totals: Object.fromEntries(moved),
  };
}

/** What a day's invoices and credit notes add up to. */
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
