import { join } from 'node:path';
import { refusedByAws } from '@fanfold/local-cloud/refusedByAws';
import { describe, expect, test } from 'vitest';
import { allOf, breaking, type Deployed, listed, one, servicesWithFunctions } from './stacks.ts';

type Statement = {
  Effect: 'Allow' | 'Deny';
  Principal: unknown;
  Action: string;
  Resource: string;
  Condition: Record<string, Record<string, unknown>>;
};

const days = 24 * 60 * 60;
const topicArn = 'arn:aws:sns:eu-west-1:000000000000:fanfold-local-events';
const arnOf = ({ Properties }: Deployed) => `arn:aws:sqs:eu-west-1:000000000000:${Properties.QueueName}`;
const queues = allOf('AWS::SQS::Queue');
const sourceQueues = queues.filter(({ Properties }) => Properties.RedrivePolicy);
const deadLetterQueues = queues.filter(({ Properties }) => !Properties.RedrivePolicy);

/** What the policies of a queue say about it. */
const statementsAbout = (queue: Deployed): Statement[] =>
  allOf('AWS::SQS::QueuePolicy')
    .filter(({ Properties }) =>
      Properties.Queues.some((url: string) => url.endsWith(`/${queue.Properties.QueueName}`)),
    )
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .filter(({ Resource }: Statement) => Resource === arnOf(queue));

const deniesWithoutTls = ({ Effect, Principal, Condition }: Statement) =>
  Effect === 'Deny' && Principal === '*' && Condition.Bool?.['aws:SecureTransport'] === false;

const mappingsFrom = (service: 'dynamodb' | 'sqs'): Deployed[] =>
  allOf('AWS::Lambda::EventSourceMapping').filter(({ Properties }) =>
    Properties.EventSourceArn.startsWith(`arn:aws:${service}:`),
  );

const consumerOf = (service: string): Deployed => one(service, 'ConsumerEventSourceMappingSQSEventsQueue');

describe('a queue', () => {
  test('is one of three in each service: of events, of dead letters, of what was not delivered; or the renderer’s', () => {
    expect(queues.map(({ Properties }) => Properties.QueueName).sort()).toEqual(
      [
        ...servicesWithFunctions.flatMap((service) =>
          ['events', 'events-dead-letters', 'subscription-dead-letters'].map(
            (name) => `fanfold-local-${service}-${name}`,
          ),
        ),
        ...['events', 'events-dead-letters'].map((name) => `fanfold-local-billing-renderer-${name}`),
      ].sort(),
    );
  });

  test('is encrypted', () => {
    expect(breaking(queues, ({ Properties }) => Properties.SqsManagedSseEnabled === true)).toEqual([]);
  });

  test('refuses what does not come over TLS', () => {
    const keeps = (queue: Deployed) =>
      statementsAbout(queue).some((statement) => deniesWithoutTls(statement) && statement.Action === 'sqs:*');
    expect(breaking(queues, keeps)).toEqual([]);
  });

  test('lets nobody in from outside its account but the topic', () => {
    const allowed = queues.flatMap((queue) =>
      statementsAbout(queue)
        .filter(({ Effect }) => Effect === 'Allow')
        .map(({ Principal, Action, Condition }) => ({
          queue: queue.logicalId,
          Principal,
          Action,
          Condition,
        })),
    );
    const fromTopic = {
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Condition: {
        ArnEquals: { 'aws:SourceArn': topicArn },
        StringEqualsIfExists: { 'aws:SourceAccount': '000000000000' },
      },
    };
    expect(allowed).toEqual(
      servicesWithFunctions.flatMap(() => [
        { queue: 'EventsQueue', ...fromTopic },
        { queue: 'EventsSubscriptionDeadLetterQueue', ...fromTopic },
      ]),
    );
  });

  test('outlives its stack, unless it could not be created with it', () => {
    const keeps = ({ DeletionPolicy, UpdateReplacePolicy }: Deployed) =>
      DeletionPolicy === 'RetainExceptOnCreate' && UpdateReplacePolicy === 'Retain';
    expect(breaking(queues, keeps)).toEqual([]);
  });

  test('of events gives a message twenty times, then to its dead letters', () => {
    expect(sourceQueues).toHaveLength(servicesWithFunctions.length + 1);
    const keeps = ({ service, logicalId, Properties }: Deployed) =>
      Properties.RedrivePolicy.maxReceiveCount === 20 &&
      Properties.RedrivePolicy.deadLetterTargetArn ===
        arnOf(one(service, logicalId.replace(/Queue$/, 'DeadLetterQueue')));
    expect(breaking(sourceQueues, keeps)).toEqual([]);
  });

  test('of dead letters keeps them for 14 days, longer than the queue that they come from', () => {
    expect(
      breaking(deadLetterQueues, ({ Properties }) => Properties.MessageRetentionPeriod === 14 * days),
    ).toEqual([]);
    expect(
      breaking(sourceQueues, ({ Properties }) => Properties.MessageRetentionPeriod === 4 * days),
    ).toEqual([]);
  });

  test.each(sourceQueues.map((queue) => [queue.Properties.QueueName, queue]))(
    '%s hides a message for six times the time of its consumer, and the batching window',
    (_, queue: Deployed) => {
      const mapping = mappingsFrom('sqs').find(
        ({ Properties }) => Properties.EventSourceArn === arnOf(queue),
      ) as Deployed;
      const { FunctionName, MaximumBatchingWindowInSeconds = 0 } = mapping.Properties;
      const { Timeout } = (
        allOf('AWS::Lambda::Function').find(({ Properties }) =>
          FunctionName.endsWith(`:${Properties.FunctionName}`),
        ) as Deployed
      ).Properties;
      const { VisibilityTimeout } = queue.Properties;
      expect(VisibilityTimeout).toBeGreaterThanOrEqual(6 * Timeout + MaximumBatchingWindowInSeconds);
    },
  );
});

const subscribedToAll = ['archive', 'audit', 'stream'];

describe('a subscription', () => {
  const subscriptions = allOf('AWS::SNS::Subscription');

  test('is one in each service, from the topic to its queue of events', () => {
    expect(subscriptions.map(({ service }) => service)).toEqual(servicesWithFunctions);
    const keeps = ({ service, Properties: { TopicArn, Protocol, Endpoint } }: Deployed) =>
      TopicArn === topicArn && Protocol === 'sqs' && Endpoint === arnOf(one(service, 'EventsQueue'));
    expect(breaking(subscriptions, keeps)).toEqual([]);
  });

  test('delivers the bare event', () => {
    expect(breaking(subscriptions, ({ Properties }) => Properties.RawMessageDelivery === true)).toEqual([]);
  });

  test('has dead letters of its own', () => {
    const keeps = ({ service, Properties }: Deployed) =>
      Properties.RedrivePolicy?.deadLetterTargetArn ===
      arnOf(one(service, 'EventsSubscriptionDeadLetterQueue'));
    expect(breaking(subscriptions, keeps)).toEqual([]);
  });

  test('has a filter that SNS takes, which the emulator does not look at', () => {
    expect(breaking(subscriptions, (subscription) => refusedByAws(subscription) === undefined)).toEqual([]);
  });

  test('begins when its queues let the topic in', () => {
    const keeps = ({ DependsOn = [] }: Deployed) =>
      DependsOn.includes('EventsQueuePolicy') &&
      DependsOn.includes('EventsSubscriptionDeadLetterQueuePolicy');
    expect(breaking(subscriptions, keeps)).toEqual([]);
  });

  test('lets through another type only when the consumer knows it', () => {
    const keeps = ({ DependsOn = [] }: Deployed) => DependsOn.includes('ConsumerLambdaFunction');
    expect(breaking(subscriptions, keeps)).toEqual([]);
  });

  test.each(servicesWithFunctions.filter((service) => !subscribedToAll.includes(service)))(
    'of %s lets through what its consumer subscribes to',
    async (service) => {
      const { subscribedTypes } = await import(
        join(import.meta.dirname, '../../services', service, 'subscriptions.js')
      );
      expect(one(service, 'EventsSubscription').Properties.FilterPolicy).toEqual({ type: subscribedTypes });
    },
  );

  test.each(subscribedToAll)('of %s lets everything through', (service) => {
    expect(one(service, 'EventsSubscription').Properties).not.toHaveProperty('FilterPolicy');
  });
});

describe('the mapping of a queue', () => {
  const mappings = mappingsFrom('sqs');

  test('takes the queue of events of each service', () => {
    expect(mappings.map(({ Properties }) => Properties.EventSourceArn).sort()).toEqual(
      sourceQueues.map(arnOf).sort(),
    );
  });

  test('repeats only the messages that failed', () => {
    const keeps = ({ Properties }: Deployed) =>
      Properties.FunctionResponseTypes?.[0] === 'ReportBatchItemFailures';
    expect(breaking(mappings, keeps)).toEqual([]);
  });

  test('of documents to render gives ten at once, which were sent together, to 5 at most', () => {
    const { BatchSize, MaximumBatchingWindowInSeconds, ScalingConfig } = one(
      'billing',
      'RendererEventSourceMappingSQSRenderingQueue',
    ).Properties;
    expect([BatchSize, MaximumBatchingWindowInSeconds, ScalingConfig.MaximumConcurrency]).toEqual([10, 1, 5]);
  });

  test.each([
    { service: 'payments', messages: 10, windowSeconds: 0, concurrency: 10 },
    { service: 'billing', messages: 10, windowSeconds: undefined, concurrency: 5 },
    { service: 'audit', messages: 49, windowSeconds: 1, concurrency: 2 },
  ])('of $service gives $messages messages at once to $concurrency at most', (expected) => {
    const { BatchSize, MaximumBatchingWindowInSeconds, ScalingConfig } = consumerOf(
      expected.service,
    ).Properties;
    expect(BatchSize).toBe(expected.messages);
    expect(MaximumBatchingWindowInSeconds).toBe(expected.windowSeconds);
    expect(ScalingConfig.MaximumConcurrency).toBe(expected.concurrency);
  });
});

describe('the mapping of a stream to a publisher', () => {
  const mappings = mappingsFrom('dynamodb').filter(({ logicalId }) => logicalId.startsWith('Publisher'));
  const keep = (rule: (properties: Deployed['Properties'], service: string) => boolean) =>
    breaking(mappings, ({ service, Properties }) => rule(Properties, service));

  test('is one in each service that publishes', () => {
    expect(listed(mappings).map(({ service }) => service)).toEqual(['audit', 'billing', 'payments']);
  });

  test('lets through writes with events: no number of a document, no counter of a series, no event that was only recorded', () => {
    const patterns = listed(mappings).map(({ service, Properties }) => [
      service,
      Properties.FilterCriteria.Filters.map(
        ({ Pattern }: { Pattern: string }) => JSON.parse(Pattern).dynamodb,
      ),
    ]);
    expect(Object.fromEntries(patterns)).toEqual({
      audit: [{ Keys: { pk: { S: [{ prefix: 'finding:' }, { prefix: 'erasure:' }] } } }],
      billing: [{ NewImage: { said: { BOOL: [true] } } }],
      payments: [{ NewImage: { saysNothing: { BOOL: [{ exists: false }] } } }],
    });
  });

  test('begins with what the stream still has, so that one made anew misses nothing', () => {
    expect(keep(({ StartingPosition }) => StartingPosition === 'TRIM_HORIZON')).toEqual([]);
  });

  test('takes a hundred records without waiting for more', () => {
    expect(
      keep(
        ({ BatchSize, MaximumBatchingWindowInSeconds }) =>
          BatchSize === 100 && !MaximumBatchingWindowInSeconds,
      ),
    ).toEqual([]);
  });

  test('repeats from the first record that failed, and halves a batch that failed as a whole', () => {
    expect(
      keep(
        ({ FunctionResponseTypes, BisectBatchOnFunctionError }) =>
          FunctionResponseTypes?.[0] === 'ReportBatchItemFailures' && BisectBatchOnFunctionError === true,
      ),
    ).toEqual([]);
  });

  test('gives up after a hundred tries, and an hour before the stream forgets', () => {
    expect(
      keep(
        ({ MaximumRetryAttempts, MaximumRecordAgeInSeconds }) =>
          MaximumRetryAttempts === 100 && MaximumRecordAgeInSeconds === 23 * 60 * 60,
      ),
    ).toEqual([]);
  });

  test('puts the records that it gives up into a bucket, and counts them', () => {
    expect(
      keep(
        ({ DestinationConfig, MetricsConfig }, service) =>
          DestinationConfig?.OnFailure.Destination ===
            `arn:aws:s3:::${one(service, 'StreamFailuresBucket').Properties.BucketName}` &&
          MetricsConfig?.Metrics[0] === 'EventCount',
      ),
    ).toEqual([]);
  });
});

test('documents are queued to be rendered when they were issued or asked for, and nothing else is', () => {
  const [, mapping, ...more] = mappingsFrom('dynamodb').filter(
    ({ logicalId }) => !logicalId.startsWith('Publisher'),
  );
  expect(more).toEqual([]);
  expect(mapping).toMatchObject({
    service: 'billing',
    Properties: { StartingPosition: 'TRIM_HORIZON', FunctionResponseTypes: ['ReportBatchItemFailures'] },
  });
  const filters = mapping?.Properties.FilterCriteria.Filters ?? [];
  expect(filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern))).toEqual([
    { dynamodb: { NewImage: { said: { BOOL: [true] }, renders: { BOOL: [true] } } } },
    { dynamodb: { NewImage: { asked: { S: [{ exists: true }] } } } },
  ]);
});

test('audit’s log is published when a tile of it is complete, and what that misses the clock makes up for', () => {
  const [mapping] = mappingsFrom('dynamodb').filter(({ logicalId }) => !logicalId.startsWith('Publisher'));
  expect(mapping).toMatchObject({
    service: 'audit',
    logicalId: 'PublishLogEventSourceMappingDynamodbTable',
    Properties: { StartingPosition: 'LATEST', MaximumRetryAttempts: 1 },
  });
  const filters = mapping?.Properties.FilterCriteria.Filters ?? [];
  expect(filters.map(({ Pattern }: { Pattern: string }) => JSON.parse(Pattern))).toEqual([
    { dynamodb: { Keys: { pk: { S: ['head'] } }, NewImage: { completesTile: { BOOL: [true] } } } },
  ]);
});

describe('the topic', () => {
  const topic = one('bus', 'EventsTopic');
  const statements: Statement[] = one('bus', 'EventsTopicPolicy').Properties.PolicyDocument.Statement;

  test('is the one that everybody publishes to', () => {
    expect(topicArn).toMatch(new RegExp(`:${topic.Properties.TopicName}$`));
    const publishers = allOf('AWS::Lambda::Function').filter(
      ({ Properties }) => 'EVENTS_TOPIC_ARN' in Properties.Environment.Variables,
    );
    expect(listed(publishers).map(({ service, logicalId }) => `${service} ${logicalId}`)).toEqual([
      'audit PublisherLambdaFunction',
      'billing PublisherLambdaFunction',
      'payments PublisherLambdaFunction',
    ]);
    const keeps = ({ logicalId, Properties }: Deployed) =>
      logicalId === 'PublisherLambdaFunction' &&
      Properties.Environment.Variables.EVENTS_TOPIC_ARN === topicArn;
    expect(breaking(publishers, keeps)).toEqual([]);
  });

  test('is encrypted', () => {
    expect(topic.Properties.KmsMasterKeyId).toBe('alias/aws/sns');
  });

  test('has its policy', () => {
    expect(one('bus', 'EventsTopicPolicy').Properties.Topics).toEqual([topicArn]);
    expect(statements.map(({ Effect, Resource }) => [Effect, Resource])).toEqual([
      ['Deny', topicArn],
      ['Deny', topicArn],
    ]);
  });

  test('refuses what does not come over TLS', () => {
    expect(
      statements.filter((statement) => deniesWithoutTls(statement) && statement.Action === 'sns:Publish'),
    ).toHaveLength(1);
  });

  test('takes events from the publishers and the operator only', () => {
    const [refusal] = statements.filter(({ Condition }) => Condition.ArnNotLike);
    expect(refusal).toMatchObject({ Effect: 'Deny', Principal: '*', Action: 'sns:Publish' });
    const patterns = refusal?.Condition.ArnNotLike?.['aws:PrincipalArn'] as string[];
    const mayPublish = (roleName: string) =>
      patterns.some((pattern) =>
        new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(`arn:aws:iam::000000000000:role/${roleName}`),
      );
    const publishers = allOf('AWS::IAM::Role').filter(({ Properties }) => mayPublish(Properties.RoleName));
    expect(listed(publishers).map(({ service, logicalId }) => `${service} ${logicalId}`)).toEqual([
      'audit PublisherIamRoleLambdaExecution',
      'billing PublisherIamRoleLambdaExecution',
      'payments PublisherIamRoleLambdaExecution',
    ]);
    const isPublisher = ({ logicalId }: Deployed) => logicalId === 'PublisherIamRoleLambdaExecution';
    expect(breaking(publishers, isPublisher)).toEqual([]);
    expect(mayPublish('fanfold-local-operator')).toBe(true);
    expect(mayPublish('fanfold-production-operator')).toBe(false);
  });
});
