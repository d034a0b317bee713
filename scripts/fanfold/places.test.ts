import { describe, expect, it } from 'vitest';
import { placeOf, stageOfTopic } from './places.ts';

describe('the name of a queue or bucket', () => {
  it.each([
    ['fanfold-test-billing-events-dead-letters', 'billing', 'events'],
    ['fanfold-test-billing-subscription-dead-letters', 'billing', 'subscription'],
    ['fanfold-test-billing-stream-failures-123456789012', 'billing', 'stream'],
    ['fanfold-test-gift-cards-events-dead-letters', 'gift-cards', 'events'],
  ])('%s tells whose dead letters it has, and why', (name, service, kind) => {
    expect(placeOf(name, 'test', ['test'])).toEqual({ name, service, kind });
  });

  it.each([
    'fanfold-test-billing-events',
    'fanfold-test-events-dead-letters',
    'fanfold-testing-billing-events-dead-letters',
    'fanfold-production-billing-events-dead-letters',
    'fanfold-test-billing-stream-failures-12345',
    'another-fanfold-test-billing-events-dead-letters',
  ])('%s is none of a place of dead letters in the stage test', (name) => {
    expect(placeOf(name, 'test', ['test'])).toBeUndefined();
  });

  it("that begins with another stage's is that stage's, if there is one", () => {
    const name = 'fanfold-test-eu-billing-events-dead-letters';
    expect(placeOf(name, 'test', ['test', 'test-eu'])).toBeUndefined();
    expect(placeOf(name, 'test-eu', ['test', 'test-eu'])).toMatchObject({ service: 'billing' });
    expect(placeOf(name, 'test', ['test', 'production'])).toMatchObject({ service: 'eu-billing' });
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
