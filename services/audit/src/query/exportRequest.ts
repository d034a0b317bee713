import { eventType, maxLength, merchantId } from '@fanfold/contracts/event';
import * as z from 'zod';
import { eventQuery, time } from './eventQuery.ts';

/**
 * What an operator's tool asks of the log. To show what happened: an event of a merchant, or a page of them, as the API
 * shows them. To send recorded events again: first which events there are, a part at a time, then the texts of some of
 * them.
 */
export const exportRequest = z.discriminatedUnion('read', [
  z.strictObject({ read: z.literal('event'), merchantId, id: z.string().min(1).max(maxLength.eventId) }),
  z.strictObject({ read: z.literal('events'), merchantId, query: eventQuery }),
  z.strictObject({
    read: z.literal('index'),
    /** The earliest time of an event. */
    from: time,
    /** The time before which an event must have been. */
    to: time,
    type: eventType.optional(),
    subject: z.string().min(1).max(maxLength.subject).optional(),
    merchantId: merchantId.optional(),
    /** `next` of the part before. */
    after: z
      .strictObject({ pk: z.string(), sk: z.string(), merchantId: z.string(), position: z.int() })
      .optional(),
  }),
  z.strictObject({
    read: z.literal('texts'),
    /** As the index has them. A text may be too many for one answer: the first ones are given. */
    events: z
      .array(z.object({ merchantId, id: z.string().max(maxLength.eventId), position: z.int().min(0) }))
      .min(1)
      .max(100),
  }),
]);

export type ExportRequest = z.output<typeof exportRequest>;
export type IndexRequest = Extract<ExportRequest, { read: 'index' }>;

/** An event as the index has it: enough to choose it, count it and ask for its text. */
export type Indexed = { merchantId: string; id: string; type: string; position: number };
