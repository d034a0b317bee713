import type { EventOfType } from '@fanfold/contracts/catalog';
import { majorAmount } from '@fanfold/contracts/currency';
import { categoryOfRate } from '@fanfold/contracts/tax';
import type { Adjustment, Exemption } from './document.ts';
import type { Invoiceable, OrderLine } from './order.ts';

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
      lines: linesOf(ordered),
      adjustments: [],
      roundingMinor: roundingAmount,
    },
    exchange,
    amountMinor: amount,
  };
}

/** EN 16931 has another code for Kosovo (BR-CL-14). */
const inInvoice = <Address extends { country: string }>(address: Address): Address =>
  address.country === 'XK' ? { ...address, country: '1A' } : address;

function linesOf({ orderId, amount, currency, description, lines, order }: Ordered): OrderLine[] {
  if (order.lines)
    return order.lines.map(({ unit, taxCategory, discount, charge, ...line }) => ({
      description: line.description,
      itemId: line.itemId,
      quantity: line.quantity,
      unitCode: unit,
      unitPrice: line.unitPrice,
      category: taxCategory,
      taxRate: line.taxRate,
      exemption: exemptionOf(line),
      adjustments: [...adjustmentsOf('allowance', discount), ...adjustmentsOf('charge', charge)],
    }));
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

type Stated = { exemptionCode: string | null; exemptionReason: string | null };

const exemptionOf = ({ exemptionCode: code, exemptionReason: text }: Stated): Exemption | null =>
  code === null && text === null ? null : { code, text };

const adjustmentsOf = (
  kind: Adjustment['kind'],
  adjustment: { amount: number; reason: string } | null,
): Adjustment[] => (adjustment ? [{ kind, amountMinor: adjustment.amount, reason: adjustment.reason }] : []);
