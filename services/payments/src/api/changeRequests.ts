import { maxTextLength } from '@fanfold/contracts/fields';
import * as z from 'zod';
import { optionalText, positiveAmount, text } from './fields.ts';

export const captureRequest = z.strictObject({ amount: positiveAmount.optional() });

export const cancelRequest = z.strictObject({
  reason: text(maxTextLength.reason).default('requested_by_merchant'),
});

export const refundRequest = z.strictObject({
  amount: positiveAmount.optional(),
  reason: optionalText(maxTextLength.reason),
});
