// The dashboard of a stage. It follows from the services: each that publishes, subscribes or has a table is on it by itself, as
// soon as the bus is deployed again, which comes first in every deployment.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { namespaceOf, wholeStage } from './measured.js';

const repository = join(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * For the resources of the bus: `${file(../../packages/topology/dashboard.js):dashboard}`.
 *
 * @param {{ resolveVariable(name: string): Promise<unknown> }} framework
 */
export async function dashboard({ resolveVariable }) {
  const stage = String(await resolveVariable('sls:stage'));
  const body = dashboardOf(stage, await partsOfServices());
  // Where the stack is only CloudFormation knows.
  const text = JSON.stringify(body).replaceAll(
    /@(Partition|Region|AccountId)/g,
    (_, name) => `\${AWS::${name}}`,
  );
  return {
    Resources: {
      Dashboard: {
        Type: 'AWS::CloudWatch::Dashboard',
        Properties: { DashboardName: `fanfold-${stage}`, DashboardBody: { 'Fn::Sub': text } },
      },
    },
  };
}

/**
 * What each service of the stack takes part in, as its serverless.yml says.
 *
 * @param {string} checkout whose serverless-compose.yml lists the services
 * @returns {Promise<Part[]>} in the order of the flow: who subscribes to few types first, who records all of them last
 */
export async function partsOfServices(checkout = repository) {
  const compose = await readFile(join(checkout, 'serverless-compose.yml'), 'utf8');
  const { services } = /** @type {{ services: Record<string, { path: string }> }} */ (load(compose));
  const parts = await Promise.all(
    Object.entries(services).map(([name, { path }]) => partOf(join(checkout, path), name)),
  );
  return parts
    .filter((part) => part !== undefined)
    .sort((one, other) => one.subscribes - other.subscribes || one.name.localeCompare(other.name));
}

/**
 * @param {string} folder
 * @param {string} name
 * @returns {Promise<Part | undefined>}
 */
async function partOf(folder, name) {
  const text = await readFile(join(folder, 'serverless.yml'), 'utf8');
  const configuration = /** @type {{ functions?: unknown }} */ (
    // The tags of CloudFormation (`!Ref`, `!Sub` …) say nothing here.
    load(text.replaceAll(/(?<=[\s[{])![A-Z]\w+(?=\s)/g, ''), { schema: YAML11_SCHEMA })
  );
  const functions = Object.assign(
    {},
    ...[configuration.functions ?? []].flat().filter((each) => typeof each === 'object'),
  );
  if (Object.keys(functions).length === 0) return undefined;
  const { subscribedTypes = undefined } = await import(join(folder, 'subscriptions.js')).catch(() => ({}));
  const isConsumer = 'consumer' in functions;
  return {
    name,
    functions: Object.keys(functions),
    publishes: 'publisher' in functions,
    consumes: isConsumer,
    // Without a filter it is all of them.
    subscribes: isConsumer ? (subscribedTypes?.length ?? Number.POSITIVE_INFINITY) : 0,
  };
}

/**
 * @param {string} stage
 * @param {Part[]} parts
 */
export function dashboardOf(stage, parts) {
  const own = namespaceOf(stage);
  const publishers = parts.filter(({ publishes }) => publishes);
  const consumers = parts.filter(({ consumes }) => consumes);
  const queueOf = (/** @type {Part} */ { name }) => `fanfold-${stage}-${name}-events`;
  const tableOf = (/** @type {Part} */ { name }) => `fanfold-${stage}-${name}`;
  const serviceOf = (/** @type {Part} */ { name }) => `fanfold-${name}`;
  const topic = `fanfold-${stage}-events`;
  const each = (/** @type {Part[]} */ list, /** @type {(part: Part) => unknown[]} */ metricOf) =>
    list.map((part) => [...metricOf(part), { label: part.name }]);
  const columns = [
    graph('Payments: requests, and the time that one in a hundred exceeds', 'SampleCount', [
      [own, 'AnswerTime', 'service', 'fanfold-payments', { label: 'requests' }],
      ['.', '.', '.', '.', { label: 'p99 ms', stat: 'p99', yAxis: 'right' }],
    ]),
    graph(
      'Published: events',
      'SampleCount',
      each(publishers, (part) => [own, 'PublishTime', 'service', serviceOf(part)]),
    ),
    graph('Topic: sent, delivered, failed', 'Sum', [
      ['AWS/SNS', 'NumberOfMessagesPublished', 'TopicName', topic, { label: 'sent' }],
      ['.', 'NumberOfNotificationsDelivered', '.', '.', { label: 'delivered' }],
      ['.', 'NumberOfNotificationsFailed', '.', '.', { label: 'failed' }],
    ]),
    graph(
      'Queues: messages that wait',
      'Maximum',
      each(consumers, (part) => [
        'AWS/SQS',
        'ApproximateNumberOfMessagesVisible',
        'QueueName',
        queueOf(part),
      ]),
    ),
    graph(
      'Handled: events',
      'SampleCount',
      each(consumers, (part) => [own, 'CriticalTime', 'service', serviceOf(part)]),
    ),
    graph(
      'Dead letters',
      'Maximum',
      each(consumers, (part) => [
        'AWS/SQS',
        'ApproximateNumberOfMessagesVisible',
        'QueueName',
        `${queueOf(part)}-dead-letters`,
      ]),
    ),
  ];
  const ages = [
    graph('Not answered within 2 s, %', 'PR(2000:)', [
      [own, 'AnswerTime', 'service', 'fanfold-payments', { label: 'payments' }],
    ]),
    graph(
      'Age when published, p99 ms',
      'p99',
      each(publishers, (part) => [own, 'PublishTime', 'service', serviceOf(part)]),
    ),
    graph(
      'Behind the stream, ms',
      'Maximum',
      each(publishers, ({ name }) => [
        'AWS/Lambda',
        'IteratorAge',
        'FunctionName',
        `fanfold-${name}-${stage}-publisher`,
      ]),
    ),
    graph(
      'Oldest message, s',
      'Maximum',
      each(consumers, (part) => ['AWS/SQS', 'ApproximateAgeOfOldestMessage', 'QueueName', queueOf(part)]),
    ),
    graph(
      'Age when handled, p99 ms',
      'p99',
      each(consumers, (part) => [own, 'CriticalTime', 'service', serviceOf(part)]),
    ),
    graph('Until provable and cosigned, ms', 'Maximum', [
      [own, 'CheckpointAge', 'service', 'fanfold-audit', { label: 'provable' }],
      ['.', 'OwnWitnessAge', '.', '.', { label: 'cosigned' }],
    ]),
  ];
  const errors = [
    graph(
      'What any service can meet',
      'Sum',
      [
        'PublishFailed',
        'MessagesRetried',
        'TablesThrottled',
        'TableBehind',
        'TokenIssuerUnavailable',
        'EventsMissing',
      ].map((metric) => [own, metric, 'service', wholeStage, { label: metric }]),
    ),
    graph('Functions of the account: at once, throttled', 'Maximum', [
      ['AWS/Lambda', 'ClaimedAccountConcurrency', { label: 'at once' }],
      ['AWS/Lambda', 'Throttles', { label: 'throttled', stat: 'Sum' }],
    ]),
    graph(
      'Money per hour: captured, in minor units',
      'Sum',
      [
        [
          {
            expression: `SEARCH('{${own},currency,service} MetricName="Captured"', 'Sum', 3600)`,
            id: 'captured',
          },
        ],
      ],
      3600,
    ),
    graph(
      'Cost: write units an hour',
      'Sum',
      each(parts, (part) => ['AWS/DynamoDB', 'ConsumedWriteCapacityUnits', 'TableName', tableOf(part)]),
      3600,
    ),
    graph(
      'Cost: time of consumers and publishers, ms an hour',
      'Sum',
      parts.flatMap(({ name, publishes, consumes }) =>
        [...(publishes ? ['publisher'] : []), ...(consumes ? ['consumer'] : [])].map((kind) => [
          'AWS/Lambda',
          'Duration',
          'FunctionName',
          `fanfold-${name}-${stage}-${kind}`,
          { label: `${name} ${kind}` },
        ]),
      ),
      3600,
    ),
    graph(
      'Cost: messages through the topic an hour',
      'Sum',
      [
        ['AWS/SNS', 'NumberOfMessagesPublished', 'TopicName', topic, { label: 'published' }],
        ['.', 'NumberOfNotificationsDelivered', '.', '.', { label: 'delivered' }],
      ],
      3600,
    ),
  ];
  const state = parts.map(
    ({ name }) => `arn:@Partition:cloudwatch:@Region:@AccountId:alarm:fanfold-${stage}-${name}-unwell`,
  );
  return {
    widgets: [
      {
        type: 'alarm',
        x: 0,
        y: 0,
        width: 24,
        height: 2,
        properties: { title: `fanfold-${stage}`, alarms: state },
      },
      ...[columns, ages, errors].flatMap((row, y) =>
        row.map((properties, x) => ({
          type: 'metric',
          x: x * 4,
          y: 2 + y * 6,
          width: 4,
          height: 6,
          properties,
        })),
      ),
    ],
  };
}

/**
 * @param {string} title
 * @param {string} stat
 * @param {unknown[]} metrics
 */
const graph = (title, stat, metrics, period = 60) => ({
  title,
  view: 'timeSeries',
  region: '@Region',
  stat,
  period,
  metrics,
});

/** @typedef {{ name: string, functions: string[], publishes: boolean, consumes: boolean, subscribes: number }} Part */
