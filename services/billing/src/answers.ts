import { amountMinor, currency, customer, day, line, totals } from '@fanfold/contracts/fields';
import { maxRefundsPerPayment } from '@fanfold/contracts/payments';
import { seller as sellerFields } from '@fanfold/contracts/seller';
import { listAnswer, objectId, time } from '@fanfold/runtime/answers';
import * as z from 'zod';
import { documentNumber } from './series.ts';

// The schemas of what the API answers. Functions use only their types.

export const invoiceId = objectId('inv');
export const creditNoteId = objectId('cn');
const number = z.string().regex(documentNumber);
const series = z.string().regex(/^(INV|CN)-\d{4}$/);

const invoiceLine = line.safeExtend({ net: amountMinor, tax: amountMinor, gross: amountMinor });

const creditNoteOfInvoice = z.object({
  id: creditNoteId,
  number,
  refundId: z.string().max(128),
  amount: amountMinor.min(1),
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
  customer,
  lines: z.array(invoiceLine),
  totals,
  creditNotes: z.array(creditNoteOfInvoice).max(maxRefundsPerPayment),
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
  totals,
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
