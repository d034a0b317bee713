import { maxAmountMinor } from '@fanfold/contracts/fields';
import { maxQuantity } from '@fanfold/contracts/order';
import { isVisible } from '@fanfold/contracts/text';
import * as z from 'zod';

/** Texts are trimmed before their length is checked. Codes are not: they must match exactly. */
export const anyText = (maxLength: number) => z.string().trim().max(maxLength);
export const text = (maxLength: number) =>
  anyText(maxLength).refine(isVisible, 'must have at least one visible character');
export const optionalText = (maxLength: number) => text(maxLength).nullable().default(null);

export const positiveAmount = z
  .int()
  .min(1, 'must be at least 1, in minor units of the currency')
  .max(maxAmountMinor);

/** The error of a union, whose alternatives have their own. */
export const missingOr = (message: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? 'is missing' : message;

const isQuantity = (quantity: number | string): boolean =>
  Number(quantity) !== 0 && Math.abs(Number(quantity)) <= maxQuantity;
const otherThanZero = `must be a number other than 0, of at most ${maxQuantity}`;

/** A number with no more decimals than that is what it was written as, so its text has them. */
const hasFourDecimals = (quantity: number): boolean => /^-?\d+(\.\d{1,4})?$/.test(String(quantity));

const quantityForm = 'must be a number with at most four decimals, such as 2 or "1.5"';

export const quantity = z.union(
  [
    z.number().refine(isQuantity, otherThanZero).refine(hasFourDecimals, 'must have at most four decimals'),
    z
      .string()
      .regex(/^-?\d{1,7}(\.\d{1,4})?$/, { error: quantityForm, abort: true })
      .refine(isQuantity, otherThanZero),
  ],
  { error: missingOr(quantityForm) },
);
