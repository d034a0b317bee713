/** When these prices were looked up. They are list prices of us-east-1, without free tiers and savings plans. */
export const pricesDate = '2026-11-26';

/**
 * What AWS bills, and so what is counted: its name in tables, the term of a month's cost that it belongs to, and its price.
 */
export const units = {
  httpRequests: {
    title: 'HTTP API',
    term: 'API',
    dollarsPerMillion: 1,
    source: 'https://aws.amazon.com/api-gateway/pricing/',
  },
  restRequests: {
    title: 'REST API',
    term: 'API',
    dollarsPerMillion: 3.5,
    source: 'https://aws.amazon.com/api-gateway/pricing/',
  },
  invocations: {
    title: 'Lambda runs',
    term: 'Lambda',
    dollarsPerMillion: 0.2,
    source: 'https://aws.amazon.com/lambda/pricing/',
  },
  // ARM; with x86 it would be a quarter more.
  gigabyteSeconds: {
    title: 'GB-seconds',
    term: 'Lambda',
    dollarsPerMillion: 13.3334,
    source: 'https://aws.amazon.com/lambda/pricing/',
  },
  writeUnits: {
    title: 'write units',
    term: 'DynamoDB writes',
    dollarsPerMillion: 0.625,
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  readUnits: {
    title: 'read units',
    term: 'DynamoDB reads',
    dollarsPerMillion: 0.125,
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  snsRequests: {
    title: 'SNS',
    term: 'SNS',
    dollarsPerMillion: 0.5,
    source: 'https://aws.amazon.com/sns/pricing/',
  },
  sqsRequests: {
    title: 'SQS',
    term: 'SQS',
    dollarsPerMillion: 0.4,
    source: 'https://aws.amazon.com/sqs/pricing/',
  },
  busEvents: {
    title: 'EventBridge',
    term: 'EventBridge',
    dollarsPerMillion: 1,
    source: 'https://aws.amazon.com/eventbridge/pricing/',
  },
  s3Puts: { title: 'S3 PUT', term: 'S3', dollarsPerMillion: 5, source: 'https://aws.amazon.com/s3/pricing/' },
  s3Gets: {
    title: 'S3 GET',
    term: 'S3',
    dollarsPerMillion: 0.4,
    source: 'https://aws.amazon.com/s3/pricing/',
  },
  // Asymmetric keys but RSA 2048: $0.15 for ten thousand.
  signatures: {
    title: 'KMS',
    term: 'KMS',
    dollarsPerMillion: 15,
    source: 'https://aws.amazon.com/kms/pricing/',
  },
  // A gigabyte is 10^9 bytes here.
  logBytes: {
    title: 'log bytes',
    term: 'logs',
    dollarsPerMillion: 0.0005,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
  },
} as const satisfies Record<
  string,
  { title: string; term: string; dollarsPerMillion: number; source: string }
>;

export type Unit = keyof typeof units;

export const allUnits = Object.keys(units) as Unit[];

/** So much of something, and what for. */
export type Used = { unit: Unit; place: string; count: number };

/** What is billed by the month, whether anything happens or not. */
export const monthly = {
  alarm: { dollars: 0.1, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  compositeAlarm: { dollars: 0.5, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  // The first three of an account cost nothing.
  dashboard: { dollars: 3, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  metric: { dollars: 0.3, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  key: { dollars: 1, source: 'https://aws.amazon.com/kms/pricing/' },
};

export const secondsPerMonth = 30 * 86_400;

/**
 * Lambda's pollers ask a queue with nothing in it as well: five of them, each for up to 20 s.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
export const idleRequestsPerQueue = (5 * secondsPerMonth) / 20;
