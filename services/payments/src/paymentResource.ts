import type { Payment, Refund } from './payment.ts';

/** A payment as the API shows it. */
export const paymentResource = (payment: Payment) => ({
  object: 'payment' as const,
  id: payment.id,
  status: payment.status,
  amount: payment.amount,
  amountCaptured: payment.amountCaptured,
  amountRefunded: payment.amountRefunded,
  currency: payment.currency,
  paymentMethod: payment.paymentMethod,
  captureMethod: payment.captureMethod,
  orderId: payment.orderId,
  description: payment.description,
  customer: payment.customer,
  lines: payment.lines,
  metadata: payment.metadata,
  failure: payment.failure,
  cancellationReason: payment.cancellationReason,
  expiresAt: payment.expiresAt,
  invoiceNumber: payment.invoiceNumber,
  refunds: Object.values(payment.refunds)
    .sort((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1))
    .map((refund) => refundResource(payment, refund)),
  createdAt: payment.createdAt,
  updatedAt: payment.updatedAt,
  version: payment.version,
});

/** A refund as the API shows it. */
export const refundResource = (payment: Payment, refund: Refund) => ({
  object: 'refund' as const,
  id: refund.id,
  paymentId: payment.id,
  amount: refund.amount,
  currency: payment.currency,
  reason: refund.reason,
  status: refund.status,
  creditNoteNumber: refund.creditNoteNumber,
  createdAt: refund.createdAt,
});
