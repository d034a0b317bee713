import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sellerRequest } from '@fanfold/contracts/seller';
import { missingFor } from '@fanfold/invoicing/available';
import { findingsOf } from '@fanfold/invoicing/findings';
import { invoiceOf } from '@fanfold/invoicing/issue';
import type { Invoiceable } from '@fanfold/invoicing/order';
import { forms } from '@fanfold/invoicing/profile';
import { resolveTemplate, type Template } from '@fanfold/local-cloud/template';
import { load } from 'js-yaml';
import { describe, expect, test, vi } from 'vitest';
import { services, servicesOfStack, servicesWithFunctions, templateFor } from './stacks.ts';

const stage = 'a-stage-of-thirty-two-characters';
const region = 'ap-southeast-2';
const topicArn = `arn:aws:sns:${region}:111111111111:other-events`;
const parameters = {
  tokenIssuer: 'https://id.example.com',
  logOrigin: `fanfold.example/${stage}/audit`,
  topicArn,
  operators: 'on-call@example.com',
  tracing: 'on',
};

/** Every service in a stage with all parameters and the longest name, in a region with a long one. */
const deployed: Record<string, Template> = Object.fromEntries(
  await Promise.all(
    services.map(async (service) => [service, await templateFor(service, stage, parameters, region)]),
  ),
);
const resources = Object.fromEntries(
  Object.entries(deployed).map(([service, template]) => [service, resolveTemplate(template)]),
);

/** A template without what may differ between stages: names, bundles, and the parameters' values. */
const comparable = (template: Template, stage: string, region: string): unknown => {
  const text = JSON.stringify(template, withoutTracing)
    .replaceAll(new RegExp(`\\b${stage}\\b`, 'g'), 'STAGE')
    .replaceAll(`_${stage.replaceAll('-', '_')}_`, '_STAGE_')
    .replaceAll(region, 'REGION')
    // Names that would be too long end, or begin, with a hash.
    .replaceAll(/("RoleName":"fanfold-STAGE-)[^"]*/g, '$1ROLE')
    .replaceAll(/fanfold-(STAGE-REGION|a-stage-of-[0-9a-f]{8})/g, 'fanfold-STAGE')
    .replaceAll(/serverless\/[^"]*\.zip/g, 'BUNDLE')
    .replaceAll(/("MaximumBatchingWindowInSeconds":)(300|10|[01])\b/g, '$1"WINDOW"')
    .replaceAll(/http:\/\/127\.0\.0\.1:4000|https:\/\/id\.example\.com/g, 'TOKEN ISSUER')
    .replaceAll(/arn:aws:sns:REGION:(1{12}:other|0{12}:fanfold-STAGE)-events/g, 'TOPIC');
  return JSON.parse(text);
};

/** What a replacer of JSON leaves of a template. */
const withoutTracing = (key: string, value: unknown): unknown =>
  key === 'TracingConfig' || key === 'OperatorsSubscription'
    ? undefined
    : key === 'DEFAULT_SELLER'
      ? 'SELLER'
      : Array.isArray(value)
        ? value.filter((each) => !String(each?.Action).startsWith('xray:'))
        : value;

describe('a stage in AWS', () => {
  test.each(services)(
    'packages %s without an account, and differs from the local stage only in names and parameters',
    async (service) => {
      const local = await templateFor(service, 'local');
      expect(comparable(deployed[service] as Template, stage, region)).toEqual(
        comparable(local, 'local', 'eu-west-1'),
      );
    },
  );

  test.each(services)('checks of %s, before it is deployed, what it is deployed with', async (service) => {
    const configuration = await readFile(
      join(import.meta.dirname, '../../services', service, 'serverless.yml'),
      'utf8',
    );
    const shared = (name: string) => `\${file(../../packages/topology/plugins.yml):${name}}\n`;
    expect([`\nplugins: ${shared('plugins')}`, "\nplugins: ['@fanfold/deployment/plugin']\n"]).toContainEqual(
      /\nplugins: .*\n/.exec(configuration)?.[0],
    );
    expect(configuration).toContain(`\n  deployment: ${shared('deployment')}`);
  });

  test('has to say who issues its tokens, and how its log is named', async () => {
    vi.stubEnv('FANFOLD_TOKEN_ISSUER', undefined);
    vi.stubEnv('FANFOLD_LOG_ORIGIN', undefined);
    await expect(templateFor('payments', 'production')).rejects.toThrow(
      /There is no token issuer for this stage\. .*\nThe audit log has no name/,
    );
  });
});

describe('the seller of a stage', () => {
  test('is on a laptop an example that can issue every form of a document', async () => {
    const file = join(import.meta.dirname, '../../packages/topology/sellers.yml');
    const { local } = load(await readFile(file, 'utf8')) as { local: object };
    const seller = sellerRequest.parse(local);
    const { address, electronicAddress } = seller;
    const ordered: Invoiceable = {
      seller,
      buyer: { name: 'Ada Example', address, vatId: null, email: null, electronicAddress },
      isForCompany: false,
      delivery: null,
      buyerReference: '04011000-12345-34',
      orderReference: 'order-1001',
      order: {
        currency: 'EUR',
        pricesIncludeTax: false,
        lines: [
          {
            ...{ description: 'Chair', itemId: null, quantity: '1', unitCode: 'C62', unitPrice: '100.00' },
            ...{ category: 'S', taxRate: '21.00', exemption: null, adjustments: [] },
          },
        ],
        adjustments: [],
        roundingMinor: 0,
      },
      exchange: null,
      amountMinor: 12_100,
    };
    expect(findingsOf(ordered)).toEqual([]);
    const card = { lastDigits: '4242', network: 'Visa' };
    const issued = { number: 'INV-2026-000001', issueDate: '2026-11-30' };
    const invoice = invoiceOf(ordered, issued, { card, notes: [] });
    expect(forms.flatMap((form) => missingFor(form, invoice))).toEqual([]);
  });
});

describe('a stage with all parameters and the longest name, in a region with a long one', () => {
  const longest: [type: string, name: string, characters: number][] = [
    ['AWS::S3::Bucket', 'BucketName', 63],
    ['AWS::IAM::Role', 'RoleName', 64],
    ['AWS::Lambda::Function', 'FunctionName', 64],
    ['AWS::SQS::Queue', 'QueueName', 80],
    ['AWS::SNS::Topic', 'TopicName', 256],
    ['AWS::DynamoDB::Table', 'TableName', 255],
    ['AWS::KMS::Alias', 'AliasName', 256],
  ];
  const ofType = (service: string, type: string) =>
    Object.values(resources[service] ?? {}).filter(({ Type }) => Type === type);

  test.each(servicesWithFunctions)('subscribes %s to the topic that it names', (service) => {
    const topics = ofType(service, 'AWS::SNS::Subscription').map(({ Properties }) => Properties.TopicArn);
    expect(topics).toEqual([topicArn]);
  });

  test('tells its operators, who are subscribed to the topic of its alarms', () => {
    const [topic] = ofType('bus', 'AWS::SNS::Topic').filter(({ Properties }) =>
      String(Properties.TopicName).endsWith('-operators'),
    );
    expect(topic?.Properties.TopicName).toBe(`fanfold-${stage}-operators`);
    expect(ofType('bus', 'AWS::SNS::Subscription').map(({ Properties }) => Properties)).toMatchObject([
      { Protocol: 'email', Endpoint: 'on-call@example.com', TopicArn: expect.stringContaining('-operators') },
    ]);
  });

  test.each(servicesWithFunctions)(
    'traces the functions of %s where it is asked to, and lets them',
    (service) => {
      const modes = ofType(service, 'AWS::Lambda::Function').map(
        ({ Properties }) => Properties.TracingConfig,
      );
      expect(modes).toEqual(modes.map(() => ({ Mode: 'Active' })));
      const roles = ofType(service, 'AWS::IAM::Role').map(({ Properties }) =>
        JSON.stringify(Properties.Policies),
      );
      const mayTrace = roles.filter((policies) => policies.includes('xray:PutTraceSegments'));
      expect(modes.length).toBeGreaterThan(0);
      expect(mayTrace).toHaveLength(modes.length);
    },
  );

  const namesIn = (service: string) =>
    longest.flatMap(([type, property, characters]) =>
      Object.values(resources[service] ?? {})
        .filter(({ Type, Properties }) => Type === type && property in Properties)
        .map(({ Properties }) => ({ type, name: String(Properties[property]), characters })),
    );

  test.each(services)('has names in %s that AWS takes', (service) => {
    const names = namesIn(service);
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter(({ name, characters }) => name.length > characters)).toEqual([]);
    const buckets = names.filter(({ type }) => type === 'AWS::S3::Bucket');
    expect(buckets.filter(({ name }) => !/^[a-z0-9][a-z0-9-]+[a-z0-9]$/.test(name))).toEqual([]);
  });

  test('has publishers that the topic takes messages from, and no others', () => {
    const { PolicyDocument } = resources.bus?.EventsTopicPolicy?.Properties ?? {};
    const { Statement } = PolicyDocument as {
      Statement: { Condition: { ArnNotLike?: { 'aws:PrincipalArn': string[] } } }[];
    };
    const [pattern = ''] =
      Statement[0]?.Condition.ArnNotLike?.['aws:PrincipalArn'][0]?.split('role/').slice(1) ?? [];
    const roles = servicesWithFunctions.flatMap((service) =>
      Object.entries(resources[service] ?? {}).filter(([, { Type }]) => Type === 'AWS::IAM::Role'),
    );
    const matching = roles.filter(([, { Properties }]) =>
      new RegExp(`^${pattern.replace('*', '.*')}$`).test(String(Properties.RoleName)),
    );
    const publishers = roles.filter(([logicalId]) => logicalId === 'PublisherIamRoleLambdaExecution');
    expect(publishers.length).toBeGreaterThan(0);
    expect(matching).toEqual(publishers);
  });
});

test('a stage whose name does not fit is refused before anything is packaged', async () => {
  await expect(templateFor('bus', 'Production')).rejects.toThrow(
    'The stage "Production" cannot be deployed: its name may have lower-case letters, digits and hyphens',
  );
});

describe('deployed together', () => {
  test('the services are all, behind the bus, and behind audit those whose events it records', async () => {
    const compose = await readFile(join(import.meta.dirname, '../../serverless-compose.yml'), 'utf8');
    expect([...compose.matchAll(/path: services\/([\w-]+)/g)].map(([, service]) => service).sort()).toEqual(
      // What is opt-in waits as a comment.
      services,
    );
    const dependencies = [...compose.matchAll(/^ {2}([\w-]+):\n(?: {4}.*\n)*? {4}dependsOn: \[(.*)\]/gm)];
    expect(Object.fromEntries(dependencies.map(([, service, others]) => [service, others]))).toEqual({
      audit: 'bus',
      ...Object.fromEntries(
        servicesOfStack
          .filter((name) => name !== 'bus' && name !== 'audit')
          .map((name) => [name, 'bus, audit']),
      ),
    });
  });
});

describe('the outputs', () => {
  const outputsOf = async (service: string) => {
    const { Outputs } = (await templateFor(service, 'local')) as { Outputs?: object };
    return Object.keys(Outputs ?? {}).filter((name) => !name.startsWith('Serverless'));
  };
  const inbox = [
    'EventsQueueUrl',
    'EventsQueueArn',
    'EventsDeadLetterQueueUrl',
    'EventsDeadLetterQueueArn',
    'EventsSubscriptionDeadLetterQueueUrl',
    'EventsSubscriptionDeadLetterQueueArn',
  ];

  test.each([
    ['bus', ['TopicArn', 'MarksBucketName', 'OperatorsTopicArn']],
    ['payments', ['HttpApiId', 'HttpApiUrl', 'TableName', 'TableArn', ...inbox, 'StreamFailuresBucketName']],
    ['billing', ['HttpApiId', 'HttpApiUrl', 'TableName', 'TableArn', ...inbox, 'StreamFailuresBucketName']],
    ['archive', [...inbox, 'ArchiveBucketName']],
    ['stream', ['TableName', 'TableArn', ...inbox, 'StreamName', 'StreamArn']],
    ['audit', ['HttpApiId', 'HttpApiUrl', 'TableName', 'TableArn', ...inbox, 'StreamFailuresBucketName']],
  ])('of %s name what operators need', async (service, expected) => {
    expect(await outputsOf(service)).toEqual(expected);
  });
});
