import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { allOf, breaking, type Deployed, listed, one, services, servicesOfStack } from './stacks.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

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

test('a message that fails for the eighth time raises an alarm, in every consumer', () => {
  const filters = allOf('AWS::Logs::MetricFilter');
  const watched = ({ service, Properties: { FunctionName } }: Deployed) =>
    filters.some(
      ({ Properties: { LogGroupName, FilterPattern, MetricTransformations } }) =>
        LogGroupName === `/aws/lambda/${FunctionName}` &&
        FilterPattern === '{ $.message = "message failed" && $.receiveCount >= 8 }' &&
        alarms.some(
          (alarm) =>
            alarm.service === service &&
            alarm.Properties.Namespace === MetricTransformations[0].MetricNamespace &&
            alarm.Properties.MetricName === MetricTransformations[0].MetricName &&
            alarm.Properties.Dimensions.length === 0 &&
            alarm.Properties.Statistic === 'Sum' &&
            alarm.Properties.Threshold === 1,
        ),
    );
  const consumers = functions.filter(({ logicalId }) => logicalId === 'ConsumerLambdaFunction');
  expect(listed(consumers)).toHaveLength(4);
  expect(breaking(consumers, watched)).toEqual([]);
});

test('a publisher that is 15 minutes behind its stream raises an alarm', () => {
  const watched = isWatched('AWS/Lambda IteratorAge Maximum', 'FunctionName', 900_000, functionName);
  expect(breaking(publishers, watched)).toEqual([]);
});

test('a record that a publisher gave up raises an alarm, kept or not', () => {
  // What publishLog misses of the stream, the clock gives it.
  const streams = allOf('AWS::Lambda::EventSourceMapping').filter(
    ({ logicalId }) => logicalId === 'PublisherEventSourceMappingDynamodbTable',
  );
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
  expect(listed(clocks)).toHaveLength(10);
  expect(breaking(clocks, isWatched('AWS/Lambda Errors Sum', 'FunctionName', 1, functionName))).toEqual([]);
  // What runs every minute may fail once: it makes up for it the next time.
  const patient = listed(alarms).filter(
    ({ Properties }) => Properties.MetricName === 'Errors' && Properties.EvaluationPeriods > 1,
  );
  expect(patient.map(({ logicalId }) => logicalId)).toEqual([
    'LogAlarm',
    'WitnessAlarm',
    'AskWitnessesAlarm',
    'MarkTableErrorsAlarm',
    'MarkTableErrorsAlarm',
  ]);
});

test('a clock that does not run raises an alarm, later than its schedule would have it run', () => {
  const watches = alarms.filter(({ Properties }) => Properties.MetricName === 'Invocations');
  const patience = allOf('AWS::Events::Rule').map(({ service, Properties }) => {
    const name = Properties.Targets[0].Arn.split(':').at(-1);
    const { Properties: watch } =
      watches.find((alarm) => alarm.service === service && alarm.Properties.Dimensions[0].Value === name) ??
      {};
    expect(watch).toMatchObject({
      Namespace: 'AWS/Lambda',
      Statistic: 'Sum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      TreatMissingData: 'breaching',
    });
    return [
      name.split('-').at(-1),
      Properties.ScheduleExpression,
      (watch.Period * watch.EvaluationPeriods) / 60,
    ];
  });
  expect(patience).toEqual([
    ['publishLog', 'rate(1 minute)', 15],
    ['witness', 'rate(1 minute)', 15],
    ['askWitnesses', 'rate(1 minute)', 15],
    ['checkEvents', 'rate(5 minutes)', 30],
    ['releaseParked', 'rate(1 minute)', 15],
    ['markTable', 'rate(1 minute)', 15],
    ['janitor', 'rate(1 minute)', 15],
    ['expiry', 'rate(5 minutes)', 30],
    ['dayClose', 'cron(15/15 0-5 * * ? *)', 20 * 60],
    ['markTable', 'rate(1 minute)', 15],
  ]);
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

test('an issuer of tokens that cannot be read raises an alarm, in every service with an API', () => {
  const watched = isWatched(
    'Fanfold TokenIssuerUnavailable Sum',
    'service',
    1,
    ({ service }) =>
      functions.find((resource) => resource.service === service)?.Properties.Environment.Variables
        .POWERTOOLS_SERVICE_NAME,
  );
  const apis = allOf('AWS::ApiGatewayV2::Api');
  expect(apis.length).toBeGreaterThan(0);
  expect(breaking(apis, watched)).toEqual([]);
});

test.each([
  ['billing', 'ReconciliationFailed', '"An event is missing" in docs/operations.md'],
  ['billing', 'RefundContradictsInvoice', '"A refund contradicts its invoice" in docs/operations.md'],
  ['audit', 'GapFound', '"An event is missing" in docs/operations.md'],
  ['audit', 'NumberTwice', '"A number is there twice" in docs/operations.md'],
  ['audit', 'EventChanged', '"The log does not fit" in docs/audit-log.md'],
  ['audit', 'LogMisfit', '"The log does not fit" in docs/audit-log.md'],
  ['audit', 'WitnessRefused', '"A witness refuses" in docs/audit-log.md'],
])('what %s finds wrong raises an alarm, whose page says how to mend it: %s', (service, metric, page) => {
  const found = alarms.filter(({ Properties }) => Properties.Namespace === 'Fanfold');
  const [alarm, ...more] = found.filter(({ Properties }) => Properties.MetricName === metric);
  expect(more).toEqual([]);
  expect(alarm).toMatchObject({
    service,
    Properties: {
      Statistic: 'Sum',
      // Powertools measures by the service's name.
      Dimensions: [
        {
          Name: 'service',
          Value: one(service, 'ConsumerLambdaFunction').Properties.Environment.Variables
            .POWERTOOLS_SERVICE_NAME,
        },
      ],
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
    },
  });
  expect(alarm?.Properties.AlarmDescription).toContain(`See ${page}`);
});

test.each([
  ['OutcomesOverdue', 3600],
  ['ProviderRefused', 300],
])('what payments does not know, or is refused, raises an alarm: %s', (metric, period) => {
  const [alarm] = alarms.filter(({ Properties }) => Properties.MetricName === metric);
  const janitor = one('payments', 'JanitorLambdaFunction').Properties.Environment.Variables;
  expect(alarm).toMatchObject({
    service: 'payments',
    Properties: {
      Namespace: 'Fanfold',
      Statistic: 'Sum',
      Dimensions: [{ Name: 'service', Value: janitor.POWERTOOLS_SERVICE_NAME }],
      Period: period,
      Threshold: 1,
    },
  });
});

test.each(services)('the README of %s says of each of its alarms what to do', (service) => {
  const [, table = ''] = read(`services/${service}/README.md`).split('## When it breaks');
  const rows = [...table.matchAll(/^\| (`\w+`(?:, `\w+`)*) \| .+ \| .+ \|$/gm)].map(
    ([, names = '']) => names,
  );
  const documented = rows.flatMap((names) => names.split(', ')).map((name) => `${name.slice(1, -1)}Alarm`);
  const there = alarms.filter((alarm) => alarm.service === service).map(({ logicalId }) => logicalId);
  expect(documented.sort()).toEqual(there.sort());
});

test('docs/deploy.md counts what alarms cost', () => {
  const inStack = listed(alarms).filter(({ service }) => servicesOfStack.includes(service));
  expect(read('docs/deploy.md')).toContain(`: ${inStack.length} alarms at ten cents`);
});

test('every page that an alarm names is there', () => {
  const keeps = ({ Properties: { AlarmDescription } }: Deployed) => {
    const [, section, page = ''] = /see "(.+)" in (docs\/[\w-]+\.md)/i.exec(AlarmDescription) ?? [];
    return section === undefined || read(page).includes(`\n## ${section}\n`);
  };
  expect(breaking(alarms, keeps)).toEqual([]);
});

test('an alarm about what can be sent again names a command with all that it needs, and the stage', () => {
  const complete = /\.\/fanfold (dlq list --stage local|replay --stage local --from <time> --to <time>)\./;
  const about = alarms.filter(
    ({ logicalId, Properties: { MetricName } }) =>
      logicalId.endsWith('DeadLetterAlarm') || /OnFailureDestinationDelivered|Dlq$/.test(MetricName),
  );
  expect(listed(about)).toHaveLength(4 * 2 + 1 + 3 + 2);
  const keeps = ({ Properties: { AlarmDescription } }: Deployed) =>
    AlarmDescription.split('./fanfold').length === 2 && complete.test(AlarmDescription);
  expect(breaking(about, keeps)).toEqual([]);
});

test('every alarm says what to do, and is quiet while there is nothing to measure, unless that is what it is about', () => {
  const keeps = ({ logicalId, Properties: { AlarmDescription, TreatMissingData } }: Deployed) =>
    AlarmDescription.length > 40 &&
    TreatMissingData === (logicalId.endsWith('StoppedAlarm') ? 'breaching' : 'notBreaching');
  expect(breaking(alarms, keeps)).toEqual([]);
});
