import { randomUUID } from 'node:crypto';
import { accountId, region } from '@fanfold/local-cloud/account';
import type { Resource } from '@fanfold/local-cloud/template';
import { loadBundled } from '../measuring/bundle.ts';
import { paymentOf } from '../measuring/payment.ts';
import { lambdaEnvironment } from '../measuring/services.ts';
import type { MeteredCloud } from '../parts/cost/meteredCloud.ts';

// What the designs that Fanfold is compared with run on, and what they are asked.

export const restRequest = (n: number) => ({
  resource: '/payments',
  path: '/payments',
  httpMethod: 'POST',
  headers: { 'Idempotency-Key': `key-${n}`, 'content-type': 'application/json' },
  requestContext: { authorizer: { claims: { merchant_id: 'acme' } }, requestId: randomUUID() },
  body: JSON.stringify(paymentOf(n)),
});

/** A table with a hash key `pk`, and indexes by name with hash and range key. */
export function tableOf(
  name: string,
  indexes: Record<string, [hash: string, range: string]> = {},
  more: Record<string, unknown> = {},
): Resource {
  const attributes = new Set(['pk', ...Object.values(indexes).flat()]);
  return {
    Type: 'AWS::DynamoDB::Table',
    Properties: {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [...attributes].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      ...(Object.keys(indexes).length > 0 && {
        GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, [hash, range]]) => ({
          IndexName,
          KeySchema: [
            { AttributeName: hash, KeyType: 'HASH' },
            { AttributeName: range, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        })),
      }),
      ...more,
    },
  };
}

export const queueOf = (name: string): Resource => ({
  Type: 'AWS::SQS::Queue',
  Properties: { QueueName: name, VisibilityTimeout: 180 },
});

/** A function with a mapping that runs it: its resources for the local cloud. */
export const mappedFunction = (
  name: string,
  sourceArn: string,
  batchSize: number,
  more: Record<string, unknown> = {},
): Record<string, Resource> => ({
  [`${name}LambdaFunction`]: {
    Type: 'AWS::Lambda::Function',
    Properties: { FunctionName: name, Timeout: 30 },
  },
  [`${name}Mapping`]: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      FunctionName: name,
      EventSourceArn: sourceArn,
      BatchSize: batchSize,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ...more,
    },
  },
});

export const arnOf = (service: string, resource: string): string =>
  `arn:aws:${service}:${region}:${accountId}:${resource}`;

/** What Lambda's Node functions are given here: the memory that Fanfold's have. */
export const memoryMb = 512;

/** Functions bundled and minified as Fanfold's are, but with the SDK as it comes. */
export const loadFunctions = <Functions>(
  module: string,
  cloud: MeteredCloud,
  environment: Record<string, string>,
): Promise<Functions> =>
  loadBundled(
    `export * from '${module}';`,
    import.meta.dirname,
    { ...lambdaEnvironment(cloud.metered), ...environment },
    { alias: {} },
  );
