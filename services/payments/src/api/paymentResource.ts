import { minorAmount } from '@fanfold/contracts/currency';
import { type Customer, customer, line } from '@fanfold/contracts/fields';
import { inOrder } from '@fanfold/contracts/inOrder';
import type { Credit, Order, OrderAdjustment } from '@fanfold/contracts/order';
import * as z from 'zod';
import type { Dispute, Failure, Payment, Refund } from '../payment/payment.ts';
import type * as answers from './answers.ts';

const lines = /* @__PURE__ */ z.array(line);
const metadata = /* @__PURE__ */ z.record(/* @__PURE__ */ z.string(), /* @__PURE__ */ z.string());

/** In the place of one that is in no event of a restored payment. `ZZ` is an unknown region (https://unicode.org/reports/tr35/#unknown-or-invalid-identifiers). */
const unknownCustomer: Customer = {
  name: 'Unknown',
  email: null,
  taxId: null,
  address: { line1: null, line2: null, city: null, postalCode: null, state: null, country: 'ZZ' },
};

/** A payment as the API shows it. Members of maps are in a fixed order, as DynamoDB does not keep theirs. */
export const paymentResource = (payment: Payment): z.output<typeof answers.payment> => ({
  object: 'payment',
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
  customer: inOrder(customer, payment.customer ?? unknownCustomer),
  lines: payment.lines ? inOrder(lines, payment.lines) : linesOfOrder(payment),
  ...(payment.order && termsOf(payment.order)),
  metadata: inOrder(metadata, payment.metadata),
  failure: payment.failure && failureResource(payment.failure),
  cancellationReason: payment.cancellationReason,
  expiresAt: payment.expiresAt,
  invoiceNumber: payment.invoiceNumber,
  nextAction: nextActionOf(payment),
  refunds: Object.values(payment.refunds)
    .sort((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1))
    .map((refund) => refundResource(payment, refund)),
  disputes: Object.values(payment.disputes ?? {})
    .sort((a, b) => (a.openedAt + a.id < b.openedAt + b.id ? -1 : 1))
    .map((dispute) => disputeResource(payment, dispute)),
  createdAt: payment.createdAt,
  updatedAt: payment.updatedAt,
  version: payment.version,
});

/** Lines that are not plain, with all that they have. Whole numbers of units and of minor units are numbers. */
const linesOfOrder = ({ order, currency }: Payment) =>
  order?.lines?.map((line) => ({
    description: line.description,
    itemId: line.itemId,
    quantity: wholeOr(line.quantity),
    unit: line.unit,
    unitAmount: minorAmount(line.unitPrice, currency) ?? line.unitPrice,
    taxRate: line.taxRate,
    taxCategory: line.taxCategory,
    exemptionCode: line.exemptionCode,
    exemptionReason: line.exemptionReason,
    discount: line.discount && adjustmentResource(line.discount),
    charge: line.charge && adjustmentResource(line.charge),
  })) ?? null;

const wholeOr = (quantity: string): number | string => (quantity.includes('.') ? quantity : Number(quantity));

const adjustmentResource = ({ amount, reason, percent }: OrderAdjustment) => ({
  ...{ amount, reason },
  ...(percent !== undefined && { percent }),
});

/** What else was said of an order; what was not said is left out. */
function termsOf({ vat, delivery, exchange, ...terms }: Order) {
  const { pricesIncludeTax, roundingAmount, discount, charge, buyerReference, orderReference } = terms;
  return {
    ...(pricesIncludeTax && { pricesIncludeTax }),
    ...(vat && !(vat.taxCategory === 'Z' && vat.taxRate === '0.00') && vatResource(vat)),
    ...(roundingAmount !== 0 && { roundingAmount }),
    ...(discount && { discount: adjustmentResource(discount) }),
    ...(charge && { charge: adjustmentResource(charge) }),
    ...(buyerReference !== null && { buyerReference }),
    ...(orderReference !== null && { orderReference }),
    ...(delivery && { delivery: deliveryResource(delivery) }),
    ...(exchange && { exchange: exchangeResource(exchange) }),
  };
}

const vatResource = ({
  taxRate,
  taxCategory,
  exemptionCode,
  exemptionReason,
}: NonNullable<Order['vat']>) => ({
  ...{ taxRate, taxCategory, exemptionCode, exemptionReason },
});

const deliveryResource = ({ date, city, postalCode, country }: NonNullable<Order['delivery']>) => ({
  ...{ date, city, postalCode, country },
});

const exchangeResource = ({ currency, rate, source }: NonNullable<Order['exchange']>) => ({
  ...{ currency, rate, source },
});

const failureResource = ({ code, message, declineCode }: Failure) => ({ code, message, declineCode });

/** A refund as the API shows it. */
export const refundResource = (payment: Payment, refund: Refund): z.output<typeof answers.refund> => ({
  object: 'refund',
  id: refund.id,
  paymentId: payment.id,
  amount: refund.amount,
  currency: payment.currency,
  reason: refund.reason,
  // Of a part it is kept by the lines of the invoice, which are not those of the order.
  ...(refund.credit &&
    payment.amountCaptured === payment.amount && { lines: refund.credit.lines.map(creditedLineResource) }),
  status: refund.status,
  ...(refund.failure && { failure: failureResource(refund.failure) }),
  creditNoteNumber: refund.creditNoteNumber,
  ...(refund.reversalInvoiceNumber !== undefined && { reversalInvoiceNumber: refund.reversalInvoiceNumber }),
  createdAt: refund.createdAt,
});

function nextActionOf({ ask }: Payment) {
  if (!ask?.action) return null;
  const { type, url } = ask.action;
  return { type, url };
}

const disputeResource = (
  { id: paymentId }: Payment,
  { id, amount, currency, reason, status, openedAt, evidenceDueBy }: Dispute,
): z.output<typeof answers.dispute> => ({
  object: 'dispute',
  ...{ id, paymentId, amount, currency, reason, status, openedAt, evidenceDueBy },
});

const creditedLineResource = ({ line, amount, quantity }: Credit['lines'][number]) => ({
  ...{ line, amount },
  quantity: quantity === null ? null : wholeOr(quantity),
});
