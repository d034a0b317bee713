import { identifier, maxLength, merchantId, subjectId } from '@fanfold/contracts/event';
import { unfitCharactersOf } from '@fanfold/contracts/text';
import * as z from 'zod';

const whose = {
  merchantId,
  /** A payment, or a refund or document of one. */
  subject: subjectId,
};

/** A dry run: what would be erased? */
const erasableRequest = z.strictObject({ ...whose, dryRun: z.literal(true) });

/** The order to erase: make unreadable what the log has about a subject. */
const eraseOrder = z.strictObject({
  ...whose,
  reason: z
    .string()
    .min(1)
    .max(500)
    .refine((reason) => unfitCharactersOf(reason) === undefined, 'has characters that are unfit for a text')
    .nullable(),
  /** The id of the operator's `operation.ordered.v1`. */
  operationId: identifier(maxLength.subject),
});

export const eraseRequest = z.union([eraseOrder, erasableRequest]);

export type EraseOrder = z.output<typeof eraseOrder>;
export type ErasableRequest = z.output<typeof erasableRequest>;
