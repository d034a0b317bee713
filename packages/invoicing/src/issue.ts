import { exponentOf } from '@fanfold/contracts/currency';
import { exactNumber, roundedRatio } from '@fanfold/contracts/rounding';
import { amountsOf } from './amounts.ts';
import { decimalOf } from './decimal.ts';
import type { AccountingTax, Amounts, TaxDocument } from './document.ts';
import type { Exchange, Invoiceable } from './order.ts';

type Issued = Pick<TaxDocument, 'number' | 'issueDate'>;

/** The invoice of what has no findings. `amounts` are those of a part, where less than all was captured. */
export const invoiceOf = (
  { seller, buyer, delivery, buyerReference, orderReference, order, exchange }: Invoiceable,
  { number, issueDate }: Issued,
  { card, notes, isSimplified = false }: Pick<TaxDocument, 'card' | 'notes' | 'isSimplified'>,
  amounts: Amounts = amountsOf(order),
): TaxDocument => ({
  kind: 'invoice',
  number,
  issueDate,
  ...(isSimplified && { isSimplified }),
  currency: order.currency,
  seller,
  buyer,
  buyerReference,
  orderReference,
  delivery,
  correctedInvoice: null,
  card,
  notes,
  accountingTax: exchange && accountingTaxOf(amounts.taxMinor, order.currency, exchange),
  amounts,
});

/** The credit note that corrects an invoice by `amounts`; it repeats its parties. */
export const creditNoteOf = (
  invoice: TaxDocument,
  { number, issueDate }: Issued,
  amounts: Amounts,
  notes: string[],
): TaxDocument => ({
  ...invoice,
  kind: 'credit-note',
  number,
  issueDate,
  correctedInvoice: { number: invoice.number, issueDate: invoice.issueDate },
  notes,
  accountingTax:
    invoice.accountingTax && accountingTaxOf(amounts.taxMinor, invoice.currency, invoice.accountingTax),
  amounts,
});

/**
 * The invoice that charges again what a credit note took back, whose refund has failed after it had succeeded. It has the same
 * amounts and parties, and refers to the credit note as what comes before it (BG-3).
 */
export const reversalOf = (creditNote: TaxDocument, { number, issueDate }: Issued): TaxDocument => ({
  ...creditNote,
  kind: 'invoice',
  number,
  issueDate,
  correctedInvoice: { number: creditNote.number, issueDate: creditNote.issueDate },
  notes: [],
});

/**
 * VAT in another currency, rounded once.
 *
 * @throws RangeError when it is more than can be stated
 */
export function accountingTaxOf(taxMinor: number, currency: string, exchange: Exchange): AccountingTax {
  const { units, scale } = decimalOf(exchange.rate);
  const tax = roundedRatio(
    BigInt(taxMinor) * units * 10n ** BigInt(exponentOf(exchange.currency)),
    10n ** BigInt(scale + exponentOf(currency)),
  );
  const { currency: accounting, rate, source } = exchange;
  return { currency: accounting, taxMinor: exactNumber(tax), rate, source };
}
