import { appendFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exampleFile } from '@fanfold/contracts/exampleFile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dashboardOf, partsOfServices } from '../../packages/topology/dashboard.js';
import { measured, namespaceOf, wholeStage } from '../../packages/topology/measured.js';
import { serviceFiles } from '../../scripts/fanfold/operations/new/serviceFiles.ts';
import { allOf, listed, one, servicesOfStack } from './stacks.ts';

// A name that is wrong leaves a graph empty, and nothing fails. So each is looked up among what is deployed.

type Metric = (string | { label?: string; expression?: string })[];
type Widget = { properties: { title: string; metrics?: Metric[]; alarms?: string[] } };

const metricsOf = ({ properties: { metrics = [] } }: Widget): Metric[] => {
  let previous: Metric = [];
  return metrics.map((metric) => {
    // `.` stands for what the metric before has in its place.
    previous = metric.map((part, i) => (part === '.' ? (previous[i] ?? part) : part));
    return previous;
  });
};

describe('the dashboard as it is deployed', () => {
  const { widgets } = JSON.parse(one('bus', 'Dashboard').Properties.DashboardBody) as { widgets: Widget[] };
  const asked = widgets
    .flatMap(metricsOf)
    .map((metric) => metric.filter((part) => typeof part === 'string'))
    .filter(([namespace]) => namespace !== undefined);

  test('asks for metrics that the functions measure, as they measure them', () => {
    const own = asked.filter(([namespace]) => namespace === namespaceOf('local'));
    expect(own.length).toBeGreaterThan(0);
    for (const [, metric = '', dimension, value] of own) {
      const { of } = (measured as Record<string, { of: string }>)[metric] ?? {};
      expect(of, metric).toBeDefined();
      expect(dimension).toBe('service');
      if (of === 'stage') expect(value).toBe(wholeStage);
      else expect(servicesOfStack.map((name) => `fanfold-${name}`)).toContain(value);
    }
  });

  test('searches for what is measured of each currency', () => {
    const searches = widgets
      .flatMap(metricsOf)
      .flatMap((metric) =>
        metric.flatMap((part) => (typeof part === 'object' ? (part.expression ?? []) : [])),
      );
    expect(searches).toHaveLength(1);
    for (const search of searches) {
      const [, namespace, metric = ''] =
        /^SEARCH\('\{([^,]+),currency,service\} MetricName="(\w+)"'/.exec(search) ?? [];
      expect(namespace).toBe(namespaceOf('local'));
      expect((measured as Record<string, { of: string }>)[metric]?.of).toBe('currency');
    }
  });

  test.each([
    ['QueueName', 'AWS::SQS::Queue', 'QueueName'],
    ['FunctionName', 'AWS::Lambda::Function', 'FunctionName'],
    ['TableName', 'AWS::DynamoDB::Table', 'TableName'],
    ['TopicName', 'AWS::SNS::Topic', 'TopicName'],
  ])('asks by %s for what is there', (dimension, type, property) => {
    const there = allOf(type).map(({ Properties }) => Properties[property]);
    const named = asked.filter(([, , name]) => name === dimension).map(([, , , value]) => value);
    expect(named.length).toBeGreaterThan(0);
    for (const name of named) expect(there).toContain(name);
  });

  test('shows each consumer with its queue and its dead letters, each publisher, and the state of each service', () => {
    const functions = listed(allOf('AWS::Lambda::Function')).filter(({ service }) =>
      servicesOfStack.includes(service),
    );
    const servicesWith = (key: string) =>
      functions
        .filter(({ logicalId }) => logicalId === `${key}LambdaFunction`)
        .map(({ service }) => service)
        .sort();
    const shown = (title: string) =>
      widgets
        .filter(({ properties }) => properties.title === title)
        .flatMap(metricsOf)
        .map((metric) => (metric.at(-1) as { label: string }).label)
        .sort();
    for (const title of ['Queues: messages that wait', 'Dead letters', 'Handled: events']) {
      expect(shown(title)).toEqual(servicesWith('Consumer'));
    }
    for (const title of ['Published: events', 'Behind the stream, ms']) {
      expect(shown(title)).toEqual(servicesWith('Publisher'));
    }
    const states = allOf('AWS::CloudWatch::CompositeAlarm').map(({ Properties }) => Properties.AlarmName);
    const alarms = widgets.flatMap(({ properties }) => properties.alarms ?? []);
    expect(alarms).toHaveLength(new Set(functions.map(({ service }) => service)).size);
    for (const arn of alarms) expect(states).toContain(arn.split(':alarm:')[1]);
  });
});

describe('a fourth service', () => {
  const repository = join(import.meta.dirname, '../..');
  let checkout: string;

  beforeAll(async () => {
    checkout = await mkdtemp(join(tmpdir(), 'fanfold-dashboard-'));
    const compose = 'serverless-compose.yml';
    await cp(join(repository, compose), join(checkout, compose));
    for (const service of servicesOfStack) {
      for (const file of ['serverless.yml', 'subscriptions.js']) {
        const path = join('services', service, file);
        await cp(join(repository, path), join(checkout, path)).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT' || file === 'serverless.yml') throw error;
        });
      }
    }
    const example = exampleFile({ type: 'payment.captured.v1', source: '/payments' });
    const files = serviceFiles(
      {
        name: 'loyalty',
        subscribesTo: ['payment.captured.v1'],
        publishes: ['points.earned.v1'],
        api: true,
      },
      { localPort: 10, cause: JSON.parse(await readFile(example, 'utf8')) },
    );
    for (const [path, text] of files) {
      const file = join(checkout, 'services/loyalty', path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    await appendFile(join(checkout, compose), '  loyalty: { path: services/loyalty, dependsOn: [bus] }\n');
  });
  afterAll(() => rm(checkout, { recursive: true, force: true }));

  test('that subscribes and publishes is on each graph that billing is on, by itself', async () => {
    const { widgets } = dashboardOf('local', await partsOfServices(checkout));
    const of = (service: string) =>
      JSON.parse(JSON.stringify(widgets).replaceAll(service, 'it')).flatMap((widget: Widget) => [
        ...metricsOf(widget).filter((metric) => JSON.stringify(metric).includes('"it"')),
        ...(widget.properties.alarms ?? []).filter((arn) => arn.includes('-it-')),
      ]);
    expect(of('loyalty')).toEqual(of('billing'));
    expect(of('loyalty').length).toBeGreaterThanOrEqual(10);
  });

  test('that subscribes to one type stands before those that subscribe to more, as the flow goes', async () => {
    const names = (await partsOfServices(checkout))
      .filter(({ consumes }) => consumes)
      .map(({ name }) => name);
    expect(names.indexOf('loyalty')).toBeLessThan(names.indexOf('billing'));
    expect(names.at(-1)).toBe('audit');
  });
});
