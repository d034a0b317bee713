import { ChangeMessageVisibilityBatchCommand, SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { catalog, type EventOfType, type EventType } from '@fanfold/contracts/catalog';
import { maxEventBytes } from '@fanfold/contracts/event';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';
import { clientSettings } from './aws.ts';
import { chunksOf, messageBytes } from './batch.ts';
import { environmentVariable } from './env.ts';
import { NotYet, retryDelaySeconds, Unfinished } from './failure.ts';
import { lambda } from './lambda.ts';
import { describeError, logger } from './logger.ts';
import { type MessageAttributes, sentAgain } from './messageAttributes.ts';
import { metrics } from './metrics.ts';

/**
 * Thrown by a handler when a message can never succeed, however often it comes. It is quarantined: put into the
 * dead-letter queue at once, with the reason, instead of after all its receives.
 */
export class Unprocessable extends Error {
  override name = 'Unprocessable';
  readonly reason: string;

  /** @param reason stable, for grouping, such as `unknown-payment` */
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * What follows from an event. Where an event cannot be followed by another, because that would be too large or have what
 * no event can have, it never can be.
 *
 * @throws Unprocessable instead of the ZodError or RangeError of what `make` makes
 */
export function orUnprocessable<T>(reason: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof z.ZodError) throw new Unprocessable(reason, firstIssue(error));
    if (error instanceof RangeError) throw new Unprocessable(reason, error.message);
    throw error;
  }
}

const firstIssue = ({ issues: [issue] }: z.ZodError): string => `${issue?.path.join('.')}: ${issue?.message}`;

/**
 * Handles what of a batch can be handled: each event once, although it may have come in several messages. An event
 * has the fields that its schema knows; `messages` are what the events came in, in the same order.
 */
type Handle<E> = (events: E[], messages: ReceivedMessage[], inTurn: InTurn) => Promise<void>[];

/**
 * Does what is heavy one after another, each when those before it have ended, so that a batch of it needs no more memory
 * than one. When time is short no more is begun, and the rest comes again as what was not done.
 */
export type InTurn = (work: () => Promise<void>) => Promise<void>;

export type ReceivedMessage = {
  /** As it came, with fields that are not known here. */
  body: string;
  /** When the message was taken from the queue for the first time: since then it may have failed and come again. */
  firstReceivedAt: Date;
};

/** What one piece of heavy work may take. */
const turnTimeMs = 10_000;
/** Time to deal with what is left undone, and to answer, before Lambda ends the function. */
const reportingTimeMs = 1500;
/** Of this, the time to answer: a queue that does not answer must not take the outcome of the batch with it. */
const answeringTimeMs = 500;

/**
 * A queue's consumer. For each event, in the order of the batch, `handle` gives a promise: fulfilled means done,
 * rejected means this message again, soon at first and then ever later (and after all its receives, the dead-letter
 * queue); with `NotYet` it is no failure. One message's failure never touches another's. What is still running when time is short counts as failed and
 * comes again, so every handler must be safe to run twice.
 *
 * The event source mapping must have `ReportBatchItemFailures`: without it the answer is taken for success
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).
 */
export const consume = <Type extends EventType>(
  subscribedTypes: readonly Type[],
  handle: Handle<EventOfType<Type>>,
) => lambda(({ Records }: SQSEvent, context: Context) => process(Records, subscribedTypes, handle, context));

/** Handles each event by its type, independently of the others. */
export const byType =
  <Type extends EventType>(
    handlers: { [T in Type]: (event: EventOfType<T>) => Promise<void> },
  ): Handle<EventOfType<Type>> =>
  (events) =>
    events.map(async (event) => (handlers[event.type as Type] as (event: unknown) => Promise<void>)(event));

async function process<Type extends EventType>(
  records: SQSRecord[],
  subscribedTypes: readonly Type[],
  handle: Handle<EventOfType<Type>>,
  context: Context,
): Promise<SQSBatchResponse> {
  const messagesById = new Map<string, { event: EventOfType<Type>; body: string; records: SQSRecord[] }>();
  const failed = new Map<SQSRecord, unknown>();
  for (const record of records) {
    try {
      const event = read(record.body, subscribedTypes);
      const seen = messagesById.get(event.id);
      if (!seen) messagesById.set(event.id, { event, body: record.body, records: [record] });
      else if (seen.body === record.body) seen.records.push(record);
      // Whether it is a contradiction is found out against what is known by then.
      else throw new Error(`${event.id} is in this batch with another content and comes again alone`);
    } catch (error) {
      failed.set(record, error);
    }
  }

  const messages = [...messagesById.values()];
  const outcomes = await settleInTime(
    () =>
      handle(
        messages.map(({ event }) => event),
        messages.map(({ body, records }) => ({ body, firstReceivedAt: firstReceivedAt(records) })),
        oneAfterAnother(context),
      ),
    messages.length,
    context,
  );
  for (const [i, message] of messages.entries()) {
    const outcome = outcomes[i];
    if (outcome?.status === 'fulfilled') {
      // How long it took from what happened to what it led to here: what users feel of a queue. What an operator sends
      // again waited for the operator.
      if (!message.records.some(isSentAgain)) {
        metrics.addMetric('CriticalTime', 'Milliseconds', Date.now() - Date.parse(message.event.time));
      }
      continue;
    }
    for (const record of message.records) failed.set(record, outcome?.reason);
  }

  // Nearly always, and then without a timer that would go on until the function's time is over.
  if (failed.size === 0) return { batchItemFailures: [] };
  const timeIsUp = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - answeringTimeMs));
  for (const record of await quarantine(failed, timeIsUp)) {
    failed.delete(record);
    metrics.addMetric('MessagesQuarantined', 'Count', 1);
  }
  const retries = [...failed].map(([record, error]) => {
    const receiveCount = Number(record.attributes.ApproximateReceiveCount);
    const delaySeconds = retryDelaySeconds(error, receiveCount, Math.random());
    const { messageId } = record;
    const about = { messageId, receiveCount, delaySeconds };
    if (error instanceof NotYet) logger.info('message waits', { ...about, detail: error.message });
    else logger.error('message failed', { ...about, error: describeError(error) });
    return { record, delaySeconds };
  });
  await hide(retries, timeIsUp);
  // A partial answer does not slow the mapping down; an error does. Where nothing went well, what all messages need may
  // be broken: slowing down spares it the calls and them the receives. Not when something was quarantined, which would
  // come again with the others; nor when something only waits, for which all that it needs went well.
  const isWaiting = [...failed.values()].some((error) => error instanceof NotYet);
  if (failed.size > 0 && failed.size === records.length && !isWaiting) {
    throw new Error(`All ${records.length} messages of the batch failed; see the log for each`);
  }
  return { batchItemFailures: [...failed.keys()].map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

const firstReceivedAt = (records: SQSRecord[]): Date =>
  new Date(Math.min(...records.map(({ attributes }) => Number(attributes.ApproximateFirstReceiveTimestamp))));

const isSentAgain = ({ messageAttributes }: SQSRecord): boolean =>
  Object.values(sentAgain).some((name) => name in messageAttributes);

/** @throws Unprocessable when the message will never be an event that this service subscribes to */
function read<Type extends EventType>(body: string, subscribedTypes: readonly Type[]): EventOfType<Type> {
  if (Buffer.byteLength(body) > maxEventBytes) {
    throw new Unprocessable('too-large', `An event may have ${maxEventBytes} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Unprocessable('not-json', 'The message is not JSON');
  }
  const { specversion, type } = (value ?? {}) as { specversion?: unknown; type?: unknown };
  if (specversion !== '1.0' || typeof type !== 'string') {
    throw new Unprocessable(
      'not-cloudevents',
      'The message is not a CloudEvents 1.0 event in structured JSON',
    );
  }
  if (!(subscribedTypes as readonly string[]).includes(type)) {
    throw new Unprocessable(
      'unknown-type',
      `${type.slice(0, 100)} is not among the types that this service subscribes to`,
    );
  }
  const result = catalog[type as Type].schema.safeParse(value);
  if (!result.success) {
    throw new Unprocessable('schema-violation', firstIssue(result.error));
  }
  return result.data as EventOfType<Type>;
}

function oneAfterAnother(context: Context): InTurn {
  let before: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = before.then(() => {
      if (context.getRemainingTimeInMillis() >= turnTimeMs) return work();
      throw new Unfinished('Not begun, as the function has little time left');
    });
    before = turn.catch(() => undefined);
    return turn;
  };
}

async function settleInTime(
  start: () => Promise<void>[],
  count: number,
  context: Context,
): Promise<PromiseSettledResult<void>[]> {
  if (count === 0) return [];
  const outcomes = new Array<PromiseSettledResult<void> | undefined>(count).fill(undefined);
  let timer: NodeJS.Timeout | undefined;
  const timeIsUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, context.getRemainingTimeInMillis() - reportingTimeMs);
  });
  try {
    const promises = start();
    const settled = promises.map((promise, i) =>
      promise.then(
        () => {
          outcomes[i] = { status: 'fulfilled', value: undefined };
        },
        (reason) => {
          outcomes[i] = { status: 'rejected', reason };
        },
      ),
    );
    await Promise.race([Promise.all(settled), timeIsUp]);
  } finally {
    clearTimeout(timer);
  }
  return outcomes.map((outcome) => outcome ?? unfinished());
}

const unfinished = (): PromiseRejectedResult => ({
  status: 'rejected',
  reason: new Unfinished('Not done before the function had to answer'),
});

const sqs = /* @__PURE__ */ new SQSClient(clientSettings);

/**
 * Sends the unprocessable messages to the dead-letter queue, as they came, with the reason as attributes, and
 * returns those that are safely there; they are then done. What could not be sent fails and comes again.
 */
async function quarantine(failed: Map<SQSRecord, unknown>, abortSignal: AbortSignal): Promise<SQSRecord[]> {
  const unprocessable = [...failed].flatMap(([record, error]) =>
    error instanceof Unprocessable
      ? [{ record, error, body: record.body, attributes: causeOf(error, record) }]
      : [],
  );
  const quarantined: SQSRecord[] = [];
  for (const chunk of chunksOf(unprocessable, messageBytes)) {
    try {
      const { Successful = [] } = await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: environmentVariable('EVENTS_DEAD_LETTER_QUEUE_URL'),
          Entries: chunk.map(({ body, attributes }, i) => ({
            Id: String(i),
            MessageBody: body,
            MessageAttributes: attributes,
          })),
        }),
        { abortSignal },
      );
      for (const { Id, MessageId } of Successful) {
        const { record, error } = chunk[Number(Id)] as (typeof chunk)[number];
        quarantined.push(record);
        const { reason, message } = error;
        const { messageId } = record;
        logger.warn('message quarantined', { messageId, deadLetterId: MessageId, reason, detail: message });
      }
    } catch (error) {
      logger.error('quarantine failed', { error: describeError(error) });
    }
  }
  return quarantined;
}

/** Why a message is in the dead-letter queue, where it has another id, for the person who looks at it there. */
const causeOf = ({ reason, message }: Unprocessable, { messageId }: SQSRecord): MessageAttributes => ({
  'quarantine-reason': { DataType: 'String', StringValue: reason },
  // Attributes take only characters that XML has; the detail may quote the message.
  'quarantine-detail': {
    DataType: 'String',
    StringValue: message.replace(/[^\x20-\x7e]/g, '?').slice(0, 500) || reason,
  },
  'quarantined-at': { DataType: 'String', StringValue: new Date().toISOString() },
  'quarantined-message-id': { DataType: 'String', StringValue: messageId },
});

type Retry = { record: SQSRecord; delaySeconds: number };

/**
 * Keeps messages that failed out of sight until they are to come again. Where that fails they come again after the
 * queue's own visibility timeout.
 */
async function hide(retries: Retry[], abortSignal: AbortSignal): Promise<void> {
  const chunks = chunksOf(retries, () => 0);
  await Promise.all(
    chunks.map(async (chunk) => {
      try {
        const { Failed = [] } = await sqs.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: environmentVariable('EVENTS_QUEUE_URL'),
            Entries: chunk.map(({ record, delaySeconds }, i) => ({
              Id: String(i),
              ReceiptHandle: record.receiptHandle,
              VisibilityTimeout: delaySeconds,
            })),
          }),
          { abortSignal },
        );
        for (const { Id, Code, Message } of Failed) {
          const { messageId } = (chunk[Number(Id)] as Retry).record;
          logger.warn('visibility unchanged', { messageId, code: Code, detail: Message });
        }
      } catch (error) {
        logger.warn('visibility unchanged', { messages: chunk.length, error: describeError(error) });
      }
    }),
  );
}
