import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
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
