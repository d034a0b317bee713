import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { chunksOf, messageBytes, notConfirmed } from './batch.ts';
import { lambda } from './lambda.ts';
import { describeError, logger } from './logger.ts';
import { type MessageAttributes, messageAttributesOf } from './messageAttributes.ts';

type Image = Record<string, AttributeValue>;

/** The message of an event, on its way to a topic or a queue. */
export type Outgoing = {
  record: DynamoDBRecord;
  event: Event;
  body: string;
  attributes: MessageAttributes;
};

/** Sends the messages with one call. Each one's `Id` in the call is its index. */
type SendBatch = (chunk: Outgoing[]) => Promise<Parameters<typeof notConfirmed>[1]>;

/**
 * Sends the events of each write from a table's stream. A record fails when any of its events was not accepted. Lambda
 * then continues from the first failed record, so the records after it are sent again
 * (https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html). While the target is unavailable
 * the stream waits and retries.
 *
 * @param eventsOf the events of this very write, made from the item as it was written
 * @param measures told of each event that was sent, and of calls that failed
 */
export const sendStream = (
  eventsOf: (image: Image) => Event[],
  sendBatch: SendBatch,
  measures?: SendingMeasures,
) => lambda(({ Records }: DynamoDBStreamEvent) => send(Records, eventsOf, sendBatch, measures));

export type SendingMeasures = { sent(event: Event): void; failed(): void };

async function send(
  records: DynamoDBRecord[],
  eventsOf: (image: Image) => Event[],
  sendBatch: SendBatch,
  measures?: SendingMeasures,
): Promise<DynamoDBBatchResponse> {
  const failed = new Set<DynamoDBRecord>();
  const outgoing: Outgoing[] = [];
  for (const record of records) {
    const image = record.dynamodb?.NewImage as Image | undefined;
    if (!image) continue; // a deletion says nothing
    try {
      outgoing.push(...eventsOf(image).map((event) => outgoingOf(record, event)));
    } catch (error) {
      logger.error('record unreadable', {
        sequenceNumber: sequenceNumberOf(record),
        error: describeError(error),
      });
      failed.add(record);
    }
  }

  for (const chunk of chunksOf(outgoing, messageBytes)) {
    try {
      const notTaken = notTakenOf(chunk, await sendBatch(chunk));
      for (const { record } of notTaken) failed.add(record);
      if (notTaken.size > 0) measures?.failed();
      for (const each of chunk) if (!notTaken.has(each)) measures?.sent(each.event);
    } catch (error) {
      logger.error('publish failed', { events: chunk.length, error: describeError(error) });
      for (const { record } of chunk) failed.add(record);
      measures?.failed();
      // All records from here on come again anyway, so an unavailable target is not called for every chunk.
      break;
    }
  }
  return { batchItemFailures: [...failed].map((record) => ({ itemIdentifier: sequenceNumberOf(record) })) };
}

/** What was not confirmed although the call succeeded. */
function notTakenOf(chunk: Outgoing[], answer: Awaited<ReturnType<SendBatch>>): Set<Outgoing> {
  const refused = notConfirmed(chunk, answer);
  for (const [{ event }, { Code, Message, SenderFault }] of refused) {
    logger.error('event not accepted', {
      event: event.id,
      code: Code,
      detail: Message,
      senderFault: SenderFault,
    });
  }
  return new Set(refused.keys());
}

const outgoingOf = (record: DynamoDBRecord, event: Event): Outgoing => ({
  record,
  event,
  body: JSON.stringify(event),
  attributes: messageAttributesOf(event),
});

const sequenceNumberOf = (record: DynamoDBRecord): string => record.dynamodb?.SequenceNumber ?? '';
