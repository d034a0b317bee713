import * as z from 'zod';
import { defineEvent, identifier, maxLength, subjectId } from './event.ts';
import { nonPersonal, personal } from './personal.ts';

export const operationOrdered = defineEvent({
  type: 'operation.ordered.v1',
  source: '/operator',
  description:
    'An operator is about to move, discard, replay or republish messages, to erase what is recorded of a data subject, to restore a table, or to stop or start what runs by itself. A large operation is published in several parts, all of them before it acts.',
  data: () =>
    z.object({
      /** No closed list: an audit that is older than the operator's tool records a command that it does not know, too. */
      command: nonPersonal(z.string().max(64)),
      stage: nonPersonal(z.string()),
      /** The user of the laptop, or the ARN of the caller in AWS. */
      orderedBy: personal(z.string()),
      reason: personal(z.string()).nullable(),
      /** How the messages were selected: options and their values. */
      filters: z.record(nonPersonal(z.string()), personal(z.string())),
      /**
       * How many messages the operation concerns, in all its parts. 0 when it is about none, or only a service will
       * know, as with `republish`, `audit erase` and `restore`.
       */
      total: z.int().min(0),
      messages: z.array(
        z.object({
          /**
           * The id of the message in its queue, or the object's key in its bucket; null for an event that is
           * replayed.
           */
          messageId: nonPersonal(z.string()).nullable(),
          /** Null when the message is not an event, or has several. */
          eventId: nonPersonal(z.string()).nullable(),
        }),
      ),
    }),
});

export const deadLetterEdited = defineEvent({
  type: 'dead-letter.edited.v1',
  source: '/operator',
  description:
    'An operator is about to send a dead letter to its service with another body. It belongs to the merchant of the event, and is erased with it.',
  data: () =>
    z.object({
      /** The order, an `operation.ordered.v1`, which says who gave it. */
      operationId: identifier(maxLength.subject),
      reason: personal(z.string()),
      /** The queue where the message was a dead letter. */
      queue: nonPersonal(z.string().max(80)),
      messageId: nonPersonal(z.string().max(128)),
      /** The payment that the event belongs to, or else its own subject: whoever erases that erases both bodies. */
      paymentId: subjectId,
      /** The body as it was, to the letter; it need not have been an event. */
      original: personal(z.string()),
      /** The body that is sent instead. */
      edited: personal(z.string()),
    }),
});
