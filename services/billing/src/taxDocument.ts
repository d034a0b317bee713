import type { EventOfType } from '@fanfold/contracts/catalog';
import { minorAmount } from '@fanfold/contracts/currency';
import type { Line, Totals } from '@fanfold/contracts/fields';
import type { OrderAdjustment } from '@fanfold/contracts/order';
import { roundedRatio } from '@fanfold/contracts/rounding';
import type { SellerVersion } from '@fanfold/contracts/seller';
import { apportion, type NetAndTax } from '@fanfold/contracts/share';
import { categoryOfRate } from '@fanfold/contracts/tax';
import type { VatCategory } from '@fanfold/contracts/vatCategory';
import { amountsOf } from '@fanfold/invoicing/amounts';
import {
  amountsOfPart,
  creditOfTaken,
  groupsOfTaken,
  inGroups,
  type Taken,
  takenOfStretch,
  vatOfTaken,
} from '@fanfold/invoicing/credit';
import type { Adjustment, Amounts, DocumentLine, TaxDocument, VatGroup } from '@fanfold/invoicing/document';
import { type Finding, findingsOf } from '@fanfold/invoicing/findings';
import { creditNoteOf, invoiceOf } from '@fanfold/invoicing/issue';
import { invoiceableOf, type Ordered } from '@fanfold/invoicing/ordered';
import { isSimplified } from '@fanfold/invoicing/simplified';

/** What documents are, from the orders of payments. Payments from before lines had categories have no order. */

type Captured = EventOfType<'payment.captured.v1'>;

/** A line of a document as the API shows it. */
export type InvoiceLine = Omit<Line, 'quantity' | 'unitAmount'> & {
  /** A text when it is no whole number. */
  quantity: number | string;
  /** Net, in minor units; a text in the major unit when it is no whole number of them. */
  unitAmount: number | string;
  net: number;
  tax: number;
  gross: number;
  /** Lines of payments without an order have none of these. */
  itemId?: string;
  unit?: string;
  taxCategory?: VatCategory;
  discount?: OrderAdjustment;
  charge?: OrderAdjustment;
};

type Issued = { number: string; issueDate: string };

/** A capture that has an order. */
export type Ordering = Captured & { data: Ordered };

export const hasOrder = (event: Captured): event is Ordering => event.data.order !== undefined;

/** What keeps a seller from issuing the invoice of an order: nothing, for what payments has accepted for it. */
export const findingsOfOrder = ({ data }: Ordering, { seller }: SellerVersion): Finding[] =>
  findingsOf({ ...invoiceableOf(data), seller });

/**
 * The invoice of a capture without findings, for the part that was captured.
 *
 * @param simplified whether it was issued as a simplified one; undefined when it is issued now
 */
export function taxInvoiceOf(
  { data }: Ordering,
  { seller }: SellerVersion,
  issued: Issued,
  simplified: boolean | undefined,
): TaxDocument {
  const { orderId, currency, amountCaptured } = data;
  const given = { ...invoiceableOf(data), seller };
  const amounts = amountsOfPart(amountsOf(given.order), currency, amountCaptured, orderId);
  const paid = { card: null, notes: [], isSimplified: simplified ?? isSimplified(given) };
  return invoiceOf(given, issued, paid, amounts);
}

type Refunded = EventOfType<'payment.refunded.v1'>;

/** What decides what a refund takes back. */
export type OfInvoice = {
  amountRefunded: number;
  refund: Pick<Refunded['data']['refund'], 'amount' | 'credit' | 'afterFailures'>;
};

/** From where to where a refund goes in each category and rate of its invoice, with tax. */
export type GroupStretches = [from: number, to: number][];

/**
 * What a refund takes back of an invoice: what it says of its lines, or of all in proportion.
 *
 * @throws RangeError when the invoice does not have it
 */
export function groupStretchesOf(amounts: Amounts, data: OfInvoice): GroupStretches {
  const { taken, before } = takenOf(amounts, data);
  const stretches = groupsOfTaken(amounts, taken, before);
  const isWithin = stretches.every(([, to], i) => {
    const { net, tax } = amounts.vat[i] as VatGroup;
    return to <= net + tax;
  });
  if (!isWithin || before.length > amounts.vat.length)
    throw new RangeError('it is more than was invoiced of a category and rate');
  refuseMisfit(amounts, taken, data);
  return stretches;
}

/** What is not of a line is what the invoice was rounded by. */
function refuseMisfit({ roundingMinor }: Amounts, taken: Taken[], { refund }: OfInvoice): void {
  const creditedMinor = taken.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
  if (Math.abs(refund.amount - creditedMinor) > Math.abs(roundingMinor))
    throw new RangeError('its lines do not add up to its amount');
}

/**
 * The net and tax that a refund takes back, by category and rate.
 *
 * @throws RangeError when the invoice does not have it
 */
export function vatTakenOfAmounts(amounts: Amounts, data: OfInvoice): NetAndTax[] {
  const { taken, before } = takenOf(amounts, data);
  const { afterFailures } = data.refund;
  if (!afterFailures) return vatOfTaken(amounts, taken, before);
  const { vat } = afterFailures;
  const grossMinor = groupsOfTaken(amounts, taken, []).map(([, to]) => to);
  const isOfLines = grossMinor.every((gross, i) => gross === (vat[i]?.net ?? 0) + (vat[i]?.tax ?? 0));
  if (!isOfLines || vat.length !== grossMinor.length)
    throw new RangeError('what it takes back of each category and rate is not that of its lines');
  refuseMisfit(amounts, taken, data);
  return vat;
}

/** The credit note of a refund that the invoice has. */
export function taxCreditNoteOf(invoice: TaxDocument, { data }: Refunded, issued: Issued): TaxDocument {
  const { amounts, currency } = invoice;
  const { amount, reason } = data.refund;
  const { taken } = takenOf(amounts, data);
  const credited = creditOfTaken(amounts, currency, taken, vatTakenOfAmounts(amounts, data), amount);
  return creditNoteOf(invoice, issued, credited, reason === null ? [] : [reason]);
}

/** The amounts that credit notes take back: those of an invoice, or of one from before lines had categories its rates. */
export const amountsOfInvoice = ({
  taxDocument,
  totals,
  currency,
  number,
}: {
  taxDocument?: TaxDocument;
  totals: Totals;
  currency: string;
  number: string;
}): Amounts =>
  taxDocument?.amounts ??
  inGroups(
    {
      vat: totals.taxByRate.map(({ rate, net, tax }) => ({
        ...{ category: categoryOfRate(rate), taxRate: rate, net, tax },
        exemption: null,
      })),
      roundingMinor: 0,
    },
    currency,
    number,
  );

function takenOf(
  invoice: Amounts,
  { refund, amountRefunded }: OfInvoice,
): { taken: Taken[]; before: number[] } {
  const { credit, amount, afterFailures } = refund;
  if (!credit && afterFailures) throw new RangeError('it does not say which lines it is of');
  if (!credit) return takenOfStretch(invoice, amountRefunded - amount, amountRefunded);
  const lines = new Set(credit.lines.map(({ line }) => line));
  if (lines.size < credit.lines.length || Math.max(0, ...lines) > invoice.lines.length)
    throw new RangeError('the invoice has no such lines');
  if (credit.lines.some(({ quantity }) => quantity !== null && Number(quantity) === 0))
    throw new RangeError('it returns none of a line');
  return {
    taken: credit.lines.map(({ line, amount, quantity }) => ({
      item: line - 1,
      amountMinor: amount,
      quantity,
    })),
    before: credit.creditedBefore,
  };
}

/** The sums of a document, by category and rate. */
export const totalsOfAmounts = ({ vat, netMinor, taxMinor, grossMinor, roundingMinor }: Amounts): Totals => ({
  net: netMinor,
  tax: taxMinor,
  gross: grossMinor,
  taxByRate: vat.map(({ taxRate, net, tax, category, exemption }) => ({
    ...{ rate: taxRate, net, tax, category },
    ...(exemption?.code != null && { exemptionCode: exemption.code }),
    ...(exemption?.text != null && { exemptionReason: exemption.text }),
  })),
  ...(roundingMinor !== 0 && { rounding: roundingMinor }),
});

/** The lines of a document, each with its part of the VAT of its category and rate. */
export function linesOfAmounts({ lines, vat }: Amounts, currency: string): InvoiceLine[] {
  const taxes = new Map<DocumentLine, number>();
  for (const group of vat) {
    const ofGroup = lines.filter(
      ({ category, taxRate }) => category === group.category && taxRate === group.taxRate,
    );
    for (const [i, tax] of sharesOf(group, ofGroup).entries()) taxes.set(ofGroup[i] as DocumentLine, tax);
  }
  return lines.map((line) => lineOf(line, taxes.get(line) ?? 0, currency));
}

/** VAT is rounded once for a category and rate. Its lines share it, so that they add up to it. */
function sharesOf({ net, tax }: VatGroup, lines: DocumentLine[]): number[] {
  const nets = lines.map(({ netMinor }) => netMinor);
  if (nets.every((amount) => amount >= 0) && net > 0) return apportion(tax, nets);
  // Some take off. Each has the difference between the tax of all up to it and of all before it.
  const taxUpTo = (amount: number) =>
    net === 0 ? 0 : Number(roundedRatio(BigInt(amount) * BigInt(tax), BigInt(net)));
  let sum = 0;
  const shares = nets.map((amount) => {
    const before = taxUpTo(sum);
    sum += amount;
    return taxUpTo(sum) - before;
  });
  // A tax without a net amount is that of a price so small that all of it is tax.
  return net === 0 ? shares.with(0, tax) : shares;
}

function lineOf(line: DocumentLine, tax: number, currency: string): InvoiceLine {
  const { description, itemId, quantity, unitCode, unitPrice, category, taxRate, adjustments } = line;
  const discount = adjustmentOf('allowance', adjustments);
  const charge = adjustmentOf('charge', adjustments);
  return {
    description,
    ...(itemId !== null && { itemId }),
    quantity: quantity.includes('.') ? quantity : Number(quantity),
    unit: unitCode,
    unitAmount: minorAmount(unitPrice, currency) ?? unitPrice,
    ...(discount && { discount }),
    ...(charge && { charge }),
    net: line.netMinor,
    taxRate,
    taxCategory: category,
    tax,
    gross: line.netMinor + tax,
  };
}

const adjustmentOf = (wanted: Adjustment['kind'], adjustments: Adjustment[]) => {
  const found = adjustments.find(({ kind }) => kind === wanted);
  return found && adjusted(found);
};

const adjusted = ({ amountMinor, reason, percent }: Adjustment): OrderAdjustment => ({
  ...{ amount: amountMinor, reason },
  ...(percent !== undefined && { percent }),
});

/** What the whole of a document is reduced or raised by, net, for each category and rate. */
export const adjustmentsOfAmounts = ({ adjustments }: Amounts, wanted: Adjustment['kind']) =>
  adjustments
    .filter(({ kind }) => kind === wanted)
    .map((adjustment) => ({
      ...adjusted(adjustment),
      taxRate: adjustment.taxRate,
      taxCategory: adjustment.category,
    }));
