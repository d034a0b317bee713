import { refusedByAws } from '../templates/refusedByAws.ts';
import { type EventFilter, eventFilter } from './eventFilter.ts';

type Common = {
  /** Its name in Lambda, for example `fanfold-billing-local-consumer`. */
  functionName: string;
  eventSourceArn: string;
  enabled: boolean;
  batchSize: number;
  batchingWindowSeconds: number;
  /** Whether the function's response names the failed items; otherwise a batch succeeds or fails as a whole. */
  reportsBatchItemFailures: boolean;
};

export type QueueMappingProperties = Common & {
  source: 'queue';
  maximumConcurrency: number;
};

export type StreamMappingProperties = Common & {
  source: 'stream';
  startingPosition: 'TRIM_HORIZON' | 'LATEST';
  bisectsBatchOnFunctionError: boolean;
  /** -1: no limit. */
  maximumRetryAttempts: number;
  /** -1: no limit. */
  maximumRecordAgeSeconds: number;
  /** ARN of the queue or bucket for records that are given up. */
  onFailureArn: string | undefined;
  filter: EventFilter;
};

/** Concurrent batches that Lambda begins with on a queue, when no maximum is set (semantics Q8). */
const initialConcurrency = 5;

/** Accepted without effect: there are no metrics locally. */
const withoutLocalMeaning = ['MetricsConfig', 'Tags'];

const known = {
  queue: [
    'BatchSize',
    'Enabled',
    'EventSourceArn',
    'FunctionName',
    'FunctionResponseTypes',
    'MaximumBatchingWindowInSeconds',
    'ScalingConfig',
  ],
  stream: [
    'BatchSize',
    'BisectBatchOnFunctionError',
    'DestinationConfig',
    'Enabled',
    'EventSourceArn',
    'FilterCriteria',
    'FunctionName',
    'FunctionResponseTypes',
    'MaximumBatchingWindowInSeconds',
    'MaximumRecordAgeInSeconds',
    'MaximumRetryAttempts',
    'StartingPosition',
  ],
};

/**
 * Reads the resolved properties of an AWS::Lambda::EventSourceMapping.
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
 *
 * @throws when AWS would refuse a value, or the local cloud does not support a property, such as filters of queues
 *   (semantics E12), parallel batches of a shard (E8) or tumbling windows (E13): otherwise it would run the function
 *   differently from AWS.
 */
export function eventSourceMapping(
  properties: Record<string, unknown>,
): QueueMappingProperties | StreamMappingProperties {
  const eventSourceArn = String(properties.EventSourceArn);
  const source = sourceOf(eventSourceArn);
  const functionName = String(properties.FunctionName).split(':').at(-1) as string;
  const what = `The event source mapping of ${functionName} on ${eventSourceArn}`;
  for (const name of Object.keys(properties)) {
    if (!known[source].includes(name) && !withoutLocalMeaning.includes(name)) {
      throw new Error(
        `${what}: ${name} is not supported by the local cloud. Supported are ${known[source].join(', ')}.`,
      );
    }
  }
  const refusal = refusedByAws({ Type: 'AWS::Lambda::EventSourceMapping', Properties: properties });
  if (refusal) throw new Error(`${what}: ${refusal}`);
  const common = {
    functionName,
    eventSourceArn,
    enabled: (properties.Enabled ?? true) as boolean,
    batchSize: (properties.BatchSize ?? { queue: 10, stream: 100 }[source]) as number,
    batchingWindowSeconds: (properties.MaximumBatchingWindowInSeconds ?? 0) as number,
    reportsBatchItemFailures: ((properties.FunctionResponseTypes ?? []) as string[]).includes(
      'ReportBatchItemFailures',
    ),
  };
  if (source === 'stream') {
    const destination = properties.DestinationConfig as { OnFailure?: { Destination?: string } } | undefined;
    return {
      ...common,
      source,
      startingPosition: properties.StartingPosition as 'TRIM_HORIZON' | 'LATEST',
      bisectsBatchOnFunctionError: (properties.BisectBatchOnFunctionError ?? false) as boolean,
      maximumRetryAttempts: (properties.MaximumRetryAttempts ?? -1) as number,
      maximumRecordAgeSeconds: (properties.MaximumRecordAgeInSeconds ?? -1) as number,
      onFailureArn: supportedDestination(destination?.OnFailure?.Destination, what),
      filter: eventFilter(properties.FilterCriteria, what),
    };
  }
  const scaling = properties.ScalingConfig as { MaximumConcurrency?: number } | undefined;
  return { ...common, source, maximumConcurrency: scaling?.MaximumConcurrency ?? initialConcurrency };
}

function sourceOf(eventSourceArn: string): 'queue' | 'stream' {
  if (eventSourceArn.startsWith('arn:aws:dynamodb:')) return 'stream';
  if (eventSourceArn.startsWith('arn:aws:sqs:') && !eventSourceArn.endsWith('.fifo')) return 'queue';
  throw new Error(
    `The local cloud maps standard SQS queues and DynamoDB streams to functions, not ${eventSourceArn}.`,
  );
}

function supportedDestination(destination: string | undefined, what: string): string | undefined {
  if (!destination || /^arn:aws:(sqs|s3):/.test(destination)) return destination;
  throw new Error(
    `${what}: the local cloud sends what failed to SQS queues and S3 buckets, not to ${destination}.`,
  );
}
