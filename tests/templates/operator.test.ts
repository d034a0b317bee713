import { describe, expect, test } from 'vitest';
import { conditionsOf, covers, type Grant, grantsOf } from '../../scripts/operatorRole.ts';
import { allOf as allOfAny, type Deployed, listed } from './stacks.ts';

const allOf = (type: string): Deployed[] => listed(allOfAny(type));

/** The operator's role of docs/operations.md, against what there is in its stage and in others. */
const [region, account] = ['eu-west-1', '000000000000'];

/** The names of a stage's resources: they differ from the local stage's in its name alone. */
const inStage = (stage: string, name: string) => name.replace(/(?<=[-/])local(?=-)/, stage);

const named = (type: string, property: string) =>
  allOf(type).map(({ Properties }: Deployed) => String(Properties[property]));

const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;

/** All that an operator could switch or read, by the actions that do. */
const callsIn = (stage: string): Grant[] => {
  const calls = (actions: string[], resources: string[]): Grant[] =>
    actions.flatMap((action) =>
      resources.map((resource) => ({ action, resource: inStage(stage, resource) })),
    );
  const queues = named('AWS::SQS::Queue', 'QueueName').map((name) => arn('sqs', name));
  const buckets = named('AWS::S3::Bucket', 'BucketName').map((name) => `arn:aws:s3:::${name}`);
  return [
    ...calls(
      ['events:EnableRule', 'events:DisableRule'],
      named('AWS::Events::Rule', 'Name').map((name) => arn('events', `rule/${name}`)),
    ),
    ...calls(
      ['lambda:InvokeFunction', 'lambda:UpdateEventSourceMapping', 'lambda:PutFunctionConcurrency'],
      named('AWS::Lambda::Function', 'FunctionName').map((name) => arn('lambda', `function:${name}`)),
    ),
    ...calls(
      [
        'sqs:SendMessage',
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:GetQueueUrl',
        'sqs:GetQueueAttributes',
      ],
      queues,
    ),
    ...calls(['s3:ListBucket'], buckets),
    ...calls(
      ['s3:GetObject', 's3:DeleteObject'],
      buckets.map((bucket) => `${bucket}/object`),
    ),
    ...calls(['kms:GetPublicKey'], named('AWS::KMS::Alias', 'AliasName')),
    ...calls(['sns:Publish'], [arn('sns', 'fanfold-local-events')]),
  ];
};

/** What the role of a stage allows of these calls. A condition stands for the resource that it narrows. */
const allowed = (stage: string, calls: Grant[]): Grant[] => {
  const narrowed = conditionsOf({ stage, region, account });
  const grants = [
    ...grantsOf({ stage, region, account }).filter(
      ({ action }) => !narrowed.some((condition) => condition.action === action),
    ),
    ...narrowed,
  ];
  return calls.filter((call) => grants.some(covers(call)));
};

describe("the operator's role", () => {
  test('switches every schedule and every mapping of its stage', () => {
    const mapped = allOf('AWS::Lambda::EventSourceMapping').map(({ Properties }) =>
      String(Properties.FunctionName).replace(/^.*function:/, ''),
    );
    const all = callsIn('prod');
    const calls = all.filter(
      ({ action, resource }) =>
        action.startsWith('events:') ||
        (action === 'lambda:UpdateEventSourceMapping' &&
          mapped.some((name) => resource.endsWith(`:${inStage('prod', name)}`))),
    );
    expect(calls.length).toBeGreaterThan(mapped.length);
    expect(allowed('prod', calls)).toEqual(calls);
    const others = all.filter((call) => !calls.includes(call));
    expect(allowed('prod', others).filter(({ action }) => /Rule|Mapping/.test(action))).toEqual([]);
  });

  test.each(['prod-eu', 'eu-prod', 'prod-audit', 'audit-prod', 'prod-eu-west-1'])(
    'of prod reaches nothing of %s',
    (other) => {
      expect(allowed('prod', callsIn(other))).toEqual([]);
    },
  );
});
