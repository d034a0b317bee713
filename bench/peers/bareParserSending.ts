import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { handler as floor } from './bareParser.ts';

const sqs = new SQSClient({});

/** The least that puts bad messages into the dead-letter queue at once: one call for all of a batch. */
export const handler = async (event: SQSEvent): Promise<SQSBatchResponse> => {
  const { batchItemFailures } = await floor(event);
  if (batchItemFailures.length === 0) return { batchItemFailures };
  const bad = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  await sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: process.env.EVENTS_DEAD_LETTER_QUEUE_URL,
      Entries: event.Records.filter(({ messageId }) => bad.has(messageId)).map(({ body }, i) => ({
        Id: String(i),
        MessageBody: body,
      })),
    }),
  );
  return { batchItemFailures: [] };
};
