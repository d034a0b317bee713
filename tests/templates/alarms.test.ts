import { readdirSync, readFileSync } from 'node:fs';
import { resolveTemplate } from '@fanfold/local-cloud/template';
import { describe, expect, test } from 'vitest';
import { watchesOf } from '../../bench/parts/cost/month.ts';
import { monthly } from '../../bench/parts/cost/prices.ts';
import { resourcesOf } from '../../packages/topology/alarms.js';
import { measured, wholeStage } from '../../packages/topology/measured.js';
import { operations as audit } from '../../services/audit/operations.js';
import { operations as billing } from '../../services/billing/operations.js';
import { operations as bus } from '../../services/bus/operations.js';
import { operations as payments } from '../../services/payments/operations.js';
import {
  allOf,
  breaking,
  type Deployed,
  listed,
  one,
  resources,
  servicesOfStack,
  servicesWithFunctions,
  templateFor,
} from './stacks.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const alarms = allOf('AWS::CloudWatch::Alarm');
const composites = allOf('AWS::CloudWatch::CompositeAlarm');
const operations = { bus, audit, billing, payments };

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
const named = (name: string) =>
  alarms.find(({ Properties }) => Properties.AlarmName === `fanfold-local-${name}`);

test('the first dead letter raises an alarm, in every queue of dead letters of a consumer', () => {
  const targets = queues.map(({ Properties }) => Properties.RedrivePolicy?.deadLetterTargetArn);
  const deadLetterQueues = queues.filter(({ Properties }) =>
    targets.some((arn) => arn?.endsWith(`:${Properties.QueueName}`)),
  );
  expect(listed(deadLetterQueues)).toHaveLength(6);
  const watched = isWatched('AWS/SQS ApproximateNumberOfMessagesVisible Maximum', 'QueueName', 1, queueName);
  expect(breaking(deadLetterQueues, watched)).toEqual([]);
});

test('what the topic could not deliver raises an alarm, whether a dead-letter queue took it or not', () => {
  const topics = allOf('AWS::SNS::Topic').filter(({ logicalId }) => logicalId === 'EventsTopic');
  const watched = isWatched(
    'AWS/SNS NumberOfNotificationsFailed Sum',
    'TopicName',
    1,
    ({ Properties }) => Properties.TopicName,
  );
  expect(breaking(topics, watched)).toEqual([]);
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

describe('a schedule', () => {
  /** The metrics that a good run of these measures, so that their absence tells as much. */
  const measuredBy: Record<string, string> = { publishLog: 'CheckpointAge', witness: 'OwnWitnessAge' };

  test('without a good run raises an alarm, later than it would have run: it failed each time, or was disabled', () => {
    // A stage without witnesses outside has nobody to ask, and no alarm about it.
    const rules = allOf('AWS::Events::Rule').filter(
      ({ Properties }) => !Properties.Name.endsWith('askWitnesses'),
    );
    const patience = listed(rules).map(({ service, Properties }) => {
      const name = Properties.Targets[0].Arn.split(':').at(-1);
      const short = name.split('-').at(-1);
      const watch = alarms.find(({ Properties: { MetricName, Dimensions, TreatMissingData } }) =>
        measuredBy[short]
          ? MetricName === measuredBy[short] && TreatMissingData === 'breaching'
          : MetricName === 'Errors' && Dimensions[0].Value === name,
      );
      expect(watch?.service).toBe(service);
      expect(watch?.Properties).toMatchObject({ TreatMissingData: 'breaching' });
      if (!measuredBy[short]) {
        // 0 as soon as one run was good.
        expect(watch?.Properties).toMatchObject({
          Namespace: 'AWS/Lambda',
          Statistic: 'Minimum',
          Threshold: 1,
        });
      }
      const { Period, EvaluationPeriods } = watch?.Properties ?? {};
      return [short, Properties.ScheduleExpression, (Period * EvaluationPeriods) / 60];
    });
    expect(patience).toEqual([
      ['publishLog', 'rate(1 minute)', 15],
      ['witness', 'rate(1 minute)', 15],
      ['checkEvents', 'rate(5 minutes)', 30],
      ['releaseParked', 'rate(1 minute)', 15],
      ['markTable', 'rate(1 minute)', 15],
      ['janitor', 'rate(1 minute)', 15],
      ['expiry', 'rate(5 minutes)', 30],
      ['dayClose', 'cron(15/15 0-5 * * ? *)', 20 * 60],
      ['markTable', 'rate(1 minute)', 15],
    ]);
  });

  test('that nobody says when to miss is not packaged', () => {
    const clock = { events: [{ schedule: {} }] };
    expect(() => resourcesOf({ ...service, functions: { clock } })).toThrow(
      'clock has a schedule. Say in operations.js of other after how many minutes',
    );
  });

  test('that asks witnesses outside is watched where a stage has some', () => {
    const found = resourcesOf({
      ...service,
      service: 'audit',
      operations: audit,
      witnesses: 'https://w.example w+1+A',
    });
    expect(found.WitnessLagAlarm?.Properties).toMatchObject({
      MetricName: 'WitnessLag',
      TreatMissingData: 'breaching',
    });
    expect(found).toHaveProperty('WitnessRefusedAlarm');
    expect(resourcesOf({ ...service, service: 'audit', operations: audit })).not.toHaveProperty(
      'WitnessLagAlarm',
    );
  });
});

const service = {
  stage: 'local',
  service: 'other',
  functions: {},
  operations: {},
  accountConcurrency: 1000,
  witnesses: '',
};

describe('an objective', () => {
  test('is each of these, with its alarm for a fast and for a slow loss', () => {
    const told = Object.entries(operations).flatMap(([service, { objectives = [] }]) =>
      objectives.map(({ name, promise, pair }) => {
        const names = pair ?? [`${name}-fast`, `${name}-slow`];
        const found = names.filter((each) =>
          alarms.some(({ Properties }) => Properties.AlarmName.endsWith(`-${each}`)),
        );
        expect(found).toEqual(names);
        return `${service}: ${promise}`;
      }),
    );
    expect(told).toEqual([
      'bus: no message becomes a dead letter',
      'audit: 99 % of events are recorded within 60 s',
      'audit: 99 % of checkpoints cover all that was recorded more than 2 minutes before',
      'audit: no event of a closed day is missing',
      'billing: 99 % of captures and refunds have their document within 60 s of the event',
      'payments: 99.5 % of the requests to take a payment are answered within 2 s, and not with a 5xx',
    ]);
    for (const line of told) expect(read('docs/operations.md')).toContain(`| ${line.split(': ')[1]} |`);
  });

  test('spends its budget in two days at the fast rate, and in five at the slow one', () => {
    expect(named('billing-invoiced-late-fast')?.Properties).toMatchObject({
      ...{ Namespace: 'Fanfold/local', MetricName: 'CriticalTime', ExtendedStatistic: 'PR(60000:)' },
      ...{ Period: 3600, EvaluationPeriods: 1, Threshold: 14.4 },
    });
    expect(named('billing-invoiced-late-slow')?.Properties).toMatchObject({ Period: 21_600, Threshold: 6 });
    expect(named('payments-payments-unanswered-fast')?.Properties).toMatchObject({ Threshold: 7.2 });
  });

  test('that names what nothing measures is not packaged', () => {
    const objectives = [{ name: 'x', promise: 'x', metric: 'Happiness', withinMs: 1, percent: 99 }];
    expect(() => resourcesOf({ ...service, operations: { objectives } })).toThrow(
      'Nothing measures Happiness',
    );
  });
});

describe('a metric', () => {
  const sources = (folder: string): string[] =>
    readdirSync(new URL(`../../${folder}/`, import.meta.url), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory()
        ? sources(`${folder}/${entry.name}`)
        : entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts')
          ? [`${folder}/${entry.name}`]
          : [],
    );
  const code = ['packages/runtime', ...servicesWithFunctions.map((name) => `services/${name}`)]
    .flatMap((folder) => sources(`${folder}/src`))
    .map(read)
    .join('\n');

  test('that is declared is measured by code', () => {
    const missing = Object.keys(measured).filter((name) => !code.includes(`'${name}'`));
    expect(missing).toEqual([]);
  });

  test('is of one stage: the functions measure in its namespace, and alarms read there', () => {
    const namespaces = functions.map(
      ({ Properties }) => Properties.Environment.Variables.POWERTOOLS_METRICS_NAMESPACE,
    );
    const own = alarms
      .map(({ Properties }) => Properties.Namespace)
      .filter((name) => !name.startsWith('AWS/'));
    expect(new Set([...namespaces, ...own])).toEqual(new Set(['Fanfold/local']));
  });

  test('is asked for by the service that measures it, or by that of the whole stage', () => {
    const keeps = ({ service, Properties: { Namespace, MetricName, Dimensions } }: Deployed) => {
      if (Namespace.startsWith('AWS/')) return true;
      const { of } = (measured as Record<string, { of: string }>)[MetricName] ?? {};
      const name =
        of === 'stage'
          ? wholeStage
          : one(service, 'ConsumerLambdaFunction').Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME;
      return Dimensions.length === 1 && Dimensions[0].Name === 'service' && Dimensions[0].Value === name;
    };
    expect(breaking(alarms, keeps)).toEqual([]);
  });
});

describe('one fault wakes once', () => {
  const actsItself = ({ Properties }: Deployed) => Properties.AlarmActions !== undefined;
  const rules = composites.map(({ Properties }) => Properties.AlarmRule as string);
  const inRule = (rule: string) => [...rule.matchAll(/ALARM\("([^"]+)"\)/g)].map(([, name]) => name ?? '');

  test('each alarm tells operators by itself or by the one of its service', () => {
    expect(composites.map(({ service }) => service).sort()).toEqual([...servicesWithFunctions].sort());
    const gathered = rules.flatMap((rule) =>
      inRule(rule.replaceAll(/AND NOT \((ALARM\("[^"]+"\)( OR )?)+\)/g, '')),
    );
    const names = alarms.filter((alarm) => !actsItself(alarm)).map(({ Properties }) => Properties.AlarmName);
    expect(gathered.sort()).toEqual(names.sort());
    const targets = [...alarms, ...composites].flatMap(({ Properties }) => Properties.AlarmActions ?? []);
    expect(new Set(targets)).toEqual(new Set(['arn:aws:sns:eu-west-1:000000000000:fanfold-local-operators']));
  });

  test('a rule names alarms that are there, of its own stack or of the bus, which is deployed before', () => {
    for (const { service, Properties } of composites) {
      for (const name of inRule(Properties.AlarmRule)) {
        const alarm = alarms.find((each) => each.Properties.AlarmName === name);
        expect([service, 'bus'], name).toContain(alarm?.service);
      }
      // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
      expect(Properties.AlarmRule.length).toBeLessThan(10_240);
    }
  });

  test('a consumer that fails wakes by what is retried, and not again by its queue', () => {
    const [rule = ''] = rules.filter((each) => each.includes('billing-queue-age'));
    const part = rule.split(' OR ((').find((each) => each.includes('billing-queue-age')) ?? '';
    expect(part).toMatch(/AND NOT \(.*ALARM\("fanfold-local-bus-messages-retried"\)/);
  });
});

describe('what watching costs', () => {
  const {
    alarms: count,
    compositeAlarms,
    dashboards,
    metrics,
  } = watchesOf(listed(resources).filter(({ service }) => servicesOfStack.includes(service)));
  const withoutMetrics = count * monthly.alarm.dollars + compositeAlarms * monthly.compositeAlarm.dollars;

  test('is less than $10 a month for alarms and dashboard at list price, and for alarms and metrics', () => {
    expect(dashboards).toBe(1);
    expect(withoutMetrics + dashboards * monthly.dashboard.dollars).toBeLessThan(10);
    expect(withoutMetrics + metrics * monthly.metric.dollars).toBeLessThan(10);
  });

  test('is less than $10 with Stripe and witnesses outside too, where the dashboard is among the three that are free', async () => {
    const stripe = { paymentProvider: 'stripe', paymentReturnUrl: 'https://shop.example/paid' };
    const templates = await Promise.all([
      templateFor('bus', 'local'),
      templateFor('billing', 'local'),
      templateFor('payments', 'local', stripe),
      templateFor('audit', 'local', { witnesses: 'https://w.example w.example+1b45cbd4+AQ==' }),
    ]);
    const most = watchesOf(templates.flatMap((template) => Object.values(resolveTemplate(template))));
    const dollars =
      most.alarms * monthly.alarm.dollars + most.compositeAlarms * monthly.compositeAlarm.dollars;
    expect(dollars).toBeLessThan(10);
    expect(read('docs/deploy.md').replaceAll('\n', ' ')).toContain(
      `With both, alarms are $${dollars.toFixed(2)}, and $${(dollars + monthly.dashboard.dollars).toFixed(2)} with a dashboard that is not free`,
    );
  });

  test('is told in docs/deploy.md', () => {
    const text = read('docs/deploy.md').replaceAll('\n', ' ');
    expect(text).toContain(
      `${count} alarms at ten cents, ${compositeAlarms} composite alarms at fifty, ${metrics} metrics at thirty`,
    );
  });
});

describe('a runbook', () => {
  const linked = [...alarms, ...composites].map(
    ({ Properties }) => /Runbook: docs\/runbooks\/([\w-]+)\.md$/.exec(Properties.AlarmDescription)?.[1],
  );

  test('is linked by every alarm, and by its name', () => {
    const keeps = ({ Properties: { AlarmName, AlarmDescription } }: Deployed) => {
      const [, told = '', page = ''] =
        /^(.+[.:)].*) Runbook: docs\/runbooks\/([\w-]+)\.md$/.exec(AlarmDescription) ?? [];
      return told.length > 30 && new RegExp(`^fanfold-local-[\\w-]+-${page}(-|$)`).test(AlarmName);
    };
    expect(breaking([...alarms, ...composites], keeps)).toEqual([]);
  });

  test('is there for every alarm, and no other', () => {
    const files = readdirSync(new URL('../../docs/runbooks/', import.meta.url)).filter(
      (name) => name !== 'README.md',
    );
    // With Stripe, and with witnesses outside.
    const others = ['provider-differences', 'webhooks-refused', 'witness-lag', 'witness-refused'];
    expect(files.map((name) => name.replace(/\.md$/, '')).sort()).toEqual(
      [...new Set([...linked, ...others])].sort(),
    );
  });
});
