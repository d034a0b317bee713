import { invoiceIssued } from '@fanfold/contracts/billing';
import type { EventOfType } from '@fanfold/contracts/catalog';
import { formatAmount } from '@fanfold/contracts/currency';
import { type Event, makeEvent, type Trace } from '@fanfold/contracts/event';
import type { Customer, Line, Totals } from '@fanfold/contracts/fields';
import { plainLinesOf, plainTotalsOf } from '@fanfold/contracts/plain';
import type { Seller, SellerVersion } from '@fanfold/contracts/seller';
import { apportion } from '@fanfold/contracts/share';
import { rateUnits, totalsOf } from '@fanfold/contracts/tax';
import type { TaxDocument } from '@fanfold/invoicing/document';
import { traceOf } from '@fanfold/runtime/trace';
import { filesInEvent, type IssuedFiles } from './files/issued.ts';
import { hasOrder, type InvoiceLine, linesOfAmounts, taxInvoiceOf, totalsOfAmounts } from './taxDocument.ts';

/** What a document keeps of the event that it was issued for. */
export type Cause = {
  /** The day (UTC) of the capture, the refund or its failure, which may be before the day of issue. */
  happenedOn: string;
  /** The trace for the event of this document, whenever that is made. */
  trace: Trace;
};

/**
 * An invoice: of a payment, or one that reverses a credit note. It never changes once it is issued; only credit notes correct
 * it. Amounts are minor units of `currency`.
 */
export type Invoice = Cause & {
  id: string;
  number: string;
  series: string;
  issueDate: string;
  paymentId: string;
  orderId: string;
  currency: string;
  customer: Customer;
  lines: InvoiceLine[];
  totals: Totals;
  createdAt: string;
  /** All that is on it, in the terms of EN 16931, frozen. Those of payments without an order have none. */
  taxDocument?: TaxDocument;
  /** Of the seller. */
  sellerVersion?: number;
  /** The credit note whose amounts it charges again; the invoice of a payment has none. */
  reverses?: Reverses;
  /** The XML that was written of it. */
  files?: IssuedFiles;
};

export type Reverses = { creditNoteId: string; creditNoteNumber: string; refundId: string };

/** What was paid: rounded, where the payment's total was. */
export const paidOf = ({ totals }: Pick<Invoice, 'totals'>): number => totals.gross + (totals.rounding ?? 0);

/** The number of a document, and its time of issue. */
export type Numbered = { number: string; series: string; issuedAt: string };

export type Captured = EventOfType<'payment.captured.v1'>;

/** A payment has one invoice, because its id is derived from the payment's. */
export const invoiceIdOf = (paymentId: string): string => `inv_${suffixOf(paymentId)}`;

export const causeOf = (event: Event): Cause => ({
  happenedOn: event.time.slice(0, 10),
  trace: traceOf(event),
});

export const suffixOf = (id: string): string => id.slice(id.indexOf('_') + 1);

/** Whether a capture can be invoiced: its lines add up to its amount, and no more than that was captured. */
export function addsUp(event: Captured): boolean {
  const { amount, amountCaptured } = event.data;
  if (amountCaptured < 1 || amountCaptured > amount) return false;
  return hasOrder(event) || totalsOf(plainLinesOf(event.data)).gross === amount;
}

/**
 * The invoice of a capture that {@link addsUp}.
 *
 * @param seller who issues it; without one, as those of payments without an order are
 * @param simplified whether it was issued as a simplified one; undefined when it is issued now
 */
export function invoiceFor(
  event: Captured,
  numbered: Numbered,
  seller: SellerVersion | undefined,
  simplified?: boolean,
): Invoice {
  if (!seller || !hasOrder(event)) return plainInvoiceFor(event, numbered);
  const { paymentId, orderId, currency, customer } = event.data;
  const { number, series, issuedAt } = numbered;
  const issueDate = issuedAt.slice(0, 10);
  const taxDocument = taxInvoiceOf(event, seller, { number, issueDate }, simplified);
  return {
    id: invoiceIdOf(paymentId),
    ...{ number, series, issueDate, paymentId, orderId, currency, customer },
    lines: linesOfAmounts(taxDocument.amounts, currency),
    totals: totalsOfAmounts(taxDocument.amounts),
    createdAt: issuedAt,
    taxDocument,
    sellerVersion: seller.version,
    ...causeOf(event),
  };
}

/** As invoices were before lines had categories. */
function plainInvoiceFor(event: Captured, { number, series, issuedAt }: Numbered): Invoice {
  const { data } = event;
  const { paymentId, orderId, currency, customer, amount, amountCaptured } = data;
  const totals = plainTotalsOf(data);
  return {
    id: invoiceIdOf(paymentId),
    number,
    series,
    issueDate: issuedAt.slice(0, 10),
    paymentId,
    orderId,
    currency,
    customer,
    lines: amountCaptured === amount ? linesWithTax(plainLinesOf(data), totals) : linesOfPart(data, totals),
    totals,
    createdAt: issuedAt,
    ...causeOf(event),
  };
}

/** @throws z.ZodError or RangeError when it does not fit into an event */
export function eventOfInvoice(merchantid: string, invoice: Invoice): Event {
  const { id, createdAt, trace, ...facts } = invoice;
  const { taxDocument, sellerVersion } = facts;
  const seller = taxDocument && { ...(taxDocument.seller as Seller), version: sellerVersion ?? 0 };
  const data = {
    ...{ ...facts, invoiceId: id },
    ...(seller && { seller }),
    ...(taxDocument?.isSimplified && { isSimplified: true }),
    ...filesInEvent('invoice', invoice),
  };
  return makeEvent(invoiceIssued, { subject: id, n: 1, time: createdAt, merchantid, trace, data });
}

/** Tax is rounded once per rate. The lines of a rate share that sum, so that they add up to it. */
function linesWithTax(lines: Line[], { taxByRate }: Totals) {
  const priced = lines.map((line) => ({ ...line, net: line.quantity * line.unitAmount, tax: 0 }));
  for (const { rate, tax } of taxByRate) {
    const ofRate = priced.filter(({ taxRate }) => rateUnits(taxRate) === rateUnits(rate));
    for (const [i, part] of apportion(
      tax,
      ofRate.map(({ net }) => net),
    ).entries()) {
      (ofRate[i] as { tax: number }).tax = part;
    }
  }
  return priced.map((line) => ({ ...line, gross: line.net + line.tax }));
}

/** A partial capture does not tell which goods it is for, so it has a line for each rate. */
const linesOfPart = (
  { orderId, amount, amountCaptured, currency }: Captured['data'],
  { taxByRate }: Totals,
) =>
  taxByRate.map(({ rate, net, tax }) => ({
    description: `Order ${orderId}: ${formatAmount(amountCaptured, currency)} of ${formatAmount(amount, currency)}`,
    quantity: 1,
    unitAmount: net,
    taxRate: rate,
    net,
    tax,
    gross: net + tax,
  }));
