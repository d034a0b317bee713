import { eventType, maxLength, merchantId } from '@fanfold/contracts/event';
import * as z from 'zod';
import { eventQuery, time } from './eventQuery.ts';

/**
 * What an operator's command reads from the log. To show events: one of a merchant, or a page of them, in the API's
 * form. To replay events: first the index, a part at a time, then the texts of some events. To find what is wrong:
 * whether the log can be signed. To restore documents: which numbers of each series the log has; up to which one they were
 * given, by the log's bucket; and which of them are lost.
 */
export const exportRequest = z.discriminatedUnion('read', [
  z.strictObject({ read: z.literal('event'), merchantId, id: z.string().min(1).max(maxLength.eventId) }),
  /** The proof that the log has it. */
  z.strictObject({ read: z.literal('proof'), merchantId, id: z.string().min(1).max(maxLength.eventId) }),
  z.strictObject({ read: z.literal('events'), merchantId, query: eventQuery }),
  z.strictObject({
    read: z.literal('index'),
    /** The earliest time of an event, inclusive. */
    from: time,
    /** The end of the range, exclusive. */
    to: time,
    type: eventType.optional(),
    subject: z.string().min(1).max(maxLength.subject).optional(),
    merchantId: merchantId.optional(),
    /** `next` of the part before. */
    after: z
      .union([
        z.strictObject({ position: z.int() }),
        z.strictObject({ pk: z.string(), sk: z.string(), merchantId: z.string(), position: z.int() }),
      ])
      .optional(),
  }),
  z.strictObject({
    read: z.literal('texts'),
    /** As in the index. When the texts are too many for one answer, it has the first ones. */
    events: z
      .array(z.object({ merchantId, id: z.string().max(maxLength.eventId), position: z.int().min(0) }))
      .min(1)
      .max(100),
  }),
  z.strictObject({ read: z.literal('log') }),
  z.strictObject({
    read: z.enum(['series', 'given', 'lost']),
    /** `next` of the part before. */
    after: z.string().optional(),
  }),
]);

export type ExportRequest = z.output<typeof exportRequest>;
export type IndexRequest = Extract<ExportRequest, { read: 'index' }>;

/** An event as the index has it: enough to select it, count it and ask for its text. */
export type Indexed = { merchantId: string; id: string; type: string; position: number };
