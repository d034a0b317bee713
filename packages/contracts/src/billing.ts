import * as z from 'zod';
import { defineEvent, maxLength } from './event.ts';
import { amountMinor, currency, day, documentNumber, maxTextLength, totals } from './fields.ts';
import { dayTotals } from './payments.ts';

const source = '/billing';

const id = z.string().max(maxLength.subject);

export const invoiceIssued = defineEvent({
  type: 'invoice.issued.v1',
  source,
  description: 'A captured payment has its invoice, with its final number. An invoice never changes.',
  data: () =>
    z.object({
      invoiceId: id,
      number: documentNumber,
      issueDate: day,
      paymentId: id,
      orderId: z.string().max(maxTextLength.orderId),
      currency,
      totals,
    }),
});

export const creditNoteIssued = defineEvent({
  type: 'credit-note.issued.v1',
  source,
  description: 'A refund has its credit note, which corrects the invoice of the payment.',
  data: () =>
    z.object({
      creditNoteId: id,
      number: documentNumber,
      issueDate: day,
      invoiceId: id,
      invoiceNumber: documentNumber,
      paymentId: id,
      refundId: id,
      currency,
      amount: amountMinor.min(1),
      totals,
    }),
});

const daySum = z.object({
  captures: z.int().min(0),
  refunds: z.int().min(0),
  /** Only currencies with captures or refunds. */
  totals: dayTotals,
});

export const billingReconciliationFailed = defineEvent({
  type: 'billing.reconciliation-failed.v1',
  source,
  description:
    "The invoices and credit notes of a merchant's day differ from what payments captured and refunded on it.",
  data: () =>
    z.object({
      date: day,
      /** What payments counted and added up. */
      expected: daySum,
      /** What the documents add up to. */
      found: daySum,
    }),
});
