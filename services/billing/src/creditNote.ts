import { creditNoteIssued } from '@fanfold/contracts/billing';
import type { EventOfType } from '@fanfold/contracts/catalog';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import type { Customer, Totals } from '@fanfold/contracts/fields';
import { type NetAndTax, stretchOf } from '@fanfold/contracts/share';
import { addUp } from '@fanfold/contracts/tax';
import type { Amounts, TaxDocument } from '@fanfold/invoicing/document';
import { filesInEvent, type IssuedFiles } from './files/issued.ts';
import { type Cause, causeOf, type Invoice, type Numbered, suffixOf } from './invoice.ts';
import {
  amountsOfInvoice,
  type InvoiceLine,
  linesOfAmounts,
  type OfInvoice,
  taxCreditNoteOf,
  totalsOfAmounts,
  vatTakenOfAmounts,
} from './taxDocument.ts';

/**
 * Corrects an invoice by what was refunded. Amounts are minor units of `currency`. It never changes once it is issued, but for
 * what it says of its reversal.
 */
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
  /** The invoice that charges it again, because its refund has failed. */
  reversedBy?: { invoiceId: string; invoiceNumber: string };
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
  const { refund } = event.data;
  const { id: invoiceId, number: invoiceNumber, paymentId, orderId, currency, customer } = invoice;
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
    totals: taxDocument ? totalsOfAmounts(taxDocument.amounts) : totalsTaken(invoice, event.data),
    createdAt: issuedAt,
    ...(taxDocument && { lines: linesOfAmounts(taxDocument.amounts, currency), taxDocument }),
    ...causeOf(event),
  };
}

/** What decides what a refund takes back of its invoice. */
export type Taking = OfInvoice;

/**
 * The net and tax that a refund takes back of an invoice, by category and rate.
 *
 * @throws RangeError when the invoice does not have it
 */
export function vatTakenOf(invoice: Invoice, data: Taking): NetAndTax[] {
  const { taxDocument, totals } = invoice;
  if (taxDocument) return vatTakenOfAmounts(taxDocument.amounts, data);
  const { refund, amountRefunded } = data;
  const { afterFailures, amount, credit } = refund;
  if (credit && !afterFailures) return byRates(invoice, (amounts) => vatTakenOfAmounts(amounts, data));
  if (!afterFailures) return stretchOf(totals.taxByRate, amountRefunded - amount, amountRefunded);
  const { vat } = afterFailures;
  const sum = vat.reduce((all, { net, tax }) => all + net + tax, 0);
  if (vat.length !== totals.taxByRate.length || sum !== amount)
    throw new RangeError('what it takes back of each rate does not add up to its amount');
  return vat;
}

/** What is taken back of the rates of an invoice from before lines had categories, in the order of its totals. */
export function byRates(invoice: Invoice, taken: (amounts: Amounts) => NetAndTax[]): NetAndTax[] {
  const amounts = amountsOfInvoice(invoice);
  const ofGroups = taken(amounts);
  return invoice.totals.taxByRate.map(
    ({ rate }) => ofGroups[amounts.vat.findIndex(({ taxRate }) => taxRate === rate)] ?? { net: 0, tax: 0 },
  );
}

/** As credit notes were before lines had categories. */
const totalsTaken = (invoice: Invoice, data: Taking): Totals => {
  const taken = vatTakenOf(invoice, data);
  const groups = invoice.totals.taxByRate.map((group, i) => ({
    ...group,
    net: taken[i]?.net ?? 0,
    tax: taken[i]?.tax ?? 0,
  }));
  return addUp(groups.filter(({ net, tax }) => net + tax > 0));
};

/** @throws z.ZodError or RangeError when it does not fit into an event */
export function eventOfCreditNote(merchantid: string, creditNote: CreditNote): Event {
  const { id, createdAt, trace, reversedBy: _, ...facts } = creditNote;
  const data = { ...facts, creditNoteId: id, ...filesInEvent('credit-note', creditNote) };
  return makeEvent(creditNoteIssued, { subject: id, n: 1, time: createdAt, merchantid, trace, data });
}
