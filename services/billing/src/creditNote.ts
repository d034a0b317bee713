import { creditNoteIssued } from '@fanfold/contracts/billing';
import type { EventOfType } from '@fanfold/contracts/catalog';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import type { Customer, Totals } from '@fanfold/contracts/fields';
import { shareOf } from '@fanfold/contracts/share';
import type { TaxDocument } from '@fanfold/invoicing/document';
import { filesInEvent, type IssuedFiles } from './files/issued.ts';
import { type Cause, causeOf, type Invoice, type Numbered, suffixOf } from './invoice.ts';
import { type InvoiceLine, linesOfAmounts, taxCreditNoteOf, totalsOfAmounts } from './taxDocument.ts';

/** Corrects an invoice by what was refunded. Amounts are minor units of `currency`. */
export type CreditNote = Cause & {
  id: string;
  number: string;
  series: string;
  issueDate: string;
  invoiceId: string;
  invoiceNumber: string;
  paymentId: string;
  refundId: string;
  orderId: string;
  currency: string;
  customer: Customer;
  reason: string | null;
  amount: number;
  totals: Totals;
  createdAt: string;
  /** Those of invoices of payments without an order have none of these. */
  lines?: InvoiceLine[];
  taxDocument?: TaxDocument;
  /** The XML that was written of it. */
  files?: IssuedFiles;
};

export type Refunded = EventOfType<'payment.refunded.v1'>;

/** A refund has one credit note, because its id is derived from the refund's. */
export const creditNoteIdOf = (refundId: string): string => `cn_${suffixOf(refundId)}`;

/**
 * The credit note of a refund. The part of the invoice that it takes back depends on the total refunded before it,
 * not on the order in which refunds arrive.
 *
 * @throws RangeError when more was refunded than invoiced
 */
export function creditNoteFor(
  invoice: Invoice,
  event: Refunded,
  { number, series, issuedAt }: Numbered,
): CreditNote {
  const { refund, amountRefunded } = event.data;
  const { id: invoiceId, number: invoiceNumber, paymentId, orderId, currency, customer } = invoice;
  const stretch: [from: number, to: number] = [amountRefunded - refund.amount, amountRefunded];
  const issueDate = issuedAt.slice(0, 10);
  const taxDocument =
    invoice.taxDocument && taxCreditNoteOf(invoice.taxDocument, event, { number, issueDate });
  return {
    id: creditNoteIdOf(refund.id),
    number,
    series,
    issueDate,
    invoiceId,
    invoiceNumber,
    paymentId,
    refundId: refund.id,
    orderId,
    currency,
    customer,
    reason: refund.reason,
    amount: refund.amount,
    totals: taxDocument ? totalsOfAmounts(taxDocument.amounts) : shareOf(invoice.totals, ...stretch),
    createdAt: issuedAt,
    ...(taxDocument && { lines: linesOfAmounts(taxDocument.amounts, currency), taxDocument }),
    ...causeOf(event),
  };
}

/** @throws z.ZodError or RangeError when it does not fit into an event */
export function eventOfCreditNote(merchantid: string, creditNote: CreditNote): Event {
  const { id, createdAt, trace, ...facts } = creditNote;
  const data = { ...facts, creditNoteId: id, ...filesInEvent('credit-note', creditNote) };
  return makeEvent(creditNoteIssued, { subject: id, n: 1, time: createdAt, merchantid, trace, data });
}
