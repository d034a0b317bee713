import { identifier, maxLength, merchantId, subjectId } from '@fanfold/contracts/event';
import { unfitCharactersOf } from '@fanfold/contracts/text';
import * as z from 'zod';

/** What an operator's tool orders: that nobody can read any more what the log has of a subject. */
export const eraseRequest = z.strictObject({
  merchantId,
  /** A payment, or a refund or document of one. */
  subject: subjectId,
  reason: z
    .string()
    .min(1)
    .max(500)
    .refine((reason) => unfitCharactersOf(reason) === undefined, 'has characters that are unfit for a text')
    .nullable(),
  /** The `operation.ordered.v1` that the order was said with. */
  operationId: identifier(maxLength.subject),
});

export type EraseRequest = z.output<typeof eraseRequest>;
