import { electronic, issuedFile } from '@fanfold/contracts/billing';
import {
  amountMinor,
  currency,
  customer,
  day,
  maxAmountMinor,
  taxRate,
  totals,
} from '@fanfold/contracts/fields';
import { maxQuantity } from '@fanfold/contracts/order';
import { maxRefundsEverPerPayment } from '@fanfold/contracts/payments';
import { seller as sellerFields } from '@fanfold/contracts/seller';
import { vatCategories } from '@fanfold/contracts/vatCategory';
import { listAnswer, objectId, time } from '@fanfold/runtime/answers';
import * as z from 'zod';
import { documentNumber } from './series.ts';

// The schemas of what the API answers. Functions use only their types.

export const invoiceId = objectId('inv');
export const creditNoteId = objectId('cn');
const number = z.string().regex(documentNumber);
const series = z.string().regex(/^(?:[A-Z][A-Z0-9]{0,15}-)?(INV|CN)-\d{4}$/);

const adjusted = z.object({ amount: amountMinor, reason: z.string(), percent: z.string().optional() });
const adjustment = adjusted.optional();
const onWhole = z
  .array(adjusted.extend({ taxRate, taxCategory: z.enum(vatCategories) }))
  .min(1)
  .optional();

/** A line that takes something off has a negative one. */
const signedMinor = z.int().min(-maxAmountMinor).max(maxAmountMinor);

/** Missing is what the lines of older invoices do not say. */
export const invoiceLine = z.object({
  description: z.string(),
  itemId: z.string().optional(),
  quantity: z.union([z.int().min(-maxQuantity).max(maxQuantity), z.string().regex(/^-?\d{1,12}\.\d{1,6}$/)]),
  unit: z.string().optional(),
  unitAmount: z.union([amountMinor, z.string().regex(/^\d{1,15}(\.\d{1,30})?$/)]),
  discount: adjustment,
  charge: adjustment,
  net: signedMinor,
  taxRate,
  taxCategory: z.enum(vatCategories).optional(),
  tax: signedMinor,
  gross: signedMinor,
});

/** What is missing was not there when the document was issued. */
const files = {
  electronic: electronic.optional(),
  documents: z.array(issuedFile).optional(),
};

/** Missing unless the refund has failed after it had succeeded. */
const reversedBy = z.object({ invoiceId, invoiceNumber: number }).optional();

const creditNoteOfInvoice = z.object({
  id: creditNoteId,
  number,
  refundId: z.string().max(128),
  amount: amountMinor.min(1),
  reversedBy,
});

export const invoice = z.object({
  object: z.literal('invoice'),
  id: invoiceId,
  number,
  series,
  issueDate: day,
  status: z.enum(['paid', 'partially_credited', 'credited']),
  paymentId: z.string().max(128),
  orderId: z.string(),
  currency,
  /** Missing in the invoice of a payment. */
  reverses: z.object({ creditNoteId, creditNoteNumber: number, refundId: z.string().max(128) }).optional(),
  /** As it was at issue. Older invoices have none. */
  seller: sellerFields.extend({ version: z.int().min(0) }).optional(),
  /** Those without a seller have none. */
  isSimplified: z.boolean().optional(),
  customer,
  lines: z.array(invoiceLine),
  discounts: onWhole,
  charges: onWhole,
  totals,
  ...files,
  creditNotes: z.array(creditNoteOfInvoice).max(maxRefundsEverPerPayment),
  createdAt: time,
});

export const creditNote = z.object({
  object: z.literal('credit_note'),
  id: creditNoteId,
  number,
  series,
  issueDate: day,
  invoiceId,
  invoiceNumber: number,
  paymentId: z.string().max(128),
  refundId: z.string().max(128),
  orderId: z.string(),
  currency,
  customer,
  amount: amountMinor.min(1),
  reason: z.string().nullable(),
  lines: z.array(invoiceLine).optional(),
  totals,
  ...files,
  reversedBy,
  createdAt: time,
});

export const seller = z.object({
  object: z.literal('seller'),
  /** 0 is the default of the stage. */
  version: z.int().min(0),
  ...sellerFields.shape,
  updatedAt: time.nullable(),
});

export const invoiceList = listAnswer(invoice);
export const creditNoteList = listAnswer(creditNote);
