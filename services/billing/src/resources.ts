import { electronic as electronicSchema, issuedFile } from '@fanfold/contracts/billing';
import { customer, totals } from '@fanfold/contracts/fields';
import { inOrder } from '@fanfold/contracts/inOrder';
import type { OrderAdjustment } from '@fanfold/contracts/order';
import { type Seller, seller } from '@fanfold/contracts/seller';
import type { Amounts } from '@fanfold/invoicing/document';
import type * as z from 'zod';
import type * as answers from './answers.ts';
import { creditedOf } from './books.ts';
import type { CreditNote } from './creditNote.ts';
import { filesInEvent, type Kind } from './files/issued.ts';
import { type Invoice, paidOf } from './invoice.ts';
import type { ShownInvoice } from './store/documents.ts';
import { adjustmentsOfAmounts, type InvoiceLine } from './taxDocument.ts';

/** An invoice as the API shows it: unchanged since it was issued, and with its credit notes. */
export function invoiceResource({
  invoice: issued,
  creditNotes,
}: ShownInvoice): z.output<typeof answers.invoice> {
  const { taxDocument, sellerVersion, reverses } = issued;
  const credited = creditedOf(creditNotes);
  const status = credited === 0 ? 'paid' : credited < paidOf(issued) ? 'partially_credited' : 'credited';
  return {
    object: 'invoice',
    id: issued.id,
    number: issued.number,
    series: issued.series,
    issueDate: issued.issueDate,
    status,
    paymentId: issued.paymentId,
    orderId: issued.orderId,
    currency: issued.currency,
    ...(reverses && {
      reverses: {
        creditNoteId: reverses.creditNoteId,
        creditNoteNumber: reverses.creditNoteNumber,
        refundId: reverses.refundId,
      },
    }),
    ...(taxDocument && {
      seller: sellerResource(taxDocument.seller as Seller, sellerVersion ?? 0),
      isSimplified: taxDocument.isSimplified ?? false,
    }),
    customer: inOrder(customer, issued.customer),
    lines: issued.lines.map(lineResource),
    ...(taxDocument && adjustmentsInResource(taxDocument.amounts)),
    totals: inOrder(totals, issued.totals),
    ...filesInResource('invoice', issued),
    creditNotes: creditNotes.map(({ id, number, refundId, amount, reversal }) => ({
      ...{ id, number, refundId, amount },
      ...(reversal && { reversedBy: { invoiceId: reversal.id, invoiceNumber: reversal.number } }),
    })),
    createdAt: issued.createdAt,
  };
}

/** Which XML files there are, and whether there are any: of documents that were issued with them. */
function filesInResource(kind: Kind, document: Invoice | CreditNote) {
  const { electronic, documents } = filesInEvent(kind, document);
  return electronic && documents
    ? {
        electronic: inOrder(electronicSchema, electronic),
        documents: documents.map((file) => inOrder(issuedFile, file)),
      }
    : {};
}

const sellerResource = (given: Seller, version: number) => ({ ...inOrder(seller, given), version });

const lineResource = (line: InvoiceLine): z.output<typeof answers.invoiceLine> => {
  const { description, itemId, quantity, unit, unitAmount, discount, charge } = line;
  const { net, taxRate, taxCategory, tax, gross } = line;
  return {
    description,
    ...(itemId !== undefined && { itemId }),
    quantity,
    ...(unit !== undefined && { unit }),
    unitAmount,
    ...(discount && { discount: adjustmentResource(discount) }),
    ...(charge && { charge: adjustmentResource(charge) }),
    net,
    taxRate,
    ...(taxCategory !== undefined && { taxCategory }),
    tax,
    gross,
  };
};

const adjustmentResource = ({ amount, reason, percent }: OrderAdjustment) => ({
  ...{ amount, reason },
  ...(percent !== undefined && { percent }),
});

/** What the whole is reduced and raised by, where it is. */
function adjustmentsInResource(amounts: Amounts) {
  const [discounts, charges] = (['allowance', 'charge'] as const).map((kind) =>
    adjustmentsOfAmounts(amounts, kind),
  );
  return { ...(discounts?.length && { discounts }), ...(charges?.length && { charges }) };
}

/** A credit note as the API shows it. */
export const creditNoteResource = (creditNote: CreditNote): z.output<typeof answers.creditNote> => ({
  object: 'credit_note',
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
  customer: inOrder(customer, creditNote.customer),
  amount: creditNote.amount,
  reason: creditNote.reason,
  ...(creditNote.lines && { lines: creditNote.lines.map(lineResource) }),
  totals: inOrder(totals, creditNote.totals),
  ...filesInResource('credit-note', creditNote),
  ...(creditNote.reversedBy && {
    reversedBy: {
      invoiceId: creditNote.reversedBy.invoiceId,
      invoiceNumber: creditNote.reversedBy.invoiceNumber,
    },
  }),
  createdAt: creditNote.createdAt,
});
