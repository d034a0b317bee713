import * as z from 'zod';
import { amountMinor, currency, day, maxRoundingMinor, taxRate } from './fields.ts';
import { nonPersonal, personal } from './personal.ts';
import { vatCategories } from './vatCategory.ts';

/** How many lines an order can have. */
export const maxOrderLines = 50;

/** How many units a line can have, either way. */
export const maxQuantity = 1_000_000;

/** The VAT of a line, or of an amount without lines. `taxCategory` is of UNCL5305. */
const vat = z.object({
  taxRate,
  taxCategory: z.enum(vatCategories),
  /** Why there is no VAT: a code of the list VATEX, a text, or both. */
  exemptionCode: nonPersonal(z.string()).nullable(),
  exemptionReason: personal(z.string()).nullable(),
});

/** What a line or an order is reduced or raised by as a whole, in minor units. */
const adjustment = z.object({
  amount: amountMinor,
  reason: personal(z.string()),
  /** When it was said as a percentage, of which the amount was made. */
  percent: nonPersonal(z.string().regex(/^\d{1,3}(\.\d{1,4})?$/)).optional(),
});
export type OrderAdjustment = z.output<typeof adjustment>;

/** Texts are as the request has them, in numbers of one form: `1.5`, and `0.0035` in the currency's major unit. */
export const orderLine = vat.extend({
  description: personal(z.string()),
  itemId: nonPersonal(z.string()).nullable(),
  /** Negative in a line that takes something off. */
  quantity: nonPersonal(z.string().regex(/^-?\d{1,7}(\.\d{1,4})?$/)),
  /** UN/ECE Recommendation 20: `C62` for pieces, `HUR` for hours. */
  unit: nonPersonal(z.string()),
  unitPrice: nonPersonal(z.string().regex(/^\d{1,12}(\.\d{1,6})?$/)),
  discount: adjustment.nullable(),
  charge: adjustment.nullable(),
});
export type OrderLine = z.output<typeof orderLine>;

/** The rate of exchange to the currency in which the seller accounts for VAT, and where it is from. */
export const exchange = z.object({
  currency,
  rate: nonPersonal(z.string().regex(/^\d{1,9}(\.\d{1,10})?$/)),
  source: personal(z.string()),
});

/**
 * What was ordered, beside the customer and the plain lines of an event. It is the authority: lines that are not plain are
 * here, and those of the event are null then.
 *
 * Plain lines are not repeated here, because an event with fifty long ones has no room for them twice.
 */
export const order = z.object({
  /** Whether prices, discounts and charges include VAT. */
  pricesIncludeTax: z.boolean(),
  lines: z.array(orderLine).min(1).max(maxOrderLines).nullable(),
  /** Of the whole amount, which includes it; null when there are lines. */
  vat: vat.nullable(),
  /** By how much the lines with VAT differ from what is paid. */
  roundingAmount: z.int().min(-maxRoundingMinor).max(maxRoundingMinor),
  /** On the whole order, beside those of its lines; missing when there is none. They share it in proportion, category by category and rate by rate. */
  discount: adjustment.optional(),
  charge: adjustment.optional(),
  buyerReference: personal(z.string()).nullable(),
  orderReference: personal(z.string()).nullable(),
  delivery: z
    .object({
      date: day.nullable(),
      city: personal(z.string()).nullable(),
      postalCode: personal(z.string()).nullable(),
      country: nonPersonal(z.string()).nullable(),
    })
    .nullable(),
  exchange: exchange.nullable(),
});
export type Order = z.output<typeof order>;

/**
 * What a refund takes back of each line, where it says so, or an earlier one of the payment did. Otherwise it takes back of
 * all lines in proportion to what they cost.
 */
export const credit = z.object({
  lines: z
    .array(
      z.object({
        /**
         * Which line of the invoice, from 1. Of an invoice from before lines had categories, which of its rates.
         */
        line: z.int().min(1).max(maxOrderLines),
        /** With tax, in minor units. */
        amount: amountMinor.min(1),
        /** How many were returned; null when nobody said. */
        quantity: nonPersonal(z.string().regex(/^\d{1,7}(\.\d{1,4})?$/)).nullable(),
      }),
    )
    .max(maxOrderLines),
  /** What refunds before it took back of each category and rate, with tax, in the order of the invoice: the highest rate first. */
  creditedBefore: z.array(amountMinor).max(maxOrderLines),
});
export type Credit = z.output<typeof credit>;
