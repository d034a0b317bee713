import * as z from 'zod';
import { defineEvent } from './event.ts';

export const operationOrdered = defineEvent({
  type: 'operation.ordered.v1',
  source: '/operator',
  description:
    'An operator is about to move, discard, send again or have said again messages, or to erase what is recorded of somebody. A large operation is said in parts, all before it acts.',
  data: () =>
    z.object({
      command: z.enum(['dlq redrive', 'dlq discard', 'replay', 'republish', 'audit erase']),
      stage: z.string(),
      /** The user of the laptop, or the ARN that AWS knows the caller by. */
      orderedBy: z.string(),
      reason: z.string().nullable(),
      /** What the messages were chosen by, as it was given: option and value. */
      filters: z.record(z.string(), z.string()),
      /** How many messages it is about in all parts together; 0 when only a service will know, as with `republish` and `audit erase`. */
      total: z.int().min(0),
      messages: z.array(
        z.object({
          /** Of the message in its queue, or of the object in its bucket; null for an event that is replayed. */
          messageId: z.string().nullable(),
          /** Null when the message is no event, or holds several. */
          eventId: z.string().nullable(),
        }),
      ),
    }),
});
