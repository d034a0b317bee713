import { identifier, maxLength, merchantId, subjectId } from '@fanfold/contracts/event';
import { unfitCharactersOf } from '@fanfold/contracts/text';
import * as z from 'zod';

const whose = {
  merchantId,
  /** A payment, or a refund or document of one. */
  subject: subjectId,
};

/** What an operator's tool asks before it orders: what there is to be erased. */
const erasableRequest = z.strictObject({ ...whose, dryRun: z.literal(true) });

/** What an operator's tool orders: that nobody can read any more what the log has of a subject. */
const eraseOrder = z.strictObject({
  ...whose,
  reason: z
    .string()
    .min(1)
    .max(500)
    .refine((reason) => unfitCharactersOf(reason) === undefined, 'has characters that are unfit for a text')
    .nullable(),
  /** The `operation.ordered.v1` that the order was said with. */
  operationId: identifier(maxLength.subject),
});

export const eraseRequest = z.union([eraseOrder, erasableRequest]);

export type EraseOrder = z.output<typeof eraseOrder>;
export type ErasableRequest = z.output<typeof erasableRequest>;
