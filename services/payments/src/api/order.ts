import { exponentOf, majorAmount, minorAmount } from '@fanfold/contracts/currency';
import { maxEventBytes } from '@fanfold/contracts/event';
import { type Customer, type Line, maxAmountMinor } from '@fanfold/contracts/fields';
import type { Order, OrderAdjustment, OrderLine } from '@fanfold/contracts/order';
import { roundedRatio } from '@fanfold/contracts/rounding';
import { categoryOfRate } from '@fanfold/contracts/tax';
import { decimalOf, decimalText, productAt } from '@fanfold/invoicing/decimal';
import type { Seller } from '@fanfold/invoicing/document';
import { findingsOf } from '@fanfold/invoicing/findings';
import { invoiceableOf, orderedSum } from '@fanfold/invoicing/ordered';
import { missingForFullInvoice } from '@fanfold/invoicing/simplified';
import { maxFieldErrors } from '@fanfold/runtime/fieldErrors';
import { pointerOf } from '@fanfold/runtime/http/strictJson';
import { invalidRequest, type Refusal } from '@fanfold/runtime/refusal';
import type { PaymentRequest } from '../payment/payment.ts';
import type { PaymentBody } from './paymentBody.ts';

/** What a body asks for, in the one form in which it is kept and published. */
export function requestOf(body: PaymentBody): PaymentRequest & { order: Order } {
  const { amount, currency, paymentMethod, captureMethod, orderId, description, metadata } = body;
  const { pricesIncludeTax, roundingAmount, buyerReference, orderReference, delivery, exchange } = body;
  const ordered = body.lines?.map((line) => orderLineOf(line, currency)) ?? null;
  const { discount, charge } = body;
  // Plain lines do not say what is taken off the whole, and whoever reads them would add them up.
  const isPlain = !pricesIncludeTax && discount == null && charge == null;
  const lines = ordered && isPlain ? plainLinesOf(ordered, currency) : null;
  const base = ordered && !isPlain ? orderedSum(ordered, currency) : 0n;
  return {
    ...{ amount, currency, paymentMethod, captureMethod, orderId, description },
    customer: customerOf(body.customer),
    lines,
    order: {
      pricesIncludeTax: pricesIncludeTax ?? false,
      lines: lines ? null : ordered,
      vat: ordered ? null : vatOf({ ...body, taxRate: body.taxRate ?? '0.00' }),
      roundingAmount: roundingAmount ?? 0,
      ...(discount != null && { discount: adjustmentOf(discount, 'Discount', base) }),
      ...(charge != null && { charge: adjustmentOf(charge, 'Charge', base) }),
      buyerReference: buyerReference ?? null,
      orderReference: orderReference ?? null,
      delivery: delivery
        ? {
            date: delivery.date ?? null,
            city: delivery.city ?? null,
            postalCode: delivery.postalCode ?? null,
            country: delivery.country ?? null,
          }
        : null,
      exchange: exchange ?? null,
    },
    metadata,
  };
}

/** Fields that were not given are missing, so that what is published of a payment is no larger than it has to be. */
const customerOf = (customer: PaymentBody['customer']): Customer => {
  const { name, email, taxId, vatId, electronicAddress, type, address } = customer;
  return {
    ...{ name, email, taxId },
    ...(vatId != null && { vatId }),
    ...(electronicAddress != null && { electronicAddress }),
    ...(type != null && { type }),
    address,
  };
};

type LineBody = NonNullable<PaymentBody['lines']>[number];

function orderLineOf(line: LineBody, currency: string): OrderLine {
  const { description, itemId, unit, unitAmount, discount, charge } = line;
  const quantity = decimalOf(String(line.quantity));
  const price = decimalOf(typeof unitAmount === 'number' ? majorAmount(unitAmount, currency) : unitAmount);
  // A price is never negative (BR-27): a line that takes something off has a negative quantity.
  const sign = price.units < 0n && quantity.units > 0n ? -1n : 1n;
  const base = productAt(quantity, price, exponentOf(currency));
  return {
    description,
    itemId: itemId ?? null,
    quantity: decimalText({ ...quantity, units: quantity.units * sign }),
    unit: unit ?? piece,
    unitPrice: decimalText({ ...price, units: price.units * sign }),
    ...vatOf(line),
    discount: discount == null ? null : adjustmentOf(discount, 'Discount', base),
    charge: charge == null ? null : adjustmentOf(charge, 'Charge', base),
  };
}

/** UN/ECE Recommendation 20. */
const piece = 'C62';

type Vat = Pick<OrderLine, 'taxRate' | 'taxCategory' | 'exemptionCode' | 'exemptionReason'>;
type VatBody = Pick<LineBody, 'taxRate' | 'taxCategory' | 'exemptionCode' | 'exemptionReason'>;

const vatOf = ({ taxRate, taxCategory, exemptionCode, exemptionReason }: VatBody): Vat => ({
  taxRate,
  taxCategory: taxCategory ?? categoryOfRate(taxRate),
  exemptionCode: exemptionCode ?? null,
  exemptionReason: exemptionReason ?? null,
});

/** @param base what a percentage is of, in minor units; of what takes something off, there is none */
function adjustmentOf(
  given: NonNullable<LineBody['discount']>,
  commonReason: string,
  base: bigint,
): OrderAdjustment {
  if (typeof given === 'number') return { amount: given, reason: commonReason };
  const { reason = commonReason } = given;
  if ('amount' in given) return { amount: given.amount, reason };
  const { units, scale } = decimalOf(given.percent);
  const amount = roundedRatio((base < 0n ? 0n : base) * units, 100n * 10n ** BigInt(scale));
  // What is too large to be a number of minor units is refused by findings.
  return { amount: Number(amount), reason, percent: decimalText({ units, scale }) };
}

/** Lines that say no more than a plain line can; null when one of them does. */
function plainLinesOf(lines: OrderLine[], currency: string): Line[] | null {
  const plain = lines.flatMap((line) => plainLineOf(line, currency) ?? []);
  return plain.length === lines.length ? plain : null;
}

function plainLineOf(line: OrderLine, currency: string): Line | undefined {
  const { description, itemId, quantity, unit, unitPrice, discount, charge } = line;
  const { taxRate, taxCategory, exemptionCode, exemptionReason } = line;
  const unitAmount = minorAmount(unitPrice, currency);
  const isPlain =
    [itemId, discount, charge, exemptionCode, exemptionReason].every((said) => said === null) &&
    unit === piece &&
    taxCategory === categoryOfRate(taxRate) &&
    /^[1-9]\d*$/.test(quantity);
  if (!isPlain || unitAmount === undefined || Number(quantity) * unitAmount > maxAmountMinor)
    return undefined;
  return { description, quantity: Number(quantity), unitAmount, taxRate };
}

/** What is wrong with a field of a body, and the rule that its invoice would break. */
export type Fault = { path: (string | number)[]; message: string; rule: string };

/**
 * What keeps a payment from being invoiced, asked before anybody is charged.
 *
 * @param seller null when it is not known: then nothing is said of what depends on it
 */
export function faultsOf(body: PaymentBody, seller: Seller | null): Fault[] {
  if (body.lines) {
    const beside = vatMembers.filter((name) => body[name] != null);
    if (beside.length > 0)
      return beside.map((name) => ({
        path: [name],
        message: 'must be left out beside lines, which have their own',
        rule: 'lines',
      }));
  }
  if (!body.lines) {
    const without = (['discount', 'charge'] as const).filter((name) => body[name] != null);
    if (without.length > 0)
      return without.map((name) => ({
        path: [name],
        message: 'must be left out without lines: the amount is what is paid after it',
        rule: 'lines',
      }));
  }
  const request = requestOf(body);
  const given = invoiceableOf(request);
  const findings = findingsOf({ ...given, seller });
  const missing = findings.length === 0 && seller ? missingForFullInvoice({ ...given, seller }) : findings;
  if (missing.length > 0)
    return missing.map(({ pointer, rule, message }) => ({ ...fieldOf(pointer, message, body), rule }));
  const { metadata: _inNoEvent, ...published } = request;
  const bytes = Buffer.byteLength(JSON.stringify(published));
  return bytes <= maxOrderBytes
    ? []
    : [
        {
          path: ['lines'],
          message: `must take at most ${maxOrderBytes} bytes with the rest of the order, and takes ${bytes}`,
          rule: 'size',
        },
      ];
}

/** @returns the 422 that names each field and rule */
export const refusalOf = (faults: Fault[]): Refusal =>
  invalidRequest(
    'The body',
    faults
      .slice(0, maxFieldErrors)
      .map(({ path, message, rule }) => ({ pointer: pointerOf(path), detail: message, rule })),
  );

const vatMembers = ['taxRate', 'taxCategory', 'exemptionCode', 'exemptionReason'] as const;

/** The order has to fit into its event, with the envelope and the ids that are added to it. */
const maxOrderBytes = maxEventBytes - 2048;

/** The field of a body that a finding is about: there, an invoice's members have other names. */
function fieldOf(pointer: string, message: string, body: PaymentBody): Omit<Fault, 'rule'> {
  const [group = '', ...steps] = pointer.slice(1).split('/');
  const [first = ''] = steps;
  switch (group) {
    case 'order':
      // Discounts and charges on the whole are written one after the other, for each category and rate.
      if (first === 'adjustments') return { path: ['lines'], message };
      if (first === 'lines') return { path: pathOfLine(steps.slice(1), body), message };
      return { path: [first === 'roundingMinor' ? 'roundingAmount' : first], message };
    case 'buyer':
      return { path: ['customer', ...steps], message };
    case 'delivery':
      return { path: ['delivery', ...steps.filter((step) => step !== 'address')], message };
    case 'orderReference':
      return { path: [body.orderReference == null ? 'orderId' : 'orderReference'], message };
    case 'amountMinor':
      return { path: ['amount'], message };
    case 'seller':
      return {
        path: [body.lines ? 'lines' : 'taxCategory'],
        message: `needs another seller: its ${steps.join('/')} ${message}`,
      };
    default:
      return { path: [group, ...steps], message };
  }
}

const namesInLine: Record<string, string> = {
  unitCode: 'unit',
  unitPrice: 'unitAmount',
  category: 'taxCategory',
};

function pathOfLine([index, name = '', ...steps]: string[], { lines }: PaymentBody): (string | number)[] {
  const line = lines?.[Number(index)];
  const of = lines ? ['lines', Number(index)] : [];
  if (index === undefined) return [lines ? 'lines' : 'amount'];
  switch (name) {
    case 'exemption':
      return [...of, steps[0] === 'code' ? 'exemptionCode' : 'exemptionReason'];
    case 'adjustments':
      return [...of, line?.discount != null && steps[0] === '0' ? 'discount' : 'charge'];
    case 'quantity':
    case 'unitPrice':
    case 'unitCode':
      return lines ? [...of, namesInLine[name] ?? name] : ['amount'];
    default:
      return [...of, namesInLine[name] ?? name];
  }
}
