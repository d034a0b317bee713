import { expect, test } from 'vitest';
import { allOf, breaking, type Deployed } from './stacks.ts';

const alarms = allOf('AWS::CloudWatch::Alarm');

/** Whether an alarm goes off at this many, on a metric of this resource. */
const isWatched =
  (metric: string, dimension: string, threshold: number, nameOf: (resource: Deployed) => string) =>
  (resource: Deployed) =>
    alarms.some(
      ({
        service,
        Properties: { Namespace, MetricName, Dimensions, ComparisonOperator, Threshold, Statistic },
      }) =>
        service === resource.service &&
        `${Namespace} ${MetricName} ${Statistic}` === metric &&
        Dimensions.length === 1 &&
        Dimensions[0].Name === dimension &&
        Dimensions[0].Value === nameOf(resource) &&
        ComparisonOperator === 'GreaterThanOrEqualToThreshold' &&
        Threshold === threshold,
    );

const queueName = ({ Properties }: Deployed) => Properties.QueueName;
const functionName = ({ Properties }: Deployed) => Properties.FunctionName;
const logicalId = (resource: Deployed) => resource.logicalId;
const queues = allOf('AWS::SQS::Queue');
const functions = allOf('AWS::Lambda::Function');
const publishers = functions.filter((resource) => resource.logicalId === 'PublisherLambdaFunction');
const streams = allOf('AWS::Lambda::EventSourceMapping').filter(({ Properties }) =>
  Properties.EventSourceArn.startsWith('arn:aws:dynamodb:'),
);

test('the first dead letter raises an alarm, in every queue of dead letters', () => {
  const deadLetterQueues = queues.filter(({ Properties }) => !Properties.RedrivePolicy);
  const watched = isWatched('AWS/SQS ApproximateNumberOfMessagesVisible Maximum', 'QueueName', 1, queueName);
  expect(breaking(deadLetterQueues, watched)).toEqual([]);
});

test('a message that waits for 15 minutes raises an alarm, in every queue of events', () => {
  const sourceQueues = queues.filter(({ Properties }) => Properties.RedrivePolicy);
  const watched = isWatched('AWS/SQS ApproximateAgeOfOldestMessage Maximum', 'QueueName', 900, queueName);
  expect(breaking(sourceQueues, watched)).toEqual([]);
});

test('a publisher that is 15 minutes behind its stream raises an alarm', () => {
  const watched = isWatched('AWS/Lambda IteratorAge Maximum', 'FunctionName', 900_000, functionName);
  expect(breaking(publishers, watched)).toEqual([]);
});

test('a record that a publisher gave up raises an alarm, kept or not', () => {
  expect(streams).toHaveLength(publishers.length);
  const kept = 'AWS/Lambda OnFailureDestinationDeliveredEventCount Sum';
  expect(breaking(streams, isWatched(kept, 'EventSourceMappingUUID', 1, logicalId))).toEqual([]);
  const lost = 'AWS/Lambda DroppedEventCount Sum';
  expect(breaking(streams, isWatched(lost, 'EventSourceMappingUUID', 1, logicalId))).toEqual([]);
});

test('five answers of 5xx raise an alarm, in every API', () => {
  const watched = isWatched('AWS/ApiGateway 5xx Sum', 'ApiId', 5, logicalId);
  expect(breaking(allOf('AWS::ApiGatewayV2::Api'), watched)).toEqual([]);
});

test('every failure of a clock raises an alarm', () => {
  const names = allOf('AWS::Events::Rule').map(({ Properties }) =>
    Properties.Targets[0].Arn.split(':').at(-1),
  );
  const clocks = functions.filter((resource) => names.includes(functionName(resource)));
  expect(clocks).toHaveLength(3);
  expect(breaking(clocks, isWatched('AWS/Lambda Errors Sum', 'FunctionName', 1, functionName))).toEqual([]);
});

test.each([
  'NumberOfNotificationsFailed',
  'NumberOfNotificationsRedrivenToDlq',
  'NumberOfNotificationsFailedToRedriveToDlq',
])('what the topic could not deliver raises an alarm: %s', (metric) => {
  const watched = isWatched(
    `AWS/SNS ${metric} Sum`,
    'TopicName',
    1,
    ({ Properties }) => Properties.TopicName,
  );
  expect(breaking(allOf('AWS::SNS::Topic'), watched)).toEqual([]);
});

test('an alarm about what can be sent again names the command for it, and the stage', () => {
  const commandOf = ({ Properties: { AlarmDescription } }: Deployed) =>
    /pnpm fanfold (?:dlq|replay)[a-z -]* --stage local\b/.exec(AlarmDescription)?.[0];
  const about = alarms.filter(
    ({ logicalId, Properties: { MetricName } }) =>
      logicalId.endsWith('DeadLetterAlarm') || /OnFailureDestinationDelivered|Dlq$/.test(MetricName),
  );
  expect(about).toHaveLength(3 * 2 + 2 + 2);
  expect(breaking(about, (alarm) => commandOf(alarm) !== undefined)).toEqual([]);
});

test('every alarm says what to do, and is quiet while there is nothing to measure', () => {
  const keeps = ({ Properties: { AlarmDescription, TreatMissingData } }: Deployed) =>
    AlarmDescription.length > 40 && TreatMissingData === 'notBreaching';
  expect(breaking(alarms, keeps)).toEqual([]);
});
