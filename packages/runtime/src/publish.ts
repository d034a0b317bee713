import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { PublishBatchCommand, type PublishBatchRequestEntry, SNSClient } from '@aws-sdk/client-sns';
import type { Event } from '@fanfold/contracts/event';
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { clientSettings } from './aws.ts';
import { chunksOf, messageBytes, notConfirmed } from './batch.ts';
import { environmentVariable } from './env.ts';
import { lambda } from './lambda.ts';
import { describeError, logger } from './logger.ts';
import { messageAttributesOf } from './messageAttributes.ts';

type Image = Record<string, AttributeValue>;

/**
 * A table's publisher: sends the events of each write from the table's stream to the topic. A record fails when any
 * of its events was not accepted. Lambda then continues from the first failed record, so the records after it are
 * sent again (https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html). While SNS is
 * unavailable the stream waits and retries.
 *
 * @param eventsOf the events of this very write, made from the item as it was written
 */
export const publishStream = (eventsOf: (image: Image) => Event[]) =>
  lambda(({ Records }: DynamoDBStreamEvent) => publish(Records, eventsOf));

type Outgoing = { record: DynamoDBRecord; entry: PublishBatchRequestEntry; bytes: number };

async function publish(
  records: DynamoDBRecord[],
  eventsOf: (image: Image) => Event[],
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

  for (const chunk of chunksOf(outgoing, ({ bytes }) => bytes)) {
    try {
      for (const notTaken of await publishBatch(chunk)) failed.add(notTaken);
    } catch (error) {
      logger.error('publish failed', { events: chunk.length, error: describeError(error) });
      for (const { record } of chunk) failed.add(record);
      // All records from here on come again anyway, so an unavailable topic is not called for every chunk.
      break;
    }
  }
  return { batchItemFailures: [...failed].map((record) => ({ itemIdentifier: sequenceNumberOf(record) })) };
}

const sns = /* @__PURE__ */ new SNSClient(clientSettings);

/** @returns the records that SNS did not confirm although the call succeeded */
async function publishBatch(chunk: Outgoing[]): Promise<DynamoDBRecord[]> {
  const answer = await sns.send(
    new PublishBatchCommand({
      TopicArn: environmentVariable('EVENTS_TOPIC_ARN'),
      PublishBatchRequestEntries: chunk.map(({ entry }, i) => ({ ...entry, Id: String(i) })),
    }),
  );
  return [...notConfirmed(chunk, answer)].map(([{ record, entry }, { Code, Message, SenderFault }]) => {
    logger.error('event not accepted', {
      event: entry.Id,
      code: Code,
      detail: Message,
      senderFault: SenderFault,
    });
    return record;
  });
}

function outgoingOf(record: DynamoDBRecord, event: Event): Outgoing {
  const message = JSON.stringify(event);
  const attributes = messageAttributesOf(event);
  return {
    record,
    entry: { Id: event.id, Message: message, MessageAttributes: attributes },
    bytes: messageBytes({ body: message, attributes }),
  };
}

const sequenceNumberOf = (record: DynamoDBRecord): string => record.dynamodb?.SequenceNumber ?? '';
