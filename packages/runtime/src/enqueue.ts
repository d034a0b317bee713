import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { Event } from '@fanfold/contracts/event';
import { sqs } from './consume/sqs.ts';
import { environmentVariable } from './env.ts';
import { sendStream } from './streamEvents.ts';

/**
 * Sends the events of each write from the table's stream to a queue of the service's own, whose URL is in `WORK_QUEUE_URL`:
 * for work that its own writes lead to.
 */
export const enqueueStream = (eventsOf: (image: Record<string, AttributeValue>) => Event[]) =>
  sendStream(eventsOf, (chunk) =>
    sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: environmentVariable('WORK_QUEUE_URL'),
        Entries: chunk.map(({ body, attributes }, i) => ({
          Id: String(i),
          MessageBody: body,
          MessageAttributes: attributes,
        })),
      }),
    ),
  );

/** Sends one message to the queue of the service's own whose URL is in `WORK_QUEUE_URL`. */
export async function enqueue(message: object): Promise<void> {
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: environmentVariable('WORK_QUEUE_URL'),
      MessageBody: JSON.stringify(message),
    }),
  );
}
