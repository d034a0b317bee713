import { randomBytes } from 'node:crypto';
import { type Event, makeEvent, maxEventBytes } from '@fanfold/contracts/event';
import { deadLetterEdited } from '@fanfold/contracts/operator';
import { problemsOfEdit } from '@fanfold/contracts/problems';
import type { Place } from '../../aws/places.ts';
import { CommandError } from '../../errors.ts';
import type { OrderFacts } from '../order.ts';
import type { DeadLetter } from './deadLetter.ts';

/** A dead letter that is sent with another body. */
export type Edit = { verb: 'edit'; body: string; reason: string };

/** Whether what lies at a place can be an event that somebody may edit. */
export const mayBeEdited = ({ kind, service }: Place): boolean => kind !== 'stream' && service !== 'audit';

/**
 * The event that is sent instead of a dead letter.
 *
 * @throws CommandError when it may not be: what lies there is no event's, or the body is none that may replace it
 */
export function editedEvent({ place, messageId, body: original }: DeadLetter, body: string): Event {
  if (place.kind === 'stream') {
    throw new CommandError(
      'Nothing was done: records of a stream are not edited. Correct the table, or discard them.',
    );
  }
  if (place.service === 'audit') {
    throw new CommandError(
      'Nothing was done: audit records what services published, to the letter, so nobody edits its messages. Correct the ' +
        'publisher, and publish it again.',
    );
  }
  const problems = problemsOfEdit(original, body);
  if (problems.length === 0) return JSON.parse(body) as Event;
  throw new CommandError(
    `Nothing was done: this body cannot be sent instead of ${messageId}.`,
    ...problems.map(({ pointer, detail }) => `${pointer || 'the whole'}: ${detail}`),
  );
}

/**
 * What audit keeps of an edit: both bodies, of the merchant and the payment of the event, by whose key they are encrypted. So
 * who erases the payment erases them as well.
 *
 * @throws CommandError when both are too much for one event
 */
export function eventOfEdit(
  { place, messageId, body: original }: DeadLetter,
  edited: Event,
  reason: string,
  { operationId, time, traceparent }: OrderFacts,
): Event {
  const { paymentId } = Object(edited.data) as { paymentId?: string };
  try {
    return makeEvent(deadLetterEdited, {
      subject: `edit_${randomBytes(16).toString('hex')}`,
      n: 1,
      time: time.toISOString(),
      merchantid: edited.merchantid,
      // Among what else followed from the event: `trace` shows it there.
      trace: { correlationid: edited.correlationid, causationid: operationId, traceparent },
      data: {
        operationId,
        reason,
        queue: place.name,
        messageId,
        paymentId: paymentId ?? edited.subject,
        original,
        edited: JSON.stringify(edited),
      },
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new CommandError(
      `Nothing was done: both bodies are kept in one event of the audit trail, which may have ${maxEventBytes} bytes, and these are more.`,
    );
  }
}
