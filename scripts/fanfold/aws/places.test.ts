import { describe, expect, it } from 'vitest';
import { bucketPrefix } from '../../../packages/topology/names.js';
import { ownerOfFunction, ownerOfSchedule, placeOf, stageOfTopic } from './places.ts';

const inTest = { stage: 'test', stages: ['test'], region: 'eu-west-1' };

describe('the name of a queue or bucket', () => {
  it.each([
    ['fanfold-test-billing-events-dead-letters', 'billing', 'events'],
    ['fanfold-test-billing-subscription-dead-letters', 'billing', 'subscription'],
    ['fanfold-test-eu-west-1-billing-stream-123456789012', 'billing', 'stream'],
    ['fanfold-test-gift-cards-events-dead-letters', 'gift-cards', 'events'],
  ])('%s tells whose dead letters it has, and why', (name, service, kind) => {
    expect(placeOf(name, inTest)).toEqual({ name, service, kind });
  });

  it.each([
    'fanfold-test-billing-events',
    'fanfold-test-events-dead-letters',
    'fanfold-testing-billing-events-dead-letters',
    'fanfold-production-billing-events-dead-letters',
    'fanfold-test-eu-west-1-billing-stream-12345',
    'fanfold-test-eu-west-2-billing-stream-123456789012',
    'fanfold-test-eu-west-1-stream-123456789012',
    'another-fanfold-test-billing-events-dead-letters',
  ])('%s is none of a place of dead letters in the stage test', (name) => {
    expect(placeOf(name, inTest)).toBeUndefined();
  });

  it('has the stage cut where it would be too long, and is found again', () => {
    const stage = 'test-of-the-thirty-two-character';
    const name = `${bucketPrefix(stage, 'ap-southeast-2')}-billing-stream-123456789012`;
    expect(name).toMatch(/^fanfold-test-of-the-[0-9a-f]{8}-billing-stream-/);
    expect(placeOf(name, { stage, stages: [stage], region: 'ap-southeast-2' })).toMatchObject({
      service: 'billing',
      kind: 'stream',
    });
    expect(placeOf(name, { stage, stages: [stage], region: 'ap-southeast-1' })).toBeUndefined();
  });

  it("that begins with another stage's is that stage's, if there is one", () => {
    const name = 'fanfold-test-eu-billing-events-dead-letters';
    expect(placeOf(name, { ...inTest, stages: ['test', 'test-eu'] })).toBeUndefined();
    expect(placeOf(name, { ...inTest, stage: 'test-eu', stages: ['test', 'test-eu'] })).toMatchObject({
      service: 'billing',
    });
    expect(placeOf(name, { ...inTest, stages: ['test', 'production'] })).toMatchObject({
      service: 'eu-billing',
    });
  });
});

it.each([
  ['arn:aws:sns:eu-west-1:123456789012:fanfold-test-eu-events', 'test-eu'],
  ['arn:aws-cn:sns:cn-north-1:123456789012:fanfold-test-events', 'test'],
  ['arn:aws:sns:eu-west-1:123456789012:fanfold-test-alarms', undefined],
  ['arn:aws:sns:eu-west-1:123456789012:fanfold-test-events:a-subscription', undefined],
])('the topic %s is that of the stage %s', (arn, stage) => {
  expect(stageOfTopic(arn)).toBe(stage);
});

const stages = { stage: 'test', stages: ['test', 'test-eu', 'eu-test'] };

it.each([
  ['fanfold-billing-test-consumer', { service: 'billing', functionKey: 'consumer' }],
  ['fanfold-gift-cards-test-publishLog', { service: 'gift-cards', functionKey: 'publishLog' }],
  ['fanfold-billing-eu-test-consumer', undefined],
  ['fanfold-billing-test-eu-consumer', undefined],
  ['fanfold-billing-test', undefined],
  ['billing-test-consumer', undefined],
])('the function %s', (name, owner) => {
  expect(ownerOfFunction(name, stages)).toEqual(owner);
});

it.each([
  ['fanfold-test-audit-publishLog', { service: 'audit', functionKey: 'publishLog' }],
  ['fanfold-test-gift-cards-expiry', { service: 'gift-cards', functionKey: 'expiry' }],
  ['fanfold-test-eu-audit-publishLog', undefined],
  ['fanfold-eu-test-audit-publishLog', undefined],
  ['fanfold-test-audit', undefined],
])('the schedule %s', (name, owner) => {
  expect(ownerOfSchedule(name, stages)).toEqual(owner);
});
