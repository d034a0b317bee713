import type { Account } from './books.ts';
import type { CreditNote } from './creditNote.ts';
import type { Invoice } from './invoice.ts';

/** An invoice as the API shows it: as it was issued, and what was credited of it since. */
export function invoiceResource({ invoice, creditNotes }: Account) {
  const { id, ...facts } = invoice as Invoice;
  const credited = creditNotes.reduce((sum, { amount }) => sum + amount, 0);
  return {
    object: 'invoice' as const,
    id,
    ...facts,
    status: credited === 0 ? 'paid' : credited < facts.totals.gross ? 'partially_credited' : 'credited',
    creditNotes,
  };
}

/** A credit note as the API shows it. */
export const creditNoteResource = (creditNote: CreditNote) => ({
  object: 'credit_note' as const,
  ...creditNote,
});
