import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { jsonApi } from '@fanfold/local-cloud/jsonApi';
import { startQueueMapping } from '@fanfold/local-cloud/queueMapping';
import { contextWith, streamEvent } from '@fanfold/runtime/invocationFixtures';
import { concurrency, type Way } from './way.ts';
import { layWires } from './wires.ts';

/** What a publisher's mapping hands it at once (packages/topology/publisher.yml). */
const recordsPerBatch = 100;

/** Fanfold's publisher and consumer, and the mapping that stands locally for Lambda's poller. The handler does nothing. */
export const fanfold: Way = {
  about: "Fanfold's publisher, queue mapping and consumer",

  async start(options) {
    const { topicArn, queueUrl, queueArn } = await layWires(options);
    process.env.EVENTS_TOPIC_ARN = topicArn;
    process.env.EVENTS_QUEUE_URL = queueUrl;
    // Their clients are made when they are loaded.
    const { publishStream } = await import('@fanfold/runtime/publish');
    const { byType, consume } = await import('@fanfold/runtime/consume');
    const publisher = publishStream(({ event }) => [JSON.parse(event?.S ?? '')]);
    const consumer = consume(
      ['payment.captured.v1'],
      byType({ 'payment.captured.v1': async (event) => options.handled(event) }),
    );
    const sqs = jsonApi(options.endpoint, 'sqs');
    const mapping = await startQueueMapping({
      functionName: 'consumer',
      eventSourceArn: queueArn,
      sqs: sqs.call,
      queueUrl,
      batchSize: 10,
      batchingWindowSeconds: 0,
      maximumConcurrency: concurrency,
      reportsBatchItemFailures: true,
      invoke: (event) => consumer(event as Parameters<typeof consumer>[0], contextWith()),
    });
    return {
      async publish(events) {
        const images = events.map(
          (event): Record<string, AttributeValue> => ({
            event: { S: JSON.stringify(event) },
          }),
        );
        let next = 0;
        // As many shards, each with its own run of the publisher.
        await Promise.all(
          Array.from({ length: concurrency }, async () => {
            while (next < images.length) {
              const batch = images.slice(next, next + recordsPerBatch);
              next += recordsPerBatch;
              const { batchItemFailures } = await publisher(streamEvent(batch as never), contextWith());
              if (batchItemFailures.length > 0) throw new Error('Not all of it was published');
            }
          }),
        );
      },
      async stop() {
        await mapping.stop();
        sqs.close();
      },
    };
  },
};
