import type { Resource } from '@fanfold/local-cloud/template';
import { describe, expect, it } from 'vitest';
import { changesOf, unknownTypes, withoutCode } from './changes.ts';

const subscribed = (...type: string[]): Resource => ({
  Type: 'AWS::SNS::Subscription',
  Properties: { FilterPolicy: { type } },
});
const route = (RouteKey: string): Resource => ({
  Type: 'AWS::ApiGatewayV2::Route',
  Properties: { RouteKey },
});
const table: Resource = { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'fanfold-local-loyalty' } };
const code = (S3Key: string): Resource => ({
  Type: 'AWS::Lambda::Function',
  Properties: { FunctionName: 'fanfold-loyalty-local-consumer', Code: { S3Key } },
});

describe('what a deployment does', () => {
  it('is said in one line: what is new, changed and removed', () => {
    const before = { Subscription: subscribed('payment.captured.v1'), Old: route('GET /points') };
    const after = {
      Subscription: subscribed('payment.captured.v1', 'payment.refunded.v1'),
      Table: table,
      List: route('GET /loyalty'),
      Get: route('GET /loyalty/{id}'),
    };
    expect(changesOf(before, after)).toBe(
      'changed subscription to payment.captured.v1, payment.refunded.v1; removed route GET /points; ' +
        'new table fanfold-local-loyalty; new route GET /loyalty, GET /loyalty/{id}',
    );
  });

  it('is nothing when only the code is in another place', () => {
    const [before, after] = ['1/consumer.zip', '2/consumer.zip'].map((key) =>
      withoutCode({ Code: code(key) }),
    );
    expect(changesOf(before ?? {}, after ?? {})).toBe('');
    expect(after).toEqual(before);
  });
});

it('a type that nobody declares is found in the filter of a subscription', () => {
  const resources = { Subscription: subscribed('payment.captured.v1', 'payment.taken.v1') };
  expect(unknownTypes(resources, ['payment.captured.v1'])).toEqual(['payment.taken.v1']);
  expect(unknownTypes({ Table: table, All: { Type: 'AWS::SNS::Subscription', Properties: {} } }, [])).toEqual(
    [],
  );
});
