import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clientConfiguration } from './account.ts';

type Configuration = ReturnType<typeof clientConfiguration>;

const authorizations: (string | undefined)[] = [];
const server = createServer((request, response) => {
  authorizations.push(request.headers.authorization);
  response.writeHead(400).end();
});
let configuration: Configuration;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  configuration = clientConfiguration(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

afterAll(() => {
  server.close();
});

test.each([
  ['dynamodb', 'DynamoDB', (to: Configuration) => new DynamoDBClient(to).send(new ListTablesCommand())],
  ['kms', 'KMS', (to: Configuration) => new KMSClient(to).send(new ListKeysCommand())],
  [
    'lambda',
    'Lambda',
    (to: Configuration) => new LambdaClient(to).send(new InvokeCommand({ FunctionName: 'any' })),
  ],
  ['s3', 'S3', (to: Configuration) => new S3Client(to).send(new ListBucketsCommand())],
  ['sns', 'SNS', (to: Configuration) => new SNSClient(to).send(new ListTopicsCommand())],
  ['sqs', 'SQS', (to: Configuration) => new SQSClient(to).send(new ListQueuesCommand())],
])('The scope of a signature names %s when the client is of %s', async (service, _client, send) => {
  await send(configuration).catch(() => {});
  expect(authorizations.at(-1)).toContain(` Credential=local/20260101/eu-west-1/${service}/aws4_request,`);
});
