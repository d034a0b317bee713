import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { paymentCaptured } from '@fanfold/contracts/payments';
import { MessageHandlerConfigBuilder } from '@message-queue-toolkit/core';
import {
  AbstractSnsPublisher,
  AbstractSnsSqsConsumer,
  type SNSSQSConsumerDependencies,
} from '@message-queue-toolkit/sns';
import type * as z from 'zod';
import { type Captured, concurrency, type Way, type WayOptions } from '../parts/messaging/way.ts';
import { asUsual } from '../parts/messaging/wires.ts';

type Tuning = {
  /** Of which each publisher waits for all before it goes on. */
  publishedAtOnce: number;
  consumer: { concurrentConsumersAmount?: number; consumerOverrides?: { batchSize: number } };
};

/**
 * message-queue-toolkit as its README has it: publisher and consumer make topic, queue and subscription, in SNS's envelope,
 * which costs it less than messages as they are. It sends no attributes, so the subscription filters by body.
 */
const toolkit = (about: string, { publishedAtOnce, consumer: tuning }: Tuning): Way => ({
  about,

  async start(options) {
    const publisher = new Publisher(options);
    await publisher.init();
    const consumer = new Consumer(options, tuning);
    await consumer.start();
    return {
      async publish(events) {
        let next = 0;
        await Promise.all(
          Array.from({ length: concurrency }, async () => {
            while (next < events.length) {
              const together = events.slice(next, next + publishedAtOnce);
              next += publishedAtOnce;
              await Promise.all(together.map((event) => publisher.publish(event)));
            }
          }),
        );
      },
      async stop() {
        await consumer.close();
        await publisher.close();
      },
    };
  },
});

export const toolkitByDefault = toolkit(
  'message-queue-toolkit by default: one consumer, one message at a time',
  {
    publishedAtOnce: 1,
    consumer: {},
  },
);

export const toolkitTuned = toolkit('message-queue-toolkit tuned: four consumers, ten messages at a time', {
  publishedAtOnce: 10,
  consumer: { concurrentConsumersAmount: concurrency, consumerOverrides: { batchSize: 10 } },
});

const schema = paymentCaptured.schema as z.ZodType<Captured>;

const resources = ({ name }: WayOptions) => ({
  creationConfig: {
    topic: { Name: name },
    queue: { QueueName: name, Attributes: { VisibilityTimeout: '190' } },
  },
  messageTypeResolver: { messageTypePath: 'type' },
  messageTimestampField: 'time',
});

const silent = () => undefined;
const logger = { error: console.error, warn: console.error, info: silent, debug: silent };

const dependencies = ({ endpoint }: WayOptions): SNSSQSConsumerDependencies => {
  const configuration = asUsual(endpoint);
  return {
    snsClient: new SNSClient(configuration),
    sqsClient: new SQSClient(configuration),
    stsClient: new STSClient(configuration),
    logger: logger as unknown as SNSSQSConsumerDependencies['logger'],
    errorReporter: { report: console.error },
    consumerErrorResolver: { processError: (error: unknown) => error as never },
    transactionObservabilityManager: {
      start: silent,
      startWithGroup: silent,
      stop: silent,
      addCustomAttributes: silent,
    },
  };
};

class Publisher extends AbstractSnsPublisher<Captured> {
  constructor(options: WayOptions) {
    super(dependencies(options), { ...resources(options), messageSchemas: [schema] });
  }
}

class Consumer extends AbstractSnsSqsConsumer<Captured, WayOptions> {
  constructor(options: WayOptions, tuning: Tuning['consumer']) {
    super(
      dependencies(options),
      {
        ...resources(options),
        ...tuning,
        handlers: new MessageHandlerConfigBuilder<Captured, WayOptions>()
          .addConfig(schema, async (event, { handled }) => {
            handled(event);
            return { result: 'success' };
          })
          .build(),
        subscriptionConfig: {
          updateAttributesIfExists: false,
          Attributes: {
            FilterPolicy: JSON.stringify({ type: ['payment.captured.v1'] }),
            FilterPolicyScope: 'MessageBody',
          },
        },
      },
      options,
    );
  }
}
