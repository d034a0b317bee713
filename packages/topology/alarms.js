// The alarms of a service, as CloudFormation. What every service has follows from its functions: a consumer has a queue that can
// get old and dead letters, a publisher a stream, a schedule has runs. What is its own stands in its operations.js: objectives,
// what its schedules are for, and alarms about metrics that only it has.
//
// Each alarm is one metric at $0.10 a month, because an expression of several metrics is charged for each of them. So objectives
// are measured by a percentile rank (the share of values that are beyond a limit), which is one metric:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
import { measured, namespaceOf, wholeStage } from './measured.js';

/**
 * For the resources of a service: `${file(../../packages/topology/alarms.js):alarms}`.
 *
 * @param {Framework} framework
 */
export async function alarms(framework) {
  const stage = String(await framework.resolveVariable('sls:stage'));
  const service = String(await framework.resolveVariable('self:service')).replace(/^fanfold-/, '');
  const operations = /** @type {Operations} */ (
    await framework.resolveVariable('file(./operations.js):operations, null')
  );
  const accountConcurrency = Number(await framework.resolveVariable('param:accountConcurrency'));
  // The bus has none.
  const functions = service === 'bus' ? {} : await framework.resolveConfigurationProperty(['functions']);
  return {
    Resources: resourcesOf({
      stage,
      service,
      functions: functionsIn(functions),
      operations,
      accountConcurrency,
      witnesses: String(await framework.resolveVariable('param:witnesses')),
    }),
  };
}

/**
 * @param {Service} service
 * @returns {Record<string, { Type: string, Properties: Record<string, unknown> }>}
 */
export function resourcesOf(service) {
  const all = alarmsOf(service);
  const shared = all.filter(({ kind }) => kind);
  const resources = Object.fromEntries(all.map((alarm) => [logicalIdOf(alarm), resourceOf(service, alarm)]));
  return shared.length === 0 ? resources : { ...resources, UnwellAlarm: compositeOf(service, shared) };
}

/**
 * All alarms of a service. Those with a kind have no action of their own: they are symptoms, which the service's composite alarm
 * gathers, so that one fault wakes once.
 *
 * @param {Service} service
 * @returns {Alarm[]}
 */
export function alarmsOf({ stage, service, functions, operations, accountConcurrency, witnesses }) {
  const { objectives = [], schedules = {}, alarms = [] } = operations ?? {};
  const own = { service: `fanfold-${service}` };
  return [
    ...Object.entries(functions).flatMap(([name, { events = [] }]) => [
      ...events.flatMap(({ sqs }) => (sqs ? ofQueue(sqs.arn['Fn::GetAtt'][0]) : [])),
      ...events.flatMap(({ stream }) =>
        stream && !(name in schedules) ? ofStream(name, { stage, service }) : [],
      ),
      ...events.flatMap(({ schedule }) =>
        schedule ? ofSchedule(name, schedules[name], { stage, service }) : [],
      ),
    ]),
    ...(Object.values(functions).some(({ events = [] }) => events.some(({ httpApi }) => httpApi))
      ? [serverErrors]
      : []),
    ...objectives.flatMap((objective) => ofObjective(objective, own)),
    ...alarms
      .filter(({ measuredIn }) => measuredIn === undefined || measuredIn in functions)
      .filter(({ onlyWith }) => onlyWith === undefined || witnesses !== '')
      .map(({ concurrencyShare, ...alarm }) => ({
        ...alarm,
        ...(alarm.namespace ? { dimensions: alarm.dimensions ?? {} } : ofMetric(alarm.metric, own)),
        ...(concurrencyShare && { threshold: Math.ceil(concurrencyShare * accountConcurrency) }),
      })),
  ];
}

/** What a service's composite alarm takes for the symptom of something that has an alarm of its own, by the kind of symptom. */
const causes = {
  requests: ['throttled', 'tables-throttled', 'table-behind', 'token-issuer-unavailable'],
  handling: ['throttled', 'tables-throttled', 'table-behind', 'messages-retried', 'publishing-failed'],
  publishing: ['throttled', 'publishing-failed'],
};

/**
 * @param {string} queue its logical id
 * @returns {Alarm[]}
 */
function ofQueue(queue) {
  const subject = queue === 'EventsQueue' ? undefined : queue.replace(/Queue$/, '').toLowerCase();
  const deadLetters = queue.replace(/Queue$/, 'DeadLetterQueue');
  return [
    {
      ...{
        name: 'dead-letters',
        subject,
        namespace: 'AWS/SQS',
        metric: 'ApproximateNumberOfMessagesVisible',
      },
      // Not NumberOfMessagesSent, which does not count messages that SQS moves itself.
      ...{ dimensions: { QueueName: { 'Fn::GetAtt': [deadLetters, 'QueueName'] } }, statistic: 'Maximum' },
      tells: 'Messages that cannot be handled are kept as dead letters.',
    },
    {
      ...{
        name: 'queue-age',
        subject,
        namespace: 'AWS/SQS',
        metric: 'ApproximateAgeOfOldestMessage',
        threshold: 900,
      },
      ...{ dimensions: { QueueName: { 'Fn::GetAtt': [queue, 'QueueName'] } }, statistic: 'Maximum' },
      ...(subject === undefined && { kind: 'handling' }),
      tells: 'A message has waited for 15 minutes.',
    },
  ];
}

/**
 * @param {string} name
 * @param {Place} place
 * @returns {Alarm[]}
 */
function ofStream(name, { stage, service }) {
  const isPublisher = name === 'publisher';
  const pascal = name[0]?.toUpperCase() + name.slice(1);
  const mapping = { EventSourceMappingUUID: { Ref: `${pascal}EventSourceMappingDynamodbTable` } };
  return [
    {
      ...{
        name: 'iterator-age',
        subject: isPublisher ? undefined : kebab(name),
        namespace: 'AWS/Lambda',
        metric: 'IteratorAge',
      },
      ...{
        dimensions: { FunctionName: `fanfold-${service}-${stage}-${name}` },
        statistic: 'Maximum',
        threshold: 900_000,
      },
      ...(isPublisher && { kind: 'publishing' }),
      tells: `${name} is 15 minutes behind the table's stream, which keeps records for a day.`,
    },
    // https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
    ...(isPublisher
      ? [
          {
            ...{
              name: 'stream-failures',
              namespace: 'AWS/Lambda',
              metric: 'OnFailureDestinationDeliveredEventCount',
            },
            ...{ dimensions: mapping, statistic: 'Sum' },
            tells: 'The publisher gave up events, and StreamFailuresBucket keeps them.',
          },
          {
            ...{ name: 'stream-events-dropped', namespace: 'AWS/Lambda', metric: 'DroppedEventCount' },
            ...{ dimensions: mapping, statistic: 'Sum' },
            tells: 'The publisher gave up events, and they could not be stored either.',
          },
        ]
      : []),
  ];
}

/**
 * Lambda counts an error as 1 and a run without one as 0, so the minimum is 0 when one run was good. Without runs there is none:
 * a schedule that is disabled is noticed as well.
 *
 * @param {string} name
 * @param {Schedule | undefined} schedule
 * @param {Place} place
 * @returns {Alarm[]}
 */
function ofSchedule(name, schedule, { stage, service }) {
  if (!schedule) {
    throw new Error(
      `${name} has a schedule. Say in operations.js of ${service} after how many minutes without a good run an alarm goes off, and what for.`,
    );
  }
  if (schedule.measuredBy !== undefined) return [];
  const { minutes, tells } = schedule;
  const period = minutes <= 15 ? 300 : minutes <= 60 ? 600 : 3600;
  return [
    {
      ...{
        name: 'schedule-stopped',
        subject: kebab(name),
        namespace: 'AWS/Lambda',
        metric: 'Errors',
        statistic: 'Minimum',
      },
      ...{
        dimensions: { FunctionName: `fanfold-${service}-${stage}-${name}` },
        missing: 'breaching',
        period,
      },
      periods: Math.round((minutes * 60) / period),
      tells: `${name} has had no good run for ${minutes < 120 ? `${minutes} minutes` : `${minutes / 60} hours`}. ${tells}`,
    },
  ];
}

/** @type {Alarm} */
const serverErrors = {
  ...{
    name: 'server-errors',
    namespace: 'AWS/ApiGateway',
    metric: '5xx',
    dimensions: { ApiId: { Ref: 'HttpApi' } },
  },
  ...{ statistic: 'Sum', period: 300, threshold: 5, kind: 'requests' },
  tells: 'Five requests were answered 5xx within five minutes.',
};

/**
 * Two windows: a budget that is spent within two days is noticed within an hour, one that is spent within five days within six
 * hours. https://sre.google/workbook/alerting-on-slos/
 */
const windows = [
  { name: 'fast', period: 3600, burnRate: 14.4 },
  { name: 'slow', period: 21_600, burnRate: 6 },
];

/**
 * @param {Objective} objective
 * @param {Record<string, string>} own
 * @returns {Alarm[]}
 */
function ofObjective({ name, metric, withinMs, percent, kind, promise, isRun, pair }, own) {
  if (pair) return [];
  const of = ofMetric(metric, own);
  if (withinMs === undefined) {
    return [
      { name, subject: 'fast', ...of, statistic: 'Sum', period: 300, tells: `Not kept: ${promise}.` },
      {
        name,
        subject: 'slow',
        ...of,
        statistic: 'Sum',
        period: 86_400,
        periods: 2,
        tells: `Not kept for two days: ${promise}.`,
      },
    ];
  }
  return windows.map((window) => ({
    ...{ name, subject: window.name, ...of, kind, statistic: `PR(${withinMs}:)`, period: window.period },
    threshold: Math.round(window.burnRate * (100 - (percent ?? 100)) * 10) / 10,
    tells: `Too many are late (${window.period / 3600} h): ${promise}.`,
    // Of a scheduled function that measures in each good run: three windows of five minutes without one are a schedule that stopped.
    ...(isRun && window.name === 'fast' && { period: 300, periods: 3, missing: 'breaching' }),
  }));
}

/**
 * @param {string | undefined} metric
 * @param {Record<string, string>} own
 */
function ofMetric(metric, own) {
  const known = /** @type {Record<string, { of: string }>} */ (measured)[metric ?? ''];
  if (!known) {
    throw new Error(
      `Nothing measures ${metric}: packages/topology/measured.js has ${Object.keys(measured).join(', ')}.`,
    );
  }
  return { metric: String(metric), dimensions: known.of === 'stage' ? { service: wholeStage } : own };
}

/**
 * @param {Place} place
 * @param {Alarm} alarm
 */
function resourceOf({ stage, service }, alarm) {
  const {
    name,
    namespace = namespaceOf(stage),
    metric,
    dimensions,
    statistic = 'Sum',
    threshold = 1,
  } = alarm;
  const { period = 60, periods = 1, datapoints, missing = 'notBreaching', isBelow, kind, tells } = alarm;
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: nameOf({ stage, service }, alarm),
      AlarmDescription: `${tells} Runbook: ${runbookOf(name)}`,
      Namespace: namespace,
      MetricName: metric,
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      ...(statistic.startsWith('PR') ? { ExtendedStatistic: statistic } : { Statistic: statistic }),
      Period: period,
      EvaluationPeriods: periods,
      ...(datapoints && { DatapointsToAlarm: datapoints }),
      ComparisonOperator: isBelow ? 'LessThanThreshold' : 'GreaterThanOrEqualToThreshold',
      Threshold: threshold,
      TreatMissingData: missing,
      ...(!kind && { AlarmActions: [operatorsTopic(stage)] }),
    },
  };
}

/**
 * @param {Place} place
 * @param {Alarm[]} symptoms
 */
function compositeOf({ stage, service }, symptoms) {
  const inAlarm = (/** @type {string[]} */ names) => names.map((name) => `ALARM("${name}")`).join(' OR ');
  const rules = Object.entries(causes).flatMap(([kind, known]) => {
    const names = symptoms
      .filter((alarm) => alarm.kind === kind)
      .map((alarm) => nameOf({ stage, service }, alarm));
    const others = known.map((name) => nameOf({ stage, service: 'bus' }, { name }));
    return names.length === 0 ? [] : [`((${inAlarm(names)}) AND NOT (${inAlarm(others)}))`];
  });
  return {
    Type: 'AWS::CloudWatch::CompositeAlarm',
    DependsOn: symptoms.map(logicalIdOf),
    Properties: {
      AlarmName: nameOf({ stage, service }, { name: 'unwell' }),
      AlarmDescription: `Requests or events of ${service} fail or are late. The alarms in its rule say which. Runbook: ${runbookOf('unwell')}`,
      AlarmRule: rules.join(' OR '),
      AlarmActions: [operatorsTopic(stage)],
    },
  };
}

/**
 * The names of alarms are known in advance, so that those of other stacks can be named in rules.
 *
 * @param {Place} place
 * @param {{ name: string, subject?: string | undefined }} alarm
 */
export const nameOf = ({ stage, service }, { name, subject }) =>
  [`fanfold-${stage}-${service}-${name}`, ...(subject ? [subject] : [])].join('-');

/** @param {string} alarm what its name ends with, without the subject */
export const runbookOf = (alarm) => `docs/runbooks/${alarm}.md`;

/** @param {{ name: string, subject?: string | undefined }} alarm */
const logicalIdOf = ({ name, subject }) => {
  const words = `${name}${subject ? `-${subject}` : ''}`.split('-');
  return `${words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')}Alarm`;
};

/** @param {string} stage */
export const operatorsTopic = (stage) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:sns:\${AWS::Region}:\${AWS::AccountId}:fanfold-${stage}-operators`,
});

/** @param {string} camel */
const kebab = (camel) => camel.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/**
 * @param {unknown} functions as a map, or as a list of maps
 * @returns {Record<string, Lambda>}
 */
const functionsIn = (functions) => Object.assign({}, ...[functions ?? []].flat());

/**
 * @typedef {{ stage: string, service: string }} Place
 * @typedef {{ events?: { sqs?: { arn: { 'Fn::GetAtt': [string, string] } }, stream?: object, schedule?: object, httpApi?: unknown }[] }} Lambda
 * @typedef {Place & { functions: Record<string, Lambda>, operations: Operations | null, accountConcurrency: number, witnesses: string }} Service
 * @typedef {{ objectives?: Objective[], schedules?: Record<string, Schedule>, alarms?: Own[] }} Operations
 *
 * An objective: so many percent of what a metric measures are below a limit. Without a limit none may be counted at all.
 * `name` is that of its runbook. `isRun`: each good run of a schedule measures it.
 * An objective with a `pair` is watched by these alarms, the early one first, which are there anyway.
 * @typedef {{
 *   name: string, promise: string, metric?: string, withinMs?: number, percent?: number, kind?: Kind, isRun?: boolean,
 *   pair?: [string, string] }} Objective
 *
 * @typedef {{ minutes: number, tells: string, measuredBy?: undefined } | { minutes?: number, tells?: string, measuredBy: string }} Schedule
 *
 * @typedef {'requests' | 'handling' | 'publishing'} Kind
 * @typedef {{
 *   name: string, subject?: string | undefined, metric: string, tells: string, namespace?: string, dimensions: Record<string, unknown>,
 *   statistic?: string, threshold?: number, period?: number, periods?: number, datapoints?: number, missing?: string,
 *   isBelow?: boolean, kind?: Kind | undefined }} Alarm
 * An alarm of a service's own. It is there when the function is that measures its metric, and the parameter has
 * a value. `concurrencyShare` makes its threshold a
 * share of the parameter accountConcurrency.
 * @typedef {Omit<Alarm, 'dimensions'> & { dimensions?: Record<string, unknown>, measuredIn?: string, onlyWith?: 'witnesses', concurrencyShare?: number }} Own
 *
 * @typedef {{ resolveVariable(name: string): Promise<unknown>, resolveConfigurationProperty(path: string[]): Promise<unknown> }} Framework
 */
