import type { EventOfType, EventType } from '@fanfold/contracts/catalog';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Guard } from './behind.ts';
import { type InTurn, oneAfterAnother, settleInTime, untilAnswer } from './consume/inTime.ts';
import { quarantine } from './consume/quarantine.ts';
import { type Batch, type Received, readBatch, readEvent } from './consume/read.ts';
import { hideUntilRetry } from './consume/visibility.ts';
import { NotYet } from './failure.ts';
import { lambda } from './lambda.ts';
import { sentAgain } from './messageAttributes.ts';
import { metrics } from './metrics.ts';

/**
 * Handles the events of a batch, each once, even if it came in several messages. An event has the fields that its
 * schema knows; `messages` has the messages of the events, in the same order.
 */
export type Handle<E> = (events: E[], messages: ReceivedMessage[], inTurn: InTurn) => Promise<void>[];

type ReceivedMessage = {
  /** As it came, with fields that are not known here. */
  body: string;
  /** When the message was first received. Since then it may have failed and come again. */
  firstReceivedAt: Date;
  /** How often it was received: more than once when it failed before, or when the function ended while it had it. */
  receiveCount: number;
};

/**
 * A consumer of a queue. For each event, in the order of the batch, `handle` returns a promise. If it is fulfilled,
 * the message is done. If it is rejected, the message comes again, soon at first and then later and later; after all
 * its receives it goes to the dead-letter queue. A rejection with `NotYet` is not a failure. No message affects
 * another. Work that is still running when time is short counts as failed, so every handler must be safe to run
 * twice.
 *
 * With a `guard`, nothing is read or handled while the service's table has to be restored: all messages come again. `isTimed` is
 * false for a consumer beside that of the service's subscription, whose times are none of its objectives'.
 *
 * The event source mapping must have `ReportBatchItemFailures`: otherwise Lambda takes the response for success
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html).
 */
export const consume = <Type extends EventType>(
  subscribedTypes: readonly Type[],
  handle: Handle<EventOfType<Type>>,
  guard?: Guard,
  isTimed = true,
) => consumeMessages((body) => readEvent(body, subscribedTypes), handle, guard, isTimed);

/**
 * The same for a queue whose messages are no events.
 *
 * @param read throws `Unprocessable` for a message that can never be read
 * @param isTimed whether its time counts as the service's
 */
export const consumeMessages = <Message extends { id: string; time: string }>(
  read: (body: string) => Message,
  handle: Handle<Message>,
  guard?: Guard,
  isTimed = false,
) =>
  lambda(async ({ Records }: SQSEvent, context: Context) => {
    const refusal = await guard?.().then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    const batch = refusal
      ? { received: [], failed: new Map(Records.map((record) => [record, refusal.error])) }
      : readBatch(Records, read);
    return process(Records, batch, handle, context, isTimed);
  });

/** Handles each event by its type, independently of the others. */
export const byType =
  <Type extends EventType>(
    handlers: { [T in Type]: (event: EventOfType<T>) => Promise<unknown> },
  ): Handle<EventOfType<Type>> =>
  (events) =>
    events.map(async (event) => {
      await (handlers[event.type as Type] as (event: unknown) => Promise<unknown>)(event);
    });

async function process<E extends { id: string; time: string }>(
  records: SQSRecord[],
  { received, failed }: Batch<E>,
  handle: Handle<E>,
  context: Context,
  isTimed: boolean,
): Promise<SQSBatchResponse> {
  const outcomes = await settleInTime(
    () =>
      handle(
        received.map(({ event }) => event),
        received.map(({ body, records }) => ({
          body,
          firstReceivedAt: firstReceivedAt(records),
          receiveCount: receiveCount(records),
        })),
        oneAfterAnother(context),
      ),
    received.length,
    context,
  );
  for (const [i, each] of received.entries()) {
    const outcome = outcomes[i];
    if (outcome?.status !== 'fulfilled') {
      for (const record of each.records) failed.set(record, outcome?.reason);
    } else if (isTimed) measureTime(each);
  }

  // The usual case, without a timer that would run until the end of the function's time.
  if (failed.size === 0) return { batchItemFailures: [] };
  const timeIsUp = untilAnswer(context);
  for (const record of await quarantine(failed, timeIsUp)) failed.delete(record);
  await hideUntilRetry(failed, timeIsUp);
  // A partial response does not slow the mapping down, but an error does. If all messages failed, something that all
  // of them need may be broken: slower polling saves calls to it, and receives of the messages. Not when one was
  // quarantined, as it would come again with the others; nor when one only waits, as all that it needs worked.
  const isWaiting = [...failed.values()].some((error) => error instanceof NotYet);
  if (failed.size > 0 && failed.size === records.length && !isWaiting) {
    throw new Error(`All ${records.length} messages of the batch failed; see the log for each`);
  }
  return { batchItemFailures: [...failed.keys()].map(({ messageId }) => ({ itemIdentifier: messageId })) };
}

const firstReceivedAt = (records: SQSRecord[]): Date =>
  new Date(Math.min(...records.map(({ attributes }) => Number(attributes.ApproximateFirstReceiveTimestamp))));

const receiveCount = (records: SQSRecord[]): number =>
  Math.max(...records.map(({ attributes }) => Number(attributes.ApproximateReceiveCount)));

/**
 * The time from the event to the end of its processing here. Not for messages that an operator has sent again: they
 * waited for the operator.
 */
function measureTime({ event, records }: Received<{ time: string }>): void {
  if (records.some(isSentAgain)) return;
  metrics.addMetric('CriticalTime', 'Milliseconds', Date.now() - Date.parse(event.time));
}

const isSentAgain = ({ messageAttributes }: SQSRecord): boolean =>
  Object.values(sentAgain).some((name) => name in messageAttributes);
