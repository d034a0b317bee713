import * as z from 'zod';

/**
 * What an operator's command asks for to restore the log's table: what there is to do; to write entries and head; to record
 * again what was recorded where the published log has something else, a part at a time; to make erasures again that a table has
 * forgotten; which entries have no event; to note which numbers were given to documents that are lost.
 */
export const restoreRequest = z.discriminatedUnion('restore', [
  z.strictObject({ restore: z.literal('plan') }),
  z.strictObject({ restore: z.literal('entries') }),
  z.strictObject({
    restore: z.literal('moved'),
    /** `next` of the part before. */
    after: z.strictObject({ pk: z.string(), sk: z.string() }).optional(),
  }),
  z.strictObject({ restore: z.literal('erasures'), dryRun: z.boolean() }),
  z.strictObject({ restore: z.literal('open') }),
  z.strictObject({
    restore: z.literal('lost'),
    numbers: z.array(
      z.strictObject({ merchantId: z.string(), name: z.string(), first: z.int(), last: z.int() }),
    ),
  }),
]);

export type RestoreRequest = z.output<typeof restoreRequest>;
