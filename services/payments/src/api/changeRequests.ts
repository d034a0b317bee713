import { maxTextLength } from '@fanfold/contracts/fields';
import { maxOrderLines } from '@fanfold/contracts/order';
import * as z from 'zod';
import type { RefundLine } from '../payment/credit.ts';
import { optionalText, positiveAmount, quantity, text } from './fields.ts';

export const captureRequest = z.strictObject({ amount: positiveAmount.optional() });

export const cancelRequest = z.strictObject({
  reason: text(maxTextLength.reason).default('requested_by_merchant'),
});

export const refundLineRequest = z
  .strictObject({
    line: z.int().min(1).max(maxOrderLines),
    quantity: quantity.refine((wanted) => Number(wanted) > 0, 'must be more than 0').optional(),
    amount: positiveAmount.optional(),
  })
  .refine(({ quantity, amount }) => quantity === undefined || amount === undefined, {
    path: ['amount'],
    message: 'must be left out beside a quantity',
  });

export const refundRequest = z.strictObject({
  amount: positiveAmount.optional(),
  lines: z.array(refundLineRequest).min(1).max(maxOrderLines).optional(),
  reason: optionalText(maxTextLength.reason),
});

/** Quantities as texts, as they are kept. */
export const refundLinesOf = (lines: z.output<typeof refundLineRequest>[]): RefundLine[] =>
  lines.map(({ line, quantity, amount }) => ({
    line,
    quantity: quantity === undefined ? undefined : String(quantity),
    amount,
  }));
