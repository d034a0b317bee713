import { expect, test } from 'vitest';
import { refusedByAws } from './refusedByAws.ts';

const mapping = (Properties: object) =>
  refusedByAws({ Type: 'AWS::Lambda::EventSourceMapping', Properties: { ...Properties } });

test.each([
  ['BatchSize', { BatchSize: 0 }],
  ['BatchSize', { BatchSize: 10_001, MaximumBatchingWindowInSeconds: 1 }],
  ['BatchSize', { BatchSize: 1.5 }],
  ['BatchSize', { BatchSize: 'many' }],
  ['MaximumBatchingWindowInSeconds', { MaximumBatchingWindowInSeconds: -1 }],
  ['MaximumBatchingWindowInSeconds', { MaximumBatchingWindowInSeconds: 301 }],
  ['MaximumBatchingWindowInSeconds ≥ 1', { BatchSize: 11 }],
  ['MaximumConcurrency', { ScalingConfig: { MaximumConcurrency: 1 } }],
  ['MaximumConcurrency', { ScalingConfig: { MaximumConcurrency: 1_001 } }],
  ['MaximumRetryAttempts', { StartingPosition: 'LATEST', MaximumRetryAttempts: -2 }],
  ['MaximumRetryAttempts', { StartingPosition: 'LATEST', MaximumRetryAttempts: 10_001 }],
  ['MaximumRecordAgeInSeconds', { StartingPosition: 'LATEST', MaximumRecordAgeInSeconds: 59 }],
  ['MaximumRecordAgeInSeconds', { StartingPosition: 'LATEST', MaximumRecordAgeInSeconds: 604_801 }],
  ['ParallelizationFactor', { StartingPosition: 'LATEST', ParallelizationFactor: 11 }],
  ['TumblingWindowInSeconds', { StartingPosition: 'LATEST', TumblingWindowInSeconds: 901 }],
])('AWS wants another %s than a mapping of %j has', (name, properties) => {
  expect(mapping(properties)).toContain(`AWS wants ${name}`);
});

test.each([
  [{}],
  [{ BatchSize: 10_000, MaximumBatchingWindowInSeconds: 300, ScalingConfig: { MaximumConcurrency: 1_000 } }],
  [{ BatchSize: 1, MaximumBatchingWindowInSeconds: 0, ScalingConfig: { MaximumConcurrency: 2 } }],
  [{ StartingPosition: 'LATEST', BatchSize: 10_000, MaximumRetryAttempts: 0, MaximumRecordAgeInSeconds: 60 }],
  [{ StartingPosition: 'LATEST', MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1 }],
  [{ BatchSize: '10' }],
  [{ BatchSize: { Ref: 'Messages' } }],
])('AWS takes a mapping of %j', (properties) => {
  expect(mapping(properties)).toBeUndefined();
});

test('A filter is looked at in the scope that it has, and only where there is one', () => {
  const subscription = (Properties: Record<string, unknown>) =>
    refusedByAws({ Type: 'AWS::SNS::Subscription', Properties });
  const FilterPolicy = { object: { key: ['a'] } };
  expect(subscription({ FilterPolicy })).toContain('SNS refuses the filter policy');
  expect(subscription({ FilterPolicy, FilterPolicyScope: 'MessageBody' })).toBeUndefined();
  expect(subscription({})).toBeUndefined();
});
