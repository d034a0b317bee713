import { majorAmount } from '@fanfold/contracts/currency';
import type { Totals } from '@fanfold/contracts/fields';
import { rateUnits } from '@fanfold/contracts/tax';
import type { Buyer, DocumentLine, Seller, TaxDocument, VatKey } from '@fanfold/invoicing/document';
import type { CreditNote } from '../creditNote.ts';
import type { Invoice } from '../invoice.ts';

/**
 * A document from before documents had a seller and categories of VAT, in the terms of those that have: what was issued,
 * and nothing that was not. Its seller is the merchant's id, and its lines are in the category that their rate tells.
 *
 * @param corrected the invoice that a credit note corrects, or the credit note that an invoice reverses
 */
export function copyOf(
  merchantId: string,
  document: Invoice | CreditNote,
  corrected: { number: string; issueDate: string } | null,
): TaxDocument {
  const { number, issueDate, currency, customer, orderId, totals } = document;
  const isCredit = 'refundId' in document;
  return {
    kind: isCredit ? 'credit-note' : 'invoice',
    number,
    issueDate,
    currency,
    seller: { ...noSeller, legalName: merchantId },
    buyer: buyerOf(customer),
    buyerReference: null,
    orderReference: orderId,
    delivery: null,
    correctedInvoice: corrected && { number: corrected.number, issueDate: corrected.issueDate },
    card: null,
    notes: isCredit && document.reason !== null ? [document.reason] : [],
    accountingTax: null,
    amounts: {
      lines: isCredit ? linesOfCredit(document) : linesOf(document),
      adjustments: [],
      vat: totals.taxByRate.map(({ rate, net, tax }) => ({ ...vatKeyOf(rate), net, tax, exemption: null })),
      linesMinor: totals.net,
      allowancesMinor: 0,
      chargesMinor: 0,
      netMinor: totals.net,
      taxMinor: totals.tax,
      grossMinor: totals.gross,
      paidMinor: totals.gross,
      roundingMinor: 0,
    },
  };
}

const nowhere = { line1: null, line2: null, city: null, postalCode: null, state: null };

const noSeller: Omit<Seller, 'legalName'> = {
  tradeName: null,
  address: { ...nowhere, country: '' },
  vatId: null,
  registration: null,
  contact: null,
  electronicAddress: null,
  legalNote: null,
};

const buyerOf = ({ name, email, address, taxId }: Invoice['customer']): Buyer => ({
  name,
  address,
  vatId: taxId,
  email,
  electronicAddress: null,
});

const vatKeyOf = (rate: string): VatKey => ({
  category: rateUnits(rate) === 0n ? 'Z' : 'S',
  taxRate: rate,
});

const lineOf = (
  description: string,
  quantity: number | string,
  unitAmount: number | string,
  netMinor: number,
  rate: string,
  currency: string,
): DocumentLine => ({
  ...vatKeyOf(rate),
  description,
  itemId: null,
  quantity: String(quantity),
  unitCode: 'C62',
  unitPrice: typeof unitAmount === 'string' ? unitAmount : majorAmount(unitAmount, currency),
  adjustments: [],
  netMinor,
});

const linesOf = ({ lines, currency }: Invoice): DocumentLine[] =>
  lines.map(({ description, quantity, unitAmount, net, taxRate }) =>
    lineOf(description, quantity, unitAmount, net, taxRate, currency),
  );

/** Such a credit note has no lines, but sums by rate. */
const linesOfCredit = ({ totals, invoiceNumber, currency }: CreditNote): DocumentLine[] =>
  (totals satisfies Totals).taxByRate.map(({ rate, net }) =>
    lineOf(invoiceNumber, 1, net, net, rate, currency),
  );
