import { expect, test } from 'vitest';
import { groupsOf } from './services.ts';

const lambdaFunction = (FunctionName: string, Variables: Record<string, string>) => ({
  Type: 'AWS::Lambda::Function',
  Properties: { FunctionName, Timeout: 3, Environment: { Variables } },
});

test('functions share a bundle unless they have different values under one name: then each has its own', () => {
  const resources = {
    ConsumerLambdaFunction: lambdaFunction('consumer', { TABLE: 'table', QUEUE: 'events' }),
    ReaderLambdaFunction: lambdaFunction('reader', { TABLE: 'table', BUCKET: 'bucket' }),
    RendererLambdaFunction: lambdaFunction('renderer', { TABLE: 'table', QUEUE: 'renderings' }),
  };
  expect(groupsOf(resources)).toEqual([
    { keys: ['consumer', 'reader'], variables: { TABLE: 'table', QUEUE: 'events', BUCKET: 'bucket' } },
    { keys: ['renderer'], variables: { TABLE: 'table', QUEUE: 'renderings' } },
  ]);
});
