import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  longestPolicy,
  missingIn,
  neededBy,
  ofOptIn,
  ofOtherStages,
  type Policy,
  policyFor,
} from './policy.ts';

const deployer = 'arn:aws:iam::000000000000:user/deployer';
const handlers = {
  'AWS::SQS::Queue': {
    create: ['sqs:CreateQueue'],
    read: ['sqs:GetQueueAttributes'],
    delete: ['sqs:DeleteQueue'],
  },
  'AWS::DynamoDB::Table': { create: ['dynamodb:CreateTable', 'dynamodb:PutItem'], read: [] },
};

it('needed is what the deployer called, and what CloudFormation calls for the resources that it handled', () => {
  const queue = 'arn:aws:sqs:eu-west-1:000000000000:fanfold-production-events';
  expect(
    neededBy(
      [
        { caller: deployer, action: 'sqs:GetQueueUrl', resource: queue, allowed: true },
        {
          caller: 'arn:aws:iam::000000000000:root',
          action: 'sqs:PurgeQueue',
          resource: queue,
          allowed: true,
        },
        { type: 'AWS::SQS::Queue', operation: 'create', region: 'eu-west-1' },
        { type: 'AWS::SQS::Queue', operation: 'create', region: 'eu-west-1' },
      ],
      handlers,
      deployer,
    ),
  ).toEqual([
    { action: 'sqs:GetQueueUrl', resource: queue },
    { action: 'sqs:CreateQueue' },
    { action: 'sqs:GetQueueAttributes' },
  ]);
});

it('what handlers call for properties that no template has is not needed, data least of all', () => {
  const calls = [{ type: 'AWS::DynamoDB::Table', operation: 'create', region: 'eu-west-1' }] as const;
  expect(neededBy(calls, handlers, deployer)).toEqual([{ action: 'dynamodb:CreateTable' }]);
});

it('a policy that is made of what is needed suffices, on resources of Fanfold only', () => {
  const needed = [
    { action: 'sqs:CreateQueue' },
    { action: 'sqs:GetQueueUrl', resource: 'arn:aws:sqs:eu-west-1:1:fanfold-a' },
    { action: 'cloudformation:ValidateTemplate', resource: '*' },
  ];
  const policy = policyFor(needed, ['cloudformation:ValidateTemplate']);
  expect(missingIn(policy, needed)).toEqual([]);
  const others = [{ action: 'sqs:GetQueueUrl', resource: 'arn:aws:sqs:eu-west-1:1:other' }];
  expect(missingIn(policy, others)).toEqual(others);
});

it('an action that is not allowed, or only on other resources, is missing', () => {
  const policy: Policy = {
    Version: '2012-10-17',
    Statement: [{ Sid: 'A', Effect: 'Allow', Action: ['sqs:Get*'], Resource: 'arn:aws:sqs:*:*:fanfold-*' }],
  };
  expect(missingIn(policy, [{ action: 'sqs:GetQueueUrl' }])).toEqual([]);
  expect(missingIn(policy, [{ action: 'sqs:SendMessage' }])).toHaveLength(1);
  expect(missingIn(policy, [{ action: 'sqs:GetQueueUrl', resource: '*' }])).toHaveLength(1);
});

it('an action of a service that nothing uses is asked about, not allowed on everything', () => {
  expect(() => policyFor([{ action: 'ec2:RunInstances' }])).toThrow('ec2:RunInstances');
});

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const policyOfDocs: Policy = JSON.parse(read('docs/deploy-policy.json'));

/** By client and command: what a deployment's own code calls before, between and after what the framework does. */
const calledByPlugin = ['adoption', 'kept', 'preconditions', 'plugin'].flatMap((name) => {
  const source = read(`packages/deployment/src/${name}.ts`);
  const imports = source.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([a-z0-9-]+)'/g);
  return [...imports].flatMap(([, names = '', client = '']) =>
    [...names.matchAll(/(\w+)Command\b/g)].map(([, command]) => `${client.replace(/-/g, '')}:${command}`),
  );
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html */
const actionOf: Record<string, string> = { 's3:HeadBucket': 's3:ListBucket' };

it.each(calledByPlugin)('docs/deploy-policy.json allows what the plugin calls: %s', (call) => {
  expect(missingIn(policyOfDocs, [{ action: actionOf[call] ?? call }])).toEqual([]);
});

it('docs/deploy-policy.json allows what stages need that no rehearsal has, such as one with Stripe', () => {
  expect(calledByPlugin).toContain('secretsmanager:DescribeSecret');
  expect(missingIn(policyOfDocs, ofOtherStages)).toEqual([]);
});

it('docs/deploy-policy-opt-in.json is the least that archive and stream need besides, and fits into a managed policy', () => {
  const text = read('docs/deploy-policy-opt-in.json');
  expect(JSON.parse(text)).toEqual(policyFor(ofOptIn));
  expect(text.replace(/\s/g, '').length).toBeLessThanOrEqual(longestPolicy);
});
