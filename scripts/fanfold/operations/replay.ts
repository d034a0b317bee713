import type { Event } from '@fanfold/contracts/event';
import { paymentsDayClosed } from '@fanfold/contracts/payments';
import { messageAttributesOf, sentAgain, textAttributes } from '@fanfold/runtime/messageAttributes';
import { type Indexed, indexOf, type LogFilter, textsOf } from '../aws/auditLog.ts';
import type { Cloud } from '../aws/cloud.ts';
import { batchesOf, type Outgoing, pace, type Send, toQueue, toTopic } from '../aws/sending.ts';
import { subscribedQueue } from '../aws/subscriptions.ts';
import { CommandError, UsageError } from '../errors.ts';
import { aboutUnknownType } from './eventTypes.ts';
import { order } from './order.ts';

/** Which recorded events are sent again, and where to. */
export type ReplayRequest = LogFilter & {
  /** A service or a queue; the topic, and so every service, if it is not given. */
  toQueue?: string;
  /** Only events behind this position of the log. */
  after?: number;
};

/** What would be sent, in the order of the log. */
export type ReplayPlan = {
  request: ReplayRequest;
  target: Target;
  events: Indexed[];
  /** How many closings of days are left out, because their type was not named. */
  leftOut: number;
};

/** Where events go to. */
type Target = { name: string; send: Send; isSubscribedTo: (type: string) => boolean };

/**
 * Looks up what a replay would send.
 *
 * @throws UsageError when there is no such queue or type of event
 * @throws when there is nothing to send
 */
export async function planReplay(cloud: Cloud, request: ReplayRequest): Promise<ReplayPlan> {
  const { toQueue: queueName, after = -1, ...filter } = request;
  const target = await targetOf(cloud, queueName);
  const fitting = (await indexOf(cloud, filter)).filter(
    ({ type, position }) => target.isSubscribedTo(type) && position > after,
  );
  const events = fitting.filter(({ type }) => filter.type !== undefined || !isLeftOut(type));
  const leftOut = fitting.length - events.length;
  if (events.length > 0) return { request, target, events, leftOut };
  const unknown = aboutUnknownType(filter.type);
  const lines = [
    `No recorded event matches the options${queueName ? ` and has a type that ${target.name} subscribes to` : ''}. Check the times, which are those of the events, and the other options.`,
    ...unknown,
    ...aboutLeftOut(leftOut),
  ];
  throw unknown.length > 0 ? new UsageError(...lines) : new CommandError(...lines);
}

/**
 * Closings of days, unless their type is named: each has billing and audit read all that a merchant's day was about, and
 * those of a wide range would find again what was found when they were new.
 */
const isLeftOut = (type: string): boolean => type === paymentsDayClosed.type;

/** What to say of closings of days that are left out. */
export const aboutLeftOut = (leftOut: number): string[] =>
  leftOut === 0
    ? []
    : [
        `Left out: ${leftOut} of type ${paymentsDayClosed.type}, each of which makes billing and audit compare a whole day again. To send them, ask for the type ${paymentsDayClosed.type}.`,
      ];

/**
 * The topic, or a queue that is subscribed to it.
 *
 * @throws UsageError when there is no such queue
 */
export async function targetOf(cloud: Cloud, queueName?: string): Promise<Target> {
  if (queueName === undefined) return { name: 'the topic', send: toTopic(cloud), isSubscribedTo: () => true };
  const { name, url, isSubscribedTo } = await subscribedQueue(cloud, queueName);
  return { name, send: toQueue(cloud, url), isSubscribedTo };
}

/** How far a replay is: one object for the whole of it. */
export type Replayed = {
  operationId: string;
  sent: number;
  /** How many of the events were erased, and cannot be sent any more. */
  erased: number;
  /** Where to go on behind; undefined before the first event. */
  lastPosition: number | undefined;
};

/**
 * Sends the events of a plan again, as they were recorded and in the order of the log. Consumers know what they have handled, so
 * it changes nothing but what had been missing. Tells how far it is after it was ordered and after each batch.
 *
 * @param ratePerSecond how many at most
 * @throws when it could not be ordered, a batch was not taken, or it was interrupted
 */
export async function* replayEvents(
  cloud: Cloud,
  { request, target, events }: ReplayPlan,
  { ratePerSecond, signal }: { ratePerSecond: number; signal: AbortSignal },
): AsyncGenerator<Replayed> {
  const operationId = await order(cloud, {
    command: 'replay',
    reason: null,
    filters: filtersOf(request),
    messages: events.map(({ id }) => ({ messageId: null, eventId: id })),
  });
  const replayed: Replayed = { operationId, sent: 0, erased: 0, lastPosition: request.after };
  yield replayed;
  const turn = pace(ratePerSecond, signal);
  for await (const texts of textsOf(cloud, events)) {
    const readable = texts.flatMap(({ position, text }) =>
      text === null ? [] : messageOf(text, position, operationId),
    );
    replayed.erased += texts.length - readable.length;
    for (const batch of batchesOf(readable, ratePerSecond)) {
      await turn(batch.length);
      await sendAll(target.send, batch);
      replayed.sent += batch.length;
      replayed.lastPosition = (batch.at(-1) as Message).position;
      yield replayed;
    }
    yield replayed;
  }
}

/** What events were chosen by, for the record. */
function filtersOf({ from, to, type, subject, merchantId, toQueue, after }: ReplayRequest) {
  const given = {
    from,
    to,
    type,
    subject,
    merchant: merchantId,
    'to-queue': toQueue,
    after: after?.toString(),
  };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

type Message = Outgoing & { position: number };

/** The message as it was first sent, marked. */
function messageOf(text: string, position: number, operationId: string): Message {
  const attributes = {
    ...messageAttributesOf(JSON.parse(text) as Event),
    ...textAttributes({ [sentAgain.replayed]: operationId }),
  };
  return { body: text, attributes, position };
}

/** How often what a batch call did not take is sent again, at once. */
const attempts = 3;

/** Names the first, because a replay from where this one stopped begins with it again. */
function refusalOf(refused: Message[], why: string): string {
  const [first] = [...refused].sort((a, b) => a.position - b.position) as [Message];
  const { id } = JSON.parse(first.body) as Event;
  const count = refused.length === 1 ? '1 message' : `${refused.length} messages`;
  return (
    `SNS or SQS refused ${count}, ${attempts} times: ${why}. The first is ${id}, at position ${first.position}. If it is ` +
    `always refused, continue behind that position`
  );
}

/** @throws when some of them are not taken again and again */
async function sendAll(send: Send, messages: Message[]): Promise<void> {
  let left = messages;
  for (let attempt = 1; ; attempt++) {
    const failed = await send(left);
    const [why] = failed.values();
    if (why === undefined) return;
    if (attempt === attempts) throw new Error(refusalOf([...failed.keys()], why));
    left = [...failed.keys()];
  }
}
