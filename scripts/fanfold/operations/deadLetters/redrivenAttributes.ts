import { messageBytes, messaging } from '@fanfold/runtime/batch';
import {
  type MessageAttributes,
  maxMessageAttributes,
  sentAgain,
  textAttributes,
} from '@fanfold/runtime/messageAttributes';
import type { DeadLetter } from './deadLetter.ts';

/**
 * The attributes of a message that is given to its consumer again: its own, without why it had not been handled, and
 * marked. The mark keeps it out of the metric `CriticalTime`; where AWS would not take the message with it, it goes without.
 */
export function redrivenAttributes(
  { body, attributes }: Pick<DeadLetter, 'body' | 'attributes'>,
  operationId: string,
): MessageAttributes {
  const own = Object.fromEntries(
    Object.entries(attributes).filter(
      ([name]) => !name.startsWith('quarantine') && name !== sentAgain.redriven,
    ),
  );
  const marked = { ...own, ...textAttributes({ [sentAgain.redriven]: operationId }) };
  const isTaken =
    Object.keys(marked).length <= maxMessageAttributes &&
    messageBytes({ body, attributes: marked }) <= messaging.bytes;
  return isTaken ? marked : own;
}
