import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Event } from '@fanfold/contracts/event';
import { clientSettings } from './aws.ts';
import { environmentVariable } from './env.ts';
import { metrics, stageMetrics } from './metrics.ts';
import { sendStream } from './streamEvents.ts';

/**
 * A table's publisher: sends the events of each write from the table's stream to the topic.
 *
 * @param published told of each event that the topic took. A write may be published again, so what is counted here can be
 *   somewhat too much
 */
export const publishStream = (
  eventsOf: (image: Record<string, AttributeValue>) => Event[],
  published?: (event: Event) => void,
) =>
  sendStream(
    eventsOf,
    (chunk) =>
      sns.send(
        new PublishBatchCommand({
          TopicArn: environmentVariable('EVENTS_TOPIC_ARN'),
          PublishBatchRequestEntries: chunk.map(({ body, attributes }, i) => ({
            Id: String(i),
            Message: body,
            MessageAttributes: attributes,
          })),
        }),
      ),
    {
      sent(event) {
        metrics.addMetric('PublishTime', 'Milliseconds', Date.now() - Date.parse(event.time));
        published?.(event);
      },
      failed: () => stageMetrics.addMetric('PublishFailed', 'Count', 1),
    },
  );

/** The same for a table whose items carry the events of their write, each as its JSON, in the list `events`. */
export const publishCarriedEvents = () =>
  publishStream(({ events }) => (events?.L ?? []).map(({ S = '' }) => JSON.parse(S) as Event));

const sns = /* @__PURE__ */ new SNSClient(clientSettings);
