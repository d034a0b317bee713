import type { EventOfType } from '@fanfold/contracts/catalog';
import { reversalOf } from '@fanfold/invoicing/issue';
import type { CreditNote } from './creditNote.ts';
import { causeOf, type Invoice, type Numbered, suffixOf } from './invoice.ts';
import { linesOfAmounts } from './taxDocument.ts';

type RefundFailed = EventOfType<'payment.refund-failed.v1'>;

/** A refund that failed after it had succeeded. Why it did is not on any document. */
export type Failed = Omit<RefundFailed, 'data'> & { data: Omit<RefundFailed['data'], 'reason'> };

/** A refund has one credit note, and that one reversal at most, because its id is derived from the refund's. */
export const reversalIdOf = (refundId: string): string => `inv_${suffixOf(refundId)}`;

/**
 * The invoice that charges again what a credit note took back, whose refund has failed: the money is with the merchant again. It
 * has the credit note's amounts to the cent, so that both together are nothing.
 *
 * @param invoice the one that the credit note corrects
 */
export function reversalFor(
  invoice: Invoice,
  creditNote: CreditNote,
  event: Failed,
  { number, series, issuedAt }: Numbered,
): Invoice {
  const {
    id,
    number: creditNoteNumber,
    paymentId,
    orderId,
    currency,
    customer,
    totals,
    refundId,
  } = creditNote;
  const issueDate = issuedAt.slice(0, 10);
  const taxDocument = creditNote.taxDocument && reversalOf(creditNote.taxDocument, { number, issueDate });
  return {
    id: reversalIdOf(refundId),
    ...{ number, series, issueDate, paymentId, orderId, currency, customer },
    lines: taxDocument ? linesOfAmounts(taxDocument.amounts, currency) : linesOfRates(creditNote),
    totals,
    createdAt: issuedAt,
    ...(taxDocument && { taxDocument }),
    ...(invoice.sellerVersion !== undefined && { sellerVersion: invoice.sellerVersion }),
    reverses: { creditNoteId: id, creditNoteNumber, refundId },
    ...causeOf(event),
  };
}

/** A credit note from before lines had categories has sums by rate only. */
const linesOfRates = ({ number, totals }: CreditNote): Invoice['lines'] =>
  totals.taxByRate.map(({ rate, net, tax }) => ({
    description: `Reversal of ${number}`,
    quantity: 1,
    unitAmount: net,
    taxRate: rate,
    net,
    tax,
    gross: net + tax,
  }));
