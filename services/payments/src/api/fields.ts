import { maxAmountMinor } from '@fanfold/contracts/fields';
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
