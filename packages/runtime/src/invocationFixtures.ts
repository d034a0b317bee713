import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
  DynamoDBStreamEvent,
  SQSEvent,
} from 'aws-lambda';

/** The context that Lambda passes to a function, for tests. */
export const contextWith = (remainingTimeMs = 30_000): Context => {
  const started = Date.now();
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'fanfold-test',
    functionVersion: '$LATEST',
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:fanfold-test',
    memoryLimitInMB: '512',
    awsRequestId: '5b1d7f0e-9c1c-4a7f-8f0e-3a1f6f5f2c11',
    logGroupName: '/aws/lambda/fanfold-test',
    logStreamName: 'test',
    getRemainingTimeInMillis: () => remainingTimeMs - (Date.now() - started),
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
};

/** A request as an HTTP API passes it to a function (payload format 2.0), with header names in lower case. */
export const apiRequest = ({
  method = 'GET',
  route = '/things/{id}',
  headers = {},
  ...parts
}: {
  method?: string;
  route?: string;
  headers?: Record<string, string>;
  pathParameters?: Record<string, string>;
  queryStringParameters?: Record<string, string>;
  body?: string;
  isBase64Encoded?: boolean;
} = {}): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: `${method} ${route}`,
  rawPath: route,
  rawQueryString: '',
  headers,
  requestContext: {
    accountId: '000000000000',
    apiId: 'test',
    domainName: '127.0.0.1',
    domainPrefix: 'test',
    http: { method, path: route, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
    requestId: 'test',
    routeKey: `${method} ${route}`,
    stage: '$default',
    time: '23/Nov/2026:10:00:00 +0000',
    timeEpoch: 1_795_428_000_000,
  },
  isBase64Encoded: false,
  ...parts,
});

/** A response as the client sees it, with its JSON parsed. */
export const answerOf = (result: APIGatewayProxyStructuredResultV2) => ({
  status: result.statusCode,
  headers: result.headers as Record<string, string>,
  body: JSON.parse(result.body ?? ''),
});

/** A batch of queue messages as Lambda passes it to a function. The n-th has the id `message-<n>`. */
export const queueEvent = (bodies: string[]): SQSEvent => ({
  Records: bodies.map((body, n) => ({
    messageId: `message-${n}`,
    receiptHandle: `handle-${n}`,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '1795428000000',
      SenderId: 'test',
      ApproximateFirstReceiveTimestamp: '1795428000000',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:000000000000:test',
    awsRegion: 'eu-west-1',
  })),
});

type Image = NonNullable<NonNullable<DynamoDBStreamEvent['Records'][number]['dynamodb']>['NewImage']>;

/** A batch of a table's stream. The n-th record has the sequence number n. Without an image it is a deletion. */
export const streamEvent = (images: (Image | undefined)[]): DynamoDBStreamEvent => ({
  Records: images.map((NewImage, n) => ({
    eventID: `record-${n}`,
    eventName: NewImage ? 'MODIFY' : 'REMOVE',
    eventSource: 'aws:dynamodb',
    awsRegion: 'eu-west-1',
    dynamodb: { SequenceNumber: String(n), StreamViewType: 'NEW_IMAGE', ...(NewImage && { NewImage }) },
  })),
});
