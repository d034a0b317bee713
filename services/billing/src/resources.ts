import type { Account } from './books.ts';
import type { CreditNote } from './creditNote.ts';
import type { Invoice } from './invoice.ts';

/** An invoice as the API shows it: as it was issued, and what was credited of it since. */
export function invoiceResource({ invoice, creditNotes }: Account) {
  const { id, number, series, issueDate, paymentId, orderId, currency, customer, lines, totals, createdAt } =
    invoice as Invoice;
  const credited = creditNotes.reduce((sum, { amount }) => sum + amount, 0);
  const status = credited === 0 ? 'paid' : credited < totals.gross ? 'partially_credited' : 'credited';
  return {
    object: 'invoice' as const,
    id,
    number,
    series,
    issueDate,
    status,
    paymentId,
    orderId,
    currency,
    customer,
    lines,
    totals,
    creditNotes: creditNotes.map(({ id, number, refundId, amount }) => ({ id, number, refundId, amount })),
    createdAt,
  };
}

/** A credit note as the API shows it. */
export const creditNoteResource = (creditNote: CreditNote) => ({
  object: 'credit_note' as const,
  id: creditNote.id,
  number: creditNote.number,
  series: creditNote.series,
  issueDate: creditNote.issueDate,
  invoiceId: creditNote.invoiceId,
  invoiceNumber: creditNote.invoiceNumber,
  paymentId: creditNote.paymentId,
  refundId: creditNote.refundId,
  orderId: creditNote.orderId,
  currency: creditNote.currency,
  customer: creditNote.customer,
  amount: creditNote.amount,
  reason: creditNote.reason,
  totals: creditNote.totals,
  createdAt: creditNote.createdAt,
});
