import * as z from 'zod';
import { defineEvent } from './event.ts';
import { amountMinor, currency, day, totals } from './fields.ts';
import { dayTotals } from './payments.ts';

const source = '/billing';

export const invoiceIssued = defineEvent({
  type: 'invoice.issued.v1',
  source,
  said: 'A captured payment has its invoice, with its final number. An invoice never changes.',
  data: () =>
    z.object({
      invoiceId: z.string(),
      number: z.string(),
      issueDate: day,
      paymentId: z.string(),
      orderId: z.string(),
      currency,
      totals,
    }),
});

export const creditNoteIssued = defineEvent({
  type: 'credit-note.issued.v1',
  source,
  said: 'A refund has its credit note, which corrects the invoice of the payment.',
  data: () =>
    z.object({
      creditNoteId: z.string(),
      number: z.string(),
      issueDate: day,
      invoiceId: z.string(),
      invoiceNumber: z.string(),
      paymentId: z.string(),
      refundId: z.string(),
      currency,
      amount: amountMinor.min(1),
      totals,
    }),
});

const daySum = z.object({
  captures: z.int().min(0),
  refunds: z.int().min(0),
  /** Of currencies in which something was captured or refunded. */
  totals: dayTotals,
});

export const billingReconciliationFailed = defineEvent({
  type: 'billing.reconciliation-failed.v1',
  source,
  said: "The invoices and credit notes of a merchant's day differ from what payments captured and refunded on it.",
  data: () =>
    z.object({
      date: day,
      /** What payments counted and added up. */
      expected: daySum,
      /** What the documents add up to. */
      found: daySum,
    }),
});
