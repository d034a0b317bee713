import type { Message } from '@aws-sdk/client-sqs';
import { identifier, maxLength } from '@fanfold/contracts/event';
import { messageBytes, messaging } from '@fanfold/runtime/batch';
import {
  type MessageAttributes,
  maxMessageAttributes,
  sentAgain,
  textAttributes,
} from '@fanfold/runtime/messageAttributes';
import type { Place } from './places.ts';

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
    sourceMessageId: MessageAttributes['quarantined-message-id']?.StringValue ?? null,
    cause: reason ?? unexplained,
    detail: MessageAttributes['quarantine-detail']?.StringValue ?? received,
    since: new Date(Number(Attributes.SentTimestamp ?? 0)).toISOString(),
    body: Body,
    attributes: MessageAttributes,
  };
}

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

/** Whether an id means a dead letter: its own, or the one in its consumer's log. */
export const hasId = ({ messageId, sourceMessageId }: DeadLetter, id: string): boolean =>
  id === messageId || id === sourceMessageId;

/** Which dead letters an operator means: those with these ids, or those that fit all of the rest. */
export type Selection = {
  ids?: string[];
  /** A service, or the name of a queue or bucket. */
  queue?: string;
  cause?: string;
  type?: string;
  merchant?: string;
};

export const isAt = (place: Place, queue?: string): boolean =>
  queue === undefined || queue === place.service || queue === place.name;

export function isSelected(
  deadLetter: DeadLetter,
  { ids, queue, cause, type, merchant }: Selection,
): boolean {
  return (
    (ids?.some((id) => hasId(deadLetter, id)) ?? true) &&
    isAt(deadLetter.place, queue) &&
    (cause === undefined || cause === deadLetter.cause) &&
    (type === undefined || type === deadLetter.type) &&
    (merchant === undefined || merchant === deadLetter.merchantId)
  );
}

/** The dead letters of a place that have their cause in common. */
export type Group = {
  queue: string;
  cause: string;
  count: number;
  oldest: string;
  /** How many of each type of event; what is no event has none. */
  types: Record<string, number>;
  examples: string[];
};

/** Groups, the largest first. */
export function groupsOf(deadLetters: DeadLetter[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { place, cause, since, type, messageId } of deadLetters) {
    const key = JSON.stringify([place.name, cause]);
    const group = groups.get(key) ?? {
      queue: place.name,
      cause,
      count: 0,
      oldest: since,
      types: {},
      examples: [],
    };
    groups.set(key, group);
    group.count += 1;
    if (since < group.oldest) group.oldest = since;
    if (type !== null) group.types[type] = (group.types[type] ?? 0) + 1;
    if (group.examples.length < 3) group.examples.push(messageId);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

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

/** How long ago, in its largest unit: `3 d`. */
export function ageOf(since: string, now: Date): string {
  const s = Math.max(0, Math.floor((now.getTime() - Date.parse(since)) / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return s < 86_400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
}
