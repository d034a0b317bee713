import type { EventOfType, EventType } from '@fanfold/contracts/catalog';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { type InTurn, oneAfterAnother, settleInTime, untilAnswer } from './consume/inTime.ts';
import { quarantine } from './consume/quarantine.ts';
import { type Received, readBatch } from './consume/read.ts';
import { hideUntilRetry } from './consume/visibility.ts';
import { NotYet } from './failure.ts';
import { lambda } from './lambda.ts';
import { sentAgain } from './messageAttributes.ts';
import { metrics } from './metrics.ts';

/**
 * Handles what of a batch can be handled: each event once, although it may have come in several messages. An event
 * has the fields that its schema knows; `messages` are what the events came in, in the same order.
 */
type Handle<E> = (events: E[], messages: ReceivedMessage[], inTurn: InTurn) => Promise<void>[];

type ReceivedMessage = {
  /** As it came, with fields that are not known here. */
  body: string;
  /** When the message was taken from the queue for the first time: since then it may have failed and come again. */
  firstReceivedAt: Date;
};

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
  const { received, failed } = readBatch(records, subscribedTypes);
  const outcomes = await settleInTime(
    () =>
      handle(
        received.map(({ event }) => event),
        received.map(({ body, records }) => ({ body, firstReceivedAt: firstReceivedAt(records) })),
        oneAfterAnother(context),
      ),
    received.length,
    context,
  );
  for (const [i, each] of received.entries()) {
    const outcome = outcomes[i];
    if (outcome?.status === 'fulfilled') measureTime(each);
    else for (const record of each.records) failed.set(record, outcome?.reason);
  }

  // Nearly always, and then without a timer that would go on until the function's time is over.
  if (failed.size === 0) return { batchItemFailures: [] };
  const timeIsUp = untilAnswer(context);
  for (const record of await quarantine(failed, timeIsUp)) failed.delete(record);
  await hideUntilRetry(failed, timeIsUp);
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

/**
 * How long it took from what happened to what it led to here: what users feel of a queue. What an operator sends again
 * waited for the operator.
 */
function measureTime({ event, records }: Received<{ time: string }>): void {
  if (records.some(isSentAgain)) return;
  metrics.addMetric('CriticalTime', 'Milliseconds', Date.now() - Date.parse(event.time));
}

const isSentAgain = ({ messageAttributes }: SQSRecord): boolean =>
  Object.values(sentAgain).some((name) => name in messageAttributes);
