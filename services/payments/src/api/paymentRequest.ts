import { amountMinor, currency, maxAmountMinor, maxTextLength, taxRate } from '@fanfold/contracts/fields';
import { totalsOf } from '@fanfold/contracts/tax';
import { isVisible } from '@fanfold/contracts/text';
import { CountryCodes } from 'validator/lib/isISO31661Alpha2.js';
import * as z from 'zod';
import type { PaymentRequest } from '../payment/payment.ts';
import { paymentMethods } from '../providers/gateway.ts';

/** Texts are trimmed before their length is checked. Codes are not: they must match exactly. */
const anyText = (maxLength: number) => z.string().trim().max(maxLength);
const text = (maxLength: number) =>
  anyText(maxLength).refine(isVisible, 'must have at least one visible character');
const optionalText = (maxLength: number) => text(maxLength).nullable().default(null);

const positiveAmount = z
  .int()
  .min(1, 'must be at least 1, in minor units of the currency')
  .max(maxAmountMinor);

/** Of the codes that ISO leaves to its users, invoices need the two that the European Union has assigned. */
export const countries: ReadonlySet<string> = new Set<string>([...CountryCodes, 'XI', 'XK']);

export const isCountry = (code: string): boolean => countries.has(code);

export const addressRequest = z.strictObject({
  line1: optionalText(200),
  line2: optionalText(200),
  city: optionalText(100),
  postalCode: optionalText(20),
  state: optionalText(100),
  country: z
    .string()
    .refine(
      isCountry,
      'must be an ISO 3166-1 code in capital letters, such as "BE"; Northern Ireland is "XI" and Kosovo "XK"',
    ),
});

export const customerRequest = z.strictObject({
  name: text(200),
  email: anyText(254).pipe(z.email()).nullable().default(null),
  taxId: optionalText(40),
  address: addressRequest,
});

export const lineRequest = z.strictObject({
  description: text(200),
  quantity: z.int().min(1).max(1_000_000),
  unitAmount: amountMinor,
  taxRate,
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

/** The body of `POST /payments`. Unknown fields are refused: a misspelt `captureMethod` must not charge a card. */
export const paymentRequest: z.ZodType<PaymentRequest> = z
  .strictObject({
    amount: positiveAmount,
    currency: currency.refine(
      isPaidIn,
      'is what Arab central banks keep their accounts in: nothing is paid in it',
    ),
    paymentMethod: z.enum(paymentMethods),
    captureMethod: z.enum(['automatic', 'manual']).default('automatic'),
    orderId: text(maxTextLength.orderId),
    description: optionalText(500),
    customer: customerRequest,
    lines: z.array(lineRequest).min(1).max(50).nullable().default(null),
    metadata,
  })
  .superRefine(({ amount, lines }, context) => {
    // This runs also when a field is invalid: an invalid rate cannot be used in a calculation.
    if (!lines || context.issues.length > 0) return;
    const gross = grossOf(lines);
    if (gross !== amount) {
      const message = `the lines add up to ${gross ?? 'more than can be stated'} with tax, not to ${amount}`;
      context.addIssue({ code: 'custom', path: ['amount'], message });
    }
  });

function grossOf(lines: NonNullable<PaymentRequest['lines']>): number | undefined {
  try {
    return totalsOf(lines).gross;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

export const captureRequest = z.strictObject({ amount: positiveAmount.optional() });

export const cancelRequest = z.strictObject({
  reason: text(maxTextLength.reason).default('requested_by_merchant'),
});

export const refundRequest = z.strictObject({
  amount: positiveAmount.optional(),
  reason: optionalText(maxTextLength.reason),
});
