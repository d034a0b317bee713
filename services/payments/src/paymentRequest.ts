import { amountMinor, currency, maxAmountMinor, taxRate } from '@fanfold/contracts/fields';
import { totalsOf } from '@fanfold/contracts/tax';
import * as z from 'zod';
import { paymentMethods } from './gateway.ts';
import type { PaymentRequest } from './payment.ts';

const text = (maxLength: number) => z.string().trim().min(1, 'must not be empty').max(maxLength);
const optionalText = (maxLength: number) => text(maxLength).nullable().default(null);

const positiveAmount = z
  .int()
  .min(1, 'must be at least 1, in minor units of the currency')
  .max(maxAmountMinor);

const address = z.strictObject({
  line1: optionalText(200),
  line2: optionalText(200),
  city: optionalText(100),
  postalCode: optionalText(20),
  state: optionalText(100),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters, an ISO 3166-1 code such as "BE"'),
});

const customer = z.strictObject({
  name: text(200),
  email: z.email().max(254).nullable().default(null),
  taxId: optionalText(40),
  address,
});

const line = z.strictObject({
  description: text(200),
  quantity: z.int().min(1).max(1_000_000),
  unitAmount: amountMinor,
  taxRate,
});

const metadata = z
  .record(
    z
      .string()
      .min(1)
      .max(40)
      .refine((key) => !(key in Object.prototype), 'is a name that JavaScript keeps for itself'),
    z.string().max(500),
  )
  .refine((entries) => Object.keys(entries).length <= 20, 'must have at most 20 entries')
  .default({});

/** The body of `POST /payments`. Unknown fields are refused: a misspelt `captureMethod` must not charge a card. */
export const paymentRequest: z.ZodType<PaymentRequest> = z
  .strictObject({
    amount: positiveAmount,
    currency,
    paymentMethod: z.enum(paymentMethods),
    captureMethod: z.enum(['automatic', 'manual']).default('automatic'),
    orderId: text(100),
    description: optionalText(500),
    customer,
    lines: z.array(line).min(1).max(50).nullable().default(null),
    metadata,
  })
  .superRefine(({ amount, lines }, context) => {
    // This runs as well when a field is wrong: a rate that is none cannot be reckoned with.
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

export const cancelRequest = z.strictObject({ reason: text(200).default('requested_by_merchant') });

export const refundRequest = z.strictObject({ amount: positiveAmount.optional(), reason: optionalText(200) });
