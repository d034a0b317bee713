import type { Message } from '@aws-sdk/client-sqs';
import { identifier, maxLength } from '@fanfold/contracts/event';
import type { MessageAttributes } from '@fanfold/runtime/messageAttributes';
import type { Place } from '../../aws/places.ts';

/** What is known of an event without trusting that it is one. */
type EventFacts = {
  id: string | null;
  type: string | null;
  subject: string | null;
  merchantId: string | null;
};

/** A message that nobody could handle, or records of a stream that could not be published. */
export type DeadLetter = EventFacts & {
  place: Place;
  /** Of the message, or the last part of the object's key. */
  messageId: string;
  /** Of the message in its service's queue, as its consumer's log names it, where a copy of it lies here. */
  sourceMessageId: string | null;
  /** Stable, for grouping. */
  cause: string;
  detail: string | null;
  /** Since when it waits. SQS keeps the time when what it moves was first sent. */
  since: string;
  /** Why and since when it is put aside; null if it is not. */
  aside: { reason: string; since: string } | null;
  body: string;
  attributes: MessageAttributes;
};

/**
 * A message as it lies in a queue of dead letters. Consumers write why (packages/runtime/src/consume/quarantine.ts);
 * what SQS and SNS put there comes without a reason.
 */
export function deadLetterOf(place: Place, message: Message): DeadLetter {
  const { MessageId = '', Body = '', Attributes = {}, MessageAttributes = {} } = message;
  const reason = MessageAttributes['quarantine-reason']?.StringValue;
  const unexplained = place.kind === 'subscription' ? 'not delivered' : 'received too often';
  // SQS goes on counting: whoever looks at a message receives it.
  const received =
    reason === undefined && place.kind === 'events'
      ? `${Attributes.ApproximateReceiveCount} times, by its consumer and since then by those who looked at it`
      : null;
  return {
    ...factsOf(Body),
    place,
    messageId: MessageId,
    sourceMessageId: sourceIdOf(message) ?? null,
    cause: reason ?? unexplained,
    detail: MessageAttributes['quarantine-detail']?.StringValue ?? received,
    since: deadSinceOf(message),
    aside: asideOf(MessageAttributes),
    body: Body,
    attributes: MessageAttributes,
  };
}

/** A message that was put aside, or restored, was sent anew: since when it is a dead letter goes with it. */
export const deadSinceOf = ({ Attributes = {}, MessageAttributes = {} }: Message): string =>
  MessageAttributes[asideAttributes.deadSince]?.StringValue ??
  new Date(Number(Attributes.SentTimestamp ?? 0)).toISOString();

/**
 * What goes with a message that is put aside, beside what is known of it. With the beginning that the consumers' own reasons
 * have, it is taken off when the message is redriven.
 */
export const asideAttributes = {
  reason: 'quarantine-aside-reason',
  since: 'quarantine-aside-since',
  deadSince: 'quarantine-dead-since',
} as const;

function asideOf(attributes: MessageAttributes): DeadLetter['aside'] {
  const [reason, since] = [asideAttributes.reason, asideAttributes.since].map(
    (name) => attributes[name]?.StringValue,
  );
  return reason === undefined || since === undefined ? null : { reason, since };
}

const sourceIdOf = ({ MessageAttributes = {} }: Message): string | undefined =>
  MessageAttributes['quarantined-message-id']?.StringValue;

/** What a message is called: by its own id, and by the one in its consumer's log. */
export const idsOf = (message: Message): string[] =>
  [message.MessageId ?? '', sourceIdOf(message) ?? []].flat();

/** The record that Lambda leaves in a bucket, with the records of the stream in it: `onFailure.ts` of local-cloud. */
export type StreamFailure = {
  requestContext?: { condition?: string; approximateInvokeCount?: number };
  timestamp?: string;
  payload?: { Records?: unknown[] };
};

/** @param writtenAt when the object was written */
export function streamFailureOf(place: Place, key: string, text: string, writtenAt: string): DeadLetter {
  const { requestContext, timestamp, payload } = (parsed(text) ?? {}) as StreamFailure;
  const count = payload?.Records?.length;
  const isReadable =
    requestContext?.condition !== undefined && timestamp !== undefined && count !== undefined;
  return {
    id: null,
    type: null,
    subject: null,
    merchantId: null,
    place,
    messageId: key.slice(key.lastIndexOf('/') + 1),
    sourceMessageId: null,
    cause: isReadable ? (requestContext.condition as string) : 'unreadable',
    detail: isReadable
      ? `${count} ${count === 1 ? 'record' : 'records'} of the stream, given to the publisher ${requestContext.approximateInvokeCount} times`
      : 'not what Lambda writes there',
    since: timestamp ?? writtenAt,
    aside: null,
    body: text,
    attributes: {},
  };
}

function factsOf(body: string): EventFacts {
  const value = Object(parsed(body)) as Record<string, unknown>;
  const { id, type, subject, merchantid } = value;
  return { id: plain(id), type: plain(type), subject: plain(subject), merchantId: plain(merchantid) };
}

/** Poison need not be JSON: then nothing is known of it, and its cause says so. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const anyId = identifier(maxLength.eventId);

/** Only what can be an identifier: a terminal is not shown what somebody wrote for it. */
const plain = (value: unknown): string | null => anyId.safeParse(value).data ?? null;
