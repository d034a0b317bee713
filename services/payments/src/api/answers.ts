import { maxLength } from '@fanfold/contracts/event';
import { amountMinor, currency, customer, documentNumber, maxTextLength } from '@fanfold/contracts/fields';
import { maxOrderLines, maxQuantity, order, orderLine } from '@fanfold/contracts/order';
import { listAnswer, objectId, problem, time } from '@fanfold/runtime/answers';
import * as z from 'zod';

// The schemas of what the API answers. Functions use only their types.

export const paymentId = objectId('pay');
const status = z.enum(['processing', 'authorized', 'captured', 'canceled', 'failed']);
const declineCode = z.string().max(64);

const failure = z.object({
  code: z.string().max(64),
  message: z.string().max(1000),
  declineCode: declineCode.nullable(),
});

/** Decimal numbers are texts. */
const decimal = (maxDecimals: number) =>
  z.string().regex(new RegExp(`^-?\\d{1,12}\\.\\d{1,${maxDecimals}}$`));

const vat = { taxCategory: true, exemptionCode: true, exemptionReason: true } as const;

export const refund = z.object({
  object: z.literal('refund'),
  id: objectId('re'),
  paymentId,
  amount: amountMinor.min(1),
  currency,
  reason: z.string().nullable(),
  /** Missing when it is of all lines in proportion. */
  lines: z
    .array(
      z.object({
        line: z.int().min(1).max(maxOrderLines),
        amount: amountMinor.min(1),
        quantity: z.union([z.int().min(1).max(maxQuantity), decimal(4)]).nullable(),
      }),
    )
    .max(maxOrderLines)
    .optional(),
  status: z.enum(['pending', 'succeeded', 'failed']),
  /** Why it failed; missing when it did not. */
  failure: failure.optional(),
  creditNoteNumber: documentNumber.nullable(),
  /** Of the invoice that charges again what the credit note gave back; missing unless the refund failed after it had succeeded. */
  reversalInvoiceNumber: documentNumber.nullable().optional(),
  createdAt: time,
});

export const dispute = z.object({
  object: z.literal('dispute'),
  id: z.string().max(maxLength.subject),
  paymentId,
  /** In the minor unit of its own currency. */
  amount: amountMinor,
  currency,
  reason: z.string().max(maxTextLength.reason),
  status: z.enum(['open', 'won', 'lost']),
  openedAt: time,
  evidenceDueBy: time.nullable(),
});

/** A plain line has only the first four: what it does not say is common. */
export const paymentLine = z.object({
  description: z.string(),
  quantity: z.union([z.int().min(-maxQuantity).max(maxQuantity), decimal(4)]),
  unitAmount: z.union([amountMinor, decimal(6)]),
  taxRate: orderLine.shape.taxRate,
  ...orderLine.pick({ itemId: true, unit: true, ...vat, discount: true, charge: true }).partial().shape,
});

/** Missing when they were not said. */
const terms = order
  .omit({ lines: true, vat: true })
  .extend(orderLine.pick({ taxRate: true, ...vat }).shape)
  .partial().shape;

export const payment = z.object({
  object: z.literal('payment'),
  id: paymentId,
  status,
  amount: amountMinor.min(1),
  amountCaptured: amountMinor,
  amountRefunded: amountMinor,
  currency,
  paymentMethod: z.string().max(64),
  captureMethod: z.enum(['automatic', 'manual']),
  orderId: z.string(),
  description: z.string().nullable(),
  customer,
  lines: z.array(paymentLine).nullable(),
  ...terms,
  metadata: z.record(z.string(), z.string()),
  failure: failure.nullable(),
  cancellationReason: z.string().nullable(),
  expiresAt: time.nullable(),
  invoiceNumber: documentNumber.nullable(),
  /** What the customer has to do, and where, before the payment goes on. */
  nextAction: z.object({ type: z.string().max(64), url: z.string().max(2048) }).nullable(),
  refunds: z.array(refund),
  disputes: z.array(dispute),
  createdAt: time,
  updatedAt: time,
  version: z.int().min(1),
});

export const paymentList = listAnswer(payment);

/** With what a refused card and a state that does not allow an operation tell besides. */
export const paymentProblem = problem.extend({
  paymentId: paymentId.optional(),
  paymentStatus: status.optional(),
  declineCode: declineCode.optional(),
});
