import type { Resource } from '@fanfold/local-cloud/template';

/** How a service takes part in the exchange of events, as its template says. `{stage}` stands in names for the stage. */
export type Messaging = {
  service: string;
  /** The topic of all events. */
  topic: string;
  /** The function that publishes. */
  publisher?: MessagingFunction;
  subscription?: Subscription;
};

/** A function by its name in serverless.yml. */
export type MessagingFunction = {
  name: string;
  description: string;
  /** The handler, by its path in the repository and its name in the file. */
  handler: string;
};

export type Subscription = {
  consumer: MessagingFunction;
  /** The types that the subscription's filter lets through; undefined: all. */
  types?: string[];
  /** The queue that SNS delivers to. */
  queue: Queue;
  /** The queue of messages that were received too often, or can never be handled. */
  deadLetters: Queue;
  /** The queue of messages that SNS could not deliver. */
  undelivered: string;
  maxReceiveCount: number;
};

export type Queue = { name: string; retentionSeconds: number; visibilityTimeoutSeconds: number };

// What is read of the properties of resources.
type LambdaFunction = {
  FunctionName: string;
  Description: string;
  Handler: string;
  Environment?: { Variables?: Record<string, string> };
};
type TopicSubscription = {
  Protocol: string;
  TopicArn: string;
  Endpoint: string;
  FilterPolicy?: { type: string[] };
  RedrivePolicy: { deadLetterTargetArn: string };
};
type SqsQueue = {
  QueueName: string;
  MessageRetentionPeriod?: number;
  VisibilityTimeout?: number;
  RedrivePolicy: { deadLetterTargetArn: string; maxReceiveCount: number };
};

/**
 * Reads a service's part from the resources of its template, packaged for the stage `local`.
 *
 * @returns undefined for a service that neither publishes nor subscribes
 */
export function messagingOf(service: string, resources: Record<string, Resource>): Messaging | undefined {
  const ofType = <Properties>(type: string) =>
    Object.values(resources)
      .filter(({ Type }) => Type === type)
      .map(({ Properties }) => Properties as Properties);
  const functions = ofType<LambdaFunction>('AWS::Lambda::Function');
  const queues = ofType<SqsQueue>('AWS::SQS::Queue');

  const publisher = functions.find((one) => topicOf(one) !== undefined);
  const subscription = ofType<TopicSubscription>('AWS::SNS::Subscription').find(
    ({ Protocol }) => Protocol === 'sqs',
  );
  const topicArn = subscription?.TopicArn ?? (publisher && topicOf(publisher));
  if (topicArn === undefined) return undefined;
  return {
    service,
    topic: nameOf(topicArn),
    ...(publisher && { publisher: functionOf(publisher) }),
    ...(subscription && { subscription: subscriptionOf(subscription) }),
  };

  function subscriptionOf({ Endpoint, FilterPolicy, RedrivePolicy }: TopicSubscription): Subscription {
    const mapping = ofType<{ EventSourceArn: string; FunctionName: string }>(
      'AWS::Lambda::EventSourceMapping',
    ).find(({ EventSourceArn }) => EventSourceArn === Endpoint);
    const consumer = functions.find(
      ({ FunctionName }) => FunctionName === mapping?.FunctionName.split(':').at(-1),
    );
    const queue = queueAt(Endpoint);
    const deadLetters = queue && queueAt(queue.RedrivePolicy.deadLetterTargetArn);
    if (!consumer || !queue || !deadLetters) {
      throw new Error(
        `No function of ${service} reads the queue ${nameOf(Endpoint)}, which is subscribed to the topic, or the queue has no dead-letter queue.`,
      );
    }
    return {
      consumer: functionOf(consumer),
      ...(FilterPolicy && { types: FilterPolicy.type }),
      queue: queueOf(queue),
      deadLetters: queueOf(deadLetters),
      undelivered: nameOf(RedrivePolicy.deadLetterTargetArn),
      maxReceiveCount: queue.RedrivePolicy.maxReceiveCount,
    };
  }

  function functionOf({ FunctionName, Description, Handler }: LambdaFunction): MessagingFunction {
    const name = FunctionName.split('-').at(-1) as string;
    return { name, description: Description, handler: `services/${service}/${Handler}` };
  }

  function queueAt(arn: string): SqsQueue | undefined {
    return queues.find(({ QueueName }) => arn.endsWith(`:${QueueName}`));
  }
}

const topicOf = ({ Environment }: LambdaFunction): string | undefined =>
  Environment?.Variables?.EVENTS_TOPIC_ARN;

/** With what SQS takes where a queue says nothing:
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html */
const queueOf = ({
  QueueName,
  MessageRetentionPeriod = 345_600,
  VisibilityTimeout = 30,
}: SqsQueue): Queue => ({
  name: ofAnyStage(QueueName),
  retentionSeconds: MessageRetentionPeriod,
  visibilityTimeoutSeconds: VisibilityTimeout,
});

const nameOf = (arn: string): string => ofAnyStage(arn.split(':').at(-1) as string);

const ofAnyStage = (name: string): string => name.replace(/^fanfold-local-/, 'fanfold-{stage}-');
