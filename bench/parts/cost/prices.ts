import type { Unit } from './units.ts';

/** When these prices were looked up. They are list prices of us-east-1, without free tiers and savings plans. */
export const pricesDate = '2026-11-26';

type Price = { dollarsPerMillion: number; source: string };

export const prices: Record<Unit, Price> = {
  httpRequests: { dollarsPerMillion: 1, source: 'https://aws.amazon.com/api-gateway/pricing/' },
  restRequests: { dollarsPerMillion: 3.5, source: 'https://aws.amazon.com/api-gateway/pricing/' },
  invocations: { dollarsPerMillion: 0.2, source: 'https://aws.amazon.com/lambda/pricing/' },
  // ARM; with x86 it would be a quarter more.
  gigabyteSeconds: { dollarsPerMillion: 13.3334, source: 'https://aws.amazon.com/lambda/pricing/' },
  writeUnits: { dollarsPerMillion: 0.625, source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/' },
  readUnits: { dollarsPerMillion: 0.125, source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/' },
  snsRequests: { dollarsPerMillion: 0.5, source: 'https://aws.amazon.com/sns/pricing/' },
  sqsRequests: { dollarsPerMillion: 0.4, source: 'https://aws.amazon.com/sqs/pricing/' },
  busEvents: { dollarsPerMillion: 1, source: 'https://aws.amazon.com/eventbridge/pricing/' },
  s3Puts: { dollarsPerMillion: 5, source: 'https://aws.amazon.com/s3/pricing/' },
  s3Gets: { dollarsPerMillion: 0.4, source: 'https://aws.amazon.com/s3/pricing/' },
  // Asymmetric keys but RSA 2048: $0.15 for ten thousand.
  signatures: { dollarsPerMillion: 15, source: 'https://aws.amazon.com/kms/pricing/' },
  // A gigabyte is 10^9 bytes here.
  logBytes: { dollarsPerMillion: 0.0005, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
};

/** What is billed by the month, whether anything happens or not. */
export const monthly = {
  alarm: { dollars: 0.1, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  metric: { dollars: 0.3, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  key: { dollars: 1, source: 'https://aws.amazon.com/kms/pricing/' },
};

export const secondsPerMonth = 30 * 86_400;

/**
 * Lambda's pollers ask a queue with nothing in it as well: five of them, each for up to 20 s.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
export const idleRequestsPerQueue = (5 * secondsPerMonth) / 20;
