import type { Adjustment, Buyer, Delivery, Exemption, Seller, VatKey } from './document.ts';

/** What was ordered, as the merchant says it. Amounts are integers in the minor unit of `currency`. */
export type Order = {
  currency: string;
  /** Whether prices, allowances and charges include VAT. */
  pricesIncludeTax: boolean;
  lines: OrderLine[];
  /** On the whole order. */
  adjustments: (Adjustment & VatKey & { exemption: Exemption | null })[];
  /** What the lines add up to differs from the payment by this, as where cash is rounded. */
  roundingMinor: number;
};

export type OrderLine = VatKey & {
  description: string;
  itemId: string | null;
  /** A decimal number, such as `1.5`; `-1` takes off. */
  quantity: string;
  /** UN/ECE Recommendation 20: `C62` for pieces, `HUR` for hours. */
  unitCode: string;
  /** In the major unit, with up to six decimals, such as `0.0035`. */
  unitPrice: string;
  exemption: Exemption | null;
  /** Allowances and charges on this line. */
  adjustments: Adjustment[];
};

/** The rate of exchange to the seller's currency of accounting, and where it is from, as the merchant says. */
export type Exchange = { currency: string; rate: string; source: string };

/** All that an invoice is made of, but for its number and day. */
export type Invoiceable = {
  seller: Seller;
  buyer: Buyer;
  /** Whether the merchant says that the buyer is a company. */
  isForCompany: boolean;
  delivery: Delivery | null;
  buyerReference: string | null;
  orderReference: string | null;
  order: Order;
  exchange: Exchange | null;
  /** What the payment takes. */
  amountMinor: number;
};
