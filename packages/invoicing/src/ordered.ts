import type { EventOfType } from '@fanfold/contracts/catalog';
import { exponentOf, majorAmount } from '@fanfold/contracts/currency';
import type { OrderAdjustment, OrderLine as OrderedLine } from '@fanfold/contracts/order';
import { apportion } from '@fanfold/contracts/share';
import { categoryOfRate, rateUnits } from '@fanfold/contracts/tax';
import { decimalOf, productAt } from './decimal.ts';
import type { Adjustment, Exemption } from './document.ts';
import type { Invoiceable, Order, OrderLine } from './order.ts';

type Data = EventOfType<'payment.captured.v1'>['data'];

/** What a payment says of its order, in its request as in its event. */
export type Ordered = Pick<Data, 'orderId' | 'amount' | 'currency' | 'description' | 'customer' | 'lines'> & {
  order: NonNullable<Data['order']>;
};

/** What is invoiced of a payment, without the seller, who is not part of it. */
export function invoiceableOf(ordered: Ordered): Omit<Invoiceable, 'seller'> {
  const { orderId, amount, currency, customer, order } = ordered;
  const { name, email, address, vatId = null, electronicAddress = null, type } = customer;
  const { buyerReference, orderReference, delivery, exchange, pricesIncludeTax, roundingAmount } = order;
  const lines = linesOf(ordered);
  return {
    buyer: { name, email, address: inInvoice(address), vatId, electronicAddress },
    isForCompany: type === 'company',
    delivery: delivery && {
      date: delivery.date,
      address:
        delivery.country === null
          ? null
          : inInvoice({ city: delivery.city, postalCode: delivery.postalCode, country: delivery.country }),
    },
    buyerReference,
    // The number by which the customer knows what was ordered.
    orderReference: orderReference ?? orderId,
    order: {
      currency,
      pricesIncludeTax: pricesIncludeTax || order.vat !== null,
      lines,
      adjustments: [
        ...adjustmentsOf('allowance', order.discount ?? null),
        ...adjustmentsOf('charge', order.charge ?? null),
      ].flatMap((adjustment) => spread(adjustment, lines, currency)),
      roundingMinor: roundingAmount,
    },
    exchange,
    amountMinor: amount,
  };
}

/**
 * A discount or charge on the whole order, on each category and rate of its lines, in proportion to what they cost. Where
 * they cost nothing, the first has it.
 */
export function spread(adjustment: Adjustment, lines: OrderLine[], currency: string): Order['adjustments'] {
  const exponent = exponentOf(currency);
  const groups = [
    ...Map.groupBy(lines, ({ category, taxRate }) => `${category} ${rateUnits(taxRate)}`).values(),
  ];
  // Sums that no number holds exactly are refused by findings.
  const costs = groups.map((ofGroup) =>
    Math.max(0, Number(ofGroup.reduce((sum, line) => sum + orderedMinor(line, exponent), 0n))),
  );
  const isFree = costs.every((cost) => cost === 0);
  const parts = apportion(
    adjustment.amountMinor,
    costs.map((cost, i) => (isFree && i === 0 ? 1 : cost)),
  );
  return groups.flatMap(([line], i) => {
    const amountMinor = parts[i] as number;
    if (!line || amountMinor === 0) return [];
    const { category, taxRate, exemption } = line;
    return { ...adjustment, amountMinor, category, taxRate, exemption };
  });
}

/** What a line makes as it was ordered, after its own discount and charge, in minor units. */
const orderedMinor = ({ quantity, unitPrice, adjustments }: OrderLine, exponent: number): bigint =>
  adjustments.reduce(
    (sum, { kind, amountMinor }) => sum + BigInt(kind === 'charge' ? amountMinor : -amountMinor),
    productAt(decimalOf(quantity), decimalOf(unitPrice), exponent),
  );

/** The same of several lines of a payment, as a percentage on the whole order is of it. */
export const orderedSum = (lines: OrderedLine[], currency: string): bigint =>
  lines.reduce((sum, line) => sum + orderedMinor(orderLineOf(line), exponentOf(currency)), 0n);

/** EN 16931 has another code for Kosovo (BR-CL-14). */
const inInvoice = <Address extends { country: string }>(address: Address): Address =>
  address.country === 'XK' ? { ...address, country: '1A' } : address;

function linesOf({ orderId, amount, currency, description, lines, order }: Ordered): OrderLine[] {
  if (order.lines) return order.lines.map(orderLineOf);
  const plain = { itemId: null, unitCode: 'C62', adjustments: [] };
  if (lines)
    return lines.map(({ description, quantity, unitAmount, taxRate }) => ({
      ...plain,
      description,
      quantity: String(quantity),
      unitPrice: majorAmount(unitAmount, currency),
      category: categoryOfRate(taxRate),
      taxRate,
      exemption: null,
    }));
  const vat = order.vat;
  if (!vat) return [];
  return [
    {
      ...plain,
      description: description ?? `Order ${orderId}`,
      quantity: '1',
      unitPrice: majorAmount(amount - order.roundingAmount, currency),
      category: vat.taxCategory,
      taxRate: vat.taxRate,
      exemption: exemptionOf(vat),
    },
  ];
}

const orderLineOf = ({ unit, taxCategory, discount, charge, ...line }: OrderedLine): OrderLine => ({
  description: line.description,
  itemId: line.itemId,
  quantity: line.quantity,
  unitCode: unit,
  unitPrice: line.unitPrice,
  category: taxCategory,
  taxRate: line.taxRate,
  exemption: exemptionOf(line),
  adjustments: [...adjustmentsOf('allowance', discount), ...adjustmentsOf('charge', charge)],
});

type Stated = { exemptionCode: string | null; exemptionReason: string | null };

const exemptionOf = ({ exemptionCode: code, exemptionReason: text }: Stated): Exemption | null =>
  code === null && text === null ? null : { code, text };

const adjustmentsOf = (kind: Adjustment['kind'], adjustment: OrderAdjustment | null): Adjustment[] => {
  if (!adjustment) return [];
  const { amount, reason, percent } = adjustment;
  return [{ kind, amountMinor: amount, reason, ...(percent !== undefined && { percent }) }];
};
