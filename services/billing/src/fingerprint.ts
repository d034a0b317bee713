import { isDeepStrictEqual } from 'node:util';
import type { Customer, Line } from '@fanfold/contracts/fields';
import type { Credit, Order, OrderAdjustment, OrderLine } from '@fanfold/contracts/order';
import { fingerprintOf as fingerprintOfJson } from '@fanfold/runtime/idempotency';
import type { CreditNote, Refunded } from './creditNote.ts';
import { type Captured, causeOf, type Invoice } from './invoice.ts';
import type { Failed } from './reversal.ts';

/**
 * A hash of an event's content, 128 bits, stored beside its document to recognise the event again. It is short,
 * because a write unit takes a kilobyte. It is of the event and not of the document, whose form may change in later
 * versions.
 *
 * The members are listed here, and an absent one has no influence. So a member that the schema gets later does not
 * change the fingerprints of old events. Stored fingerprints are compared for ever: this list must not change.
 */
export function fingerprintOf(event: Captured | Refunded | Failed): string {
  const { happenedOn, trace } = causeOf(event);
  const { correlationid, causationid, traceparent } = trace;
  const facts = factsOf(event);
  const hexadecimal = fingerprintOfJson(
    asStored({ happenedOn, correlationid, causationid, traceparent, ...facts }),
  );
  return Buffer.from(hexadecimal, 'hex').toString('base64url');
}

function factsOf(event: Captured | Refunded | Failed) {
  switch (event.type) {
    case 'payment.captured.v1':
      return factsOfCapture(event);
    case 'payment.refunded.v1':
      return factsOfRefund(event);
    case 'payment.refund-failed.v1':
      return factsOfFailure(event);
  }
}

const factsOfCapture = ({ data }: Captured) => {
  const { paymentId, orderId, amount, amountCaptured, currency, description, lines, order } = data;
  return {
    paymentId,
    orderId,
    amount,
    amountCaptured,
    currency,
    description,
    customer: factsOfCustomer(data.customer),
    lines: lines ? lines.map(factsOfLine) : null,
    ...(order && { order: factsOfOrder(order), buyer: factsOfBuyer(data.customer) }),
  };
};

const factsOfOrder = (order: Order) => {
  const { pricesIncludeTax, lines, vat, roundingAmount, discount, charge } = order;
  const { buyerReference, orderReference, delivery, exchange } = order;
  return {
    ...{ pricesIncludeTax, roundingAmount, buyerReference, orderReference },
    lines: lines ? lines.map(factsOfOrderLine) : null,
    vat: vat && factsOfVat(vat),
    delivery: delivery && factsOfDelivery(delivery),
    ...(discount && { discount: factsOfAdjustment(discount) }),
    ...(charge && { charge: factsOfAdjustment(charge) }),
    exchange: exchange && { currency: exchange.currency, rate: exchange.rate, source: exchange.source },
  };
};

const factsOfOrderLine = (line: OrderLine) => {
  const { description, itemId, quantity, unit, unitPrice, discount, charge } = line;
  return {
    ...{ description, itemId, quantity, unit, unitPrice, ...factsOfVat(line) },
    discount: discount && factsOfAdjustment(discount),
    charge: charge && factsOfAdjustment(charge),
  };
};

const factsOfAdjustment = ({ amount, reason, percent }: OrderAdjustment) => ({
  ...{ amount, reason },
  ...(percent !== undefined && { percent }),
});

const factsOfVat = ({ taxRate, taxCategory, exemptionCode, exemptionReason }: NonNullable<Order['vat']>) => ({
  ...{ taxRate, taxCategory, exemptionCode, exemptionReason },
});

const factsOfDelivery = ({ date, city, postalCode, country }: NonNullable<Order['delivery']>) => ({
  ...{ date, city, postalCode, country },
});

const factsOfBuyer = ({ vatId, electronicAddress, type }: Customer) => ({
  ...{ vatId: vatId ?? null, type: type ?? null },
  electronicAddress: electronicAddress
    ? { scheme: electronicAddress.scheme, id: electronicAddress.id }
    : null,
});

const factsOfLine = ({ description, quantity, unitAmount, taxRate }: Line) => ({
  description,
  quantity,
  unitAmount,
  taxRate,
});

const factsOfCustomer = ({ name, email, taxId, address }: Customer) => {
  const { line1, line2, city, postalCode, state, country } = address;
  return { name, email, taxId, address: { line1, line2, city, postalCode, state, country } };
};

const factsOfRefund = ({ data }: Refunded) => {
  const { paymentId, orderId, amount, currency, amountCaptured, amountRefunded, refund } = data;
  const { id, amount: refundedAmount, reason, credit, afterFailures } = refund;
  return {
    paymentId,
    orderId,
    amount,
    currency,
    amountCaptured,
    amountRefunded,
    refund: {
      ...{ id, amount: refundedAmount, reason },
      ...(credit && { credit: factsOfCredit(credit) }),
      ...(afterFailures && {
        afterFailures: {
          failures: afterFailures.failures,
          vat: afterFailures.vat.map(({ net, tax }) => ({ net, tax })),
        },
      }),
    },
  };
};

const factsOfFailure = ({ data }: Failed) => {
  const { paymentId, orderId, amount, currency, amountCaptured, amountRefunded, refund } = data;
  const { id, amount: refundedAmount, reason } = refund;
  return {
    ...{ paymentId, orderId, amount, currency, amountCaptured, amountRefunded },
    refund: { id, amount: refundedAmount, reason },
  };
};

const factsOfCredit = ({ lines, creditedBefore }: Credit) => ({
  lines: lines.map(({ line, amount, quantity }) => ({ line, amount, quantity })),
  creditedBefore,
});

/** Whether an invoice without a fingerprint is of this capture: compares the fields that both have. */
export function isInvoiceOf(invoice: Invoice, event: Captured): boolean {
  const { trace, paymentId, orderId, currency, totals } = invoice;
  const { data } = event;
  return isDeepStrictEqual(
    asStored([
      trace.causationid,
      paymentId,
      orderId,
      currency,
      totals.gross,
      factsOfCustomer(invoice.customer),
    ]),
    asStored([
      ...[event.id, data.paymentId, data.orderId, data.currency, data.amountCaptured],
      factsOfCustomer(data.customer),
    ]),
  );
}

/** Whether a credit note without a fingerprint is of this refund: compares the fields that both have. */
export function isCreditNoteOf(creditNote: CreditNote, event: Refunded): boolean {
  const { trace, paymentId, refundId, orderId, currency, amount } = creditNote;
  const { data } = event;
  return isDeepStrictEqual(
    asStored([trace.causationid, paymentId, refundId, orderId, currency, amount]),
    asStored([event.id, data.paymentId, data.refund.id, data.orderId, data.currency, data.refund.amount]),
  );
}

/** As DynamoDB stores it: it has neither minus zero nor lone surrogates, which JSON allows. */
const asStored = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, member) => (typeof member === 'string' ? member.toWellFormed() : member)),
  );
