import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** How often each operation was called, such as `DynamoDB TransactWriteItems` or `S3 PutObject`. */
export type Calls = Record<string, number>;

/** Counts the requests that AWS clients of this process make while something runs, each attempt of a call on its own. */
export async function countCalls(run: () => Promise<unknown>): Promise<Calls> {
  const calls: Calls = {};
  const count = (message: unknown) => {
    const operation = operationOf((message as { request: ClientRequest }).request);
    calls[operation] = (calls[operation] ?? 0) + 1;
  };
  subscribe('http.client.request.created', count);
  try {
    await run();
  } finally {
    unsubscribe('http.client.request.created', count);
  }
  return calls;
}

const services: Record<string, string> = {
  AmazonSQS: 'SQS',
  DynamoDB_20120810: 'DynamoDB',
  DynamoDBStreams_20120810: 'DynamoDB Streams',
  TrentService: 'KMS',
};

function operationOf(request: ClientRequest): string {
  const target = request.getHeader('x-amz-target');
  // SNS names its operation in the body.
  if (String(request.getHeader('content-type')).includes('form-urlencoded')) return 'SNS';
  if (target === undefined) return `S3 ${request.method === 'PUT' ? 'PutObject' : 'GetObject'}`;
  const [service = '', operation = ''] = String(target).split('.');
  return `${services[service] ?? service} ${operation}`;
}
