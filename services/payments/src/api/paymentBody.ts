import {
  currency,
  customerTypes,
  day,
  maxAmountMinor,
  maxRoundingMinor,
  maxTextLength,
  taxRate,
} from '@fanfold/contracts/fields';
import { maxOrderLines } from '@fanfold/contracts/order';
import { vatCategories } from '@fanfold/contracts/vatCategory';
import { CountryCodes } from 'validator/lib/isISO31661Alpha2.js';
import * as z from 'zod';
import { accepts, paymentMethods } from '../providers/gateway.ts';
import { anyText, missingOr, optionalText, positiveAmount, quantity, text } from './fields.ts';

/** Of the codes that ISO leaves to its users, invoices need the two that the European Union has assigned. */
export const countries: ReadonlySet<string> = new Set<string>([...CountryCodes, 'XI', 'XK']);

export const isCountry = (code: string): boolean => countries.has(code);

const country = z
  .string()
  .refine(
    isCountry,
    'must be an ISO 3166-1 code in capital letters, such as "BE"; Northern Ireland is "XI" and Kosovo "XK"',
  );

export const addressRequest = z.strictObject({
  line1: optionalText(200),
  line2: optionalText(200),
  city: optionalText(100),
  postalCode: optionalText(20),
  state: optionalText(100),
  country,
});

export const electronicAddressRequest = z.strictObject({ scheme: text(4), id: text(100) });

export const customerRequest = z.strictObject({
  name: text(200),
  email: anyText(254).pipe(z.email()).nullable().default(null),
  taxId: optionalText(40),
  vatId: text(20).nullish(),
  electronicAddress: electronicAddressRequest.nullish(),
  type: z.enum(customerTypes).nullish(),
  address: addressRequest,
});

const unitAmountForm =
  'must be a whole number of minor units, or a text in the major unit with a decimal point and at most six decimals, such as 5000 or "50.00"';

/**
 * A whole number counts minor units. A text is in the major unit and has a decimal point, so that nobody reads `5000` as
 * fifty when it was meant as five thousand.
 */
const unitAmount = z.union(
  [
    z.int().min(-maxAmountMinor).max(maxAmountMinor),
    z.string().regex(/^-?\d{1,12}\.\d{1,6}$/, unitAmountForm),
  ],
  { error: missingOr(unitAmountForm) },
);

const percent = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,4})?$/, 'must be a percentage with at most four decimals, such as "10" or "2.5"')
  .refine((text) => Number(text) > 0 && Number(text) <= 100, 'must be more than 0, and at most 100');
export const adjustmentRequest = z.strictObject({ amount: positiveAmount, reason: text(100).optional() });
export const percentageRequest = z.strictObject({ percent, reason: text(100).optional() });
/** An amount alone, or an amount or a percentage with its reason. */
const adjustment = z
  .union([positiveAmount, adjustmentRequest, percentageRequest], {
    error: 'must be an amount in minor units, or an object with amount or percent, and reason',
  })
  .nullish();

const vat = {
  taxCategory: z.enum(vatCategories).nullish(),
  exemptionCode: text(30).nullish(),
  exemptionReason: text(200).nullish(),
};

export const lineRequest = z.strictObject({
  description: text(200),
  itemId: text(50).nullish(),
  quantity,
  unit: text(3).nullish(),
  unitAmount,
  taxRate,
  ...vat,
  discount: adjustment,
  charge: adjustment,
});

export const deliveryRequest = z
  .strictObject({
    date: day
      .refine((date) => /^20/.test(date), 'must be a day of this century, from 2000-01-01 to 2099-12-31')
      .nullish(),
    city: text(100).nullish(),
    postalCode: text(20).nullish(),
    country: country.nullish(),
  })
  .refine(({ city, postalCode, country }) => country != null || (city == null && postalCode == null), {
    path: ['country'],
    message: 'must be given with a city or postal code',
  });

export const exchangeRequest = z.strictObject({
  currency,
  rate: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,10})?$/, 'must be a number with at most ten decimals, such as "24.315"'),
  source: text(100),
});

/** Arab central banks keep their accounts in XAD. */
export const isPaidIn = (code: string): boolean => code !== 'XAD';

export const maxMetadataEntries = 20;
export const fewEntries = (entries: object): boolean => Object.keys(entries).length <= maxMetadataEntries;

const metadata = z
  .record(z.string(), z.string())
  .refine(
    (entries) => new Set(Object.keys(entries).map((key) => key.trim())).size === Object.keys(entries).length,
    'has keys that differ only in the blanks around them',
  )
  .pipe(
    z.record(
      text(40).refine((key) => !(key in Object.prototype), 'is a reserved name: choose another'),
      anyText(500),
    ),
  )
  .refine(fewEntries, `must have at most ${maxMetadataEntries} entries`)
  .default({});

export const isAccepted = (paymentMethod: string): boolean => accepts(paymentMethod);

const notAccepted = paymentMethods
  ? `must be one of ${paymentMethods.map((each) => JSON.stringify(each)).join(', ')}`
  : 'is none that the payment provider accepts';

/** Unknown fields are refused: a misspelt `captureMethod` must not charge a card. */
export const paymentBody = z.strictObject({
  amount: positiveAmount,
  currency: currency.refine(
    isPaidIn,
    'is what Arab central banks keep their accounts in: nothing is paid in it',
  ),
  paymentMethod: z.string().max(64).refine(isAccepted, notAccepted),
  captureMethod: z.enum(['automatic', 'manual']).default('automatic'),
  orderId: text(maxTextLength.orderId),
  description: optionalText(500),
  customer: customerRequest,
  lines: z.array(lineRequest).min(1).max(maxOrderLines).nullable().default(null),
  pricesIncludeTax: z.boolean().nullish(),
  discount: adjustment,
  charge: adjustment,
  taxRate: taxRate.nullish(),
  ...vat,
  roundingAmount: z.int().min(-maxRoundingMinor).max(maxRoundingMinor).nullish(),
  buyerReference: text(100).nullish(),
  orderReference: text(100).nullish(),
  delivery: deliveryRequest.nullish(),
  exchange: exchangeRequest.nullish(),
  metadata,
});
export type PaymentBody = z.output<typeof paymentBody>;
