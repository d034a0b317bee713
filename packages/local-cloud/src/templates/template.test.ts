// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are placeholders of Fn::Sub.

import { expect, test } from 'vitest';
import { resolveTemplate } from './template.ts';

/** Resolves one property of a resource beside a table, a queue, a topic and a key. */
function resolve(value: unknown): unknown {
  const template = {
    Resources: {
      Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'things' } },
      Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::Sub': 'queue-${AWS::Region}' } } },
      Topic: { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'events' } },
      Function: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'things-local-consumer' } },
      Bucket: { Type: 'AWS::S3::Bucket' },
      Key: { Type: 'AWS::KMS::Key', Properties: {} },
      KeyAlias: {
        Type: 'AWS::KMS::Alias',
        Properties: { AliasName: { 'Fn::Sub': 'alias/things-${AWS::Region}' }, TargetKeyId: { Ref: 'Key' } },
      },
      KeyByArn: { Type: 'AWS::KMS::Key', Properties: {} },
      KeyByArnAlias: {
        Type: 'AWS::KMS::Alias',
        Properties: { AliasName: 'alias/by-arn', TargetKeyId: { 'Fn::GetAtt': ['KeyByArn', 'Arn'] } },
      },
      KeyWithoutAlias: { Type: 'AWS::KMS::Key', Properties: {} },
      Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: {} },
      Subject: { Type: 'AWS::Any::Thing', Properties: { value } },
    },
  };
  return resolveTemplate(template, 'http://127.0.0.1:4004').Subject?.Properties.value;
}

test.each([
  ['a table', { Ref: 'Table' }, 'things'],
  ['a queue', { Ref: 'Queue' }, 'http://127.0.0.1:4004/000000000000/queue-eu-west-1'],
  ['a topic', { Ref: 'Topic' }, 'arn:aws:sns:eu-west-1:000000000000:events'],
  ['a key', { Ref: 'Key' }, 'things-eu-west-1'],
  ['an alias', { Ref: 'KeyAlias' }, 'alias/things-eu-west-1'],
  ['a resource without a name', { Ref: 'Bucket' }, 'Bucket'],
  ['a resource of no local meaning', { Ref: 'Api' }, 'Api'],
  ['a region', { Ref: 'AWS::Region' }, 'eu-west-1'],
  ['an account', { Ref: 'AWS::AccountId' }, '000000000000'],
])('Ref of %s', (_what, value, resolved) => {
  expect(resolve(value)).toBe(resolved);
});

test.each([
  ['Table.Arn', 'arn:aws:dynamodb:eu-west-1:000000000000:table/things'],
  ['Table.StreamArn', 'arn:aws:dynamodb:eu-west-1:000000000000:table/things/stream/local'],
  ['Queue.Arn', 'arn:aws:sqs:eu-west-1:000000000000:queue-eu-west-1'],
  ['Queue.QueueName', 'queue-eu-west-1'],
  ['Topic.TopicName', 'events'],
  ['Key.Arn', 'arn:aws:kms:eu-west-1:000000000000:key/things-eu-west-1'],
  ['Key.KeyId', 'things-eu-west-1'],
  ['KeyByArn.Arn', 'arn:aws:kms:eu-west-1:000000000000:key/by-arn'],
  ['Function.Arn', 'arn:aws:lambda:eu-west-1:000000000000:function:things-local-consumer'],
])('Fn::GetAtt of %s, as a text and as a list', (reference, resolved) => {
  expect(resolve({ 'Fn::GetAtt': reference })).toBe(resolved);
  expect(resolve({ 'Fn::GetAtt': reference.split('.') })).toBe(resolved);
});

test('Fn::Join joins what its parts stand for', () => {
  expect(resolve({ 'Fn::Join': [':', ['arn', { Ref: 'AWS::Partition' }, { Ref: 'Table' }]] })).toBe(
    'arn:aws:things',
  );
});

test('Fn::Sub writes resources, attributes, pseudo parameters and its own variables into a text', () => {
  expect(resolve({ 'Fn::Sub': '${Table} ${Queue.Arn} ${AWS::URLSuffix} ${!Literal}' })).toBe(
    'things arn:aws:sqs:eu-west-1:000000000000:queue-eu-west-1 amazonaws.com ${Literal}',
  );
  expect(resolve({ 'Fn::Sub': ['${name}-x', { name: { Ref: 'Table' } }] })).toBe('things-x');
});

test('AWS::NoValue takes a property or list entry away', () => {
  expect(resolve({ kept: 1, gone: { Ref: 'AWS::NoValue' }, list: [{ Ref: 'AWS::NoValue' }, 2] })).toEqual({
    kept: 1,
    list: [2],
  });
});

test('A plain object stays what it is, also with keys named like a type or a function', () => {
  expect(resolve({ type: ['thing.made.v1'] })).toEqual({ type: ['thing.made.v1'] });
  expect(resolve({ Ref: 'Table', type: 'x' })).toEqual({ Ref: 'Table', type: 'x' });
});

test('Without an endpoint, the URL of a queue is that of AWS', () => {
  const template = {
    Resources: {
      Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'things' } },
      Other: { Type: 'AWS::Any::Thing', Properties: { url: { Ref: 'Queue' } } },
    },
  };
  expect(resolveTemplate(template).Other?.Properties.url).toBe(
    'https://sqs.eu-west-1.amazonaws.com/000000000000/things',
  );
});

test.each([
  [{ 'Fn::ImportValue': 'x' }, 'Subject.value: the local cloud does not know Fn::ImportValue.'],
  [{ Ref: 'Tabel' }, 'Subject.value: Tabel is neither a resource of this template nor one of AWS::AccountId'],
  [
    { 'Fn::GetAtt': 'Table.Name' },
    'Fn::GetAtt Table.Name: of AWS::DynamoDB::Table the local cloud knows Arn, StreamArn.',
  ],
  [{ 'Fn::GetAtt': 'Api.Arn' }, 'of AWS::ApiGatewayV2::Api the local cloud knows no attributes.'],
  [{ Ref: 'KeyWithoutAlias' }, 'Add an AWS::KMS::Alias whose TargetKeyId is !Ref KeyWithoutAlias.'],
  [{ list: [{ 'Fn::Sub': 'a ${Missing}' }] }, 'Subject.value.list.0: Missing is neither'],
])('What cannot be resolved is reported with its place: %j', (value, message) => {
  expect(() => resolve(value)).toThrow(message);
});
