import { expect, test } from 'vitest';
import { eventSourceMapping } from './eventSourceMapping.ts';

const queue = {
  EventSourceArn: 'arn:aws:sqs:eu-west-1:000000000000:things',
  FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:things-local-consumer',
};
const stream = {
  EventSourceArn: 'arn:aws:dynamodb:eu-west-1:000000000000:table/things/stream/local',
  FunctionName: 'things-local-publisher',
  StartingPosition: 'TRIM_HORIZON',
};

test('A mapping of a queue has the defaults of AWS', () => {
  expect(eventSourceMapping(queue)).toEqual({
    source: 'queue',
    functionName: 'things-local-consumer',
    eventSourceArn: queue.EventSourceArn,
    enabled: true,
    batchSize: 10,
    batchingWindowSeconds: 0,
    reportsBatchItemFailures: false,
    maximumConcurrency: 5,
  });
});

test('A mapping of a stream has the defaults of AWS', () => {
  expect(eventSourceMapping(stream)).toEqual({
    source: 'stream',
    functionName: 'things-local-publisher',
    eventSourceArn: stream.EventSourceArn,
    enabled: true,
    batchSize: 100,
    batchingWindowSeconds: 0,
    reportsBatchItemFailures: false,
    startingPosition: 'TRIM_HORIZON',
    bisectsBatchOnFunctionError: false,
    maximumRetryAttempts: -1,
    maximumRecordAgeSeconds: -1,
    onFailureArn: undefined,
    filter: expect.any(Function),
  });
});

test('What the template says is taken', () => {
  const common = { Enabled: false, BatchSize: 50, FunctionResponseTypes: ['ReportBatchItemFailures'] };
  expect(
    eventSourceMapping({
      ...queue,
      ...common,
      MaximumBatchingWindowInSeconds: 1,
      ScalingConfig: { MaximumConcurrency: 2 },
    }),
  ).toMatchObject({
    enabled: false,
    batchSize: 50,
    batchingWindowSeconds: 1,
    reportsBatchItemFailures: true,
    maximumConcurrency: 2,
  });
  expect(
    eventSourceMapping({
      ...stream,
      ...common,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 0,
      MaximumRecordAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: 'arn:aws:s3:::failures' } },
      MetricsConfig: { Metrics: ['EventCount'] },
    }),
  ).toMatchObject({
    batchSize: 50,
    bisectsBatchOnFunctionError: true,
    maximumRetryAttempts: 0,
    maximumRecordAgeSeconds: 60,
    onFailureArn: 'arn:aws:s3:::failures',
  });
});

test.each([
  [
    'filters of queues (E12)',
    { ...queue, FilterCriteria: {} },
    'FilterCriteria is not supported by the local cloud',
  ],
  [
    'filters that are not known',
    { ...stream, FilterCriteria: { Filters: [{ Pattern: '{"eventName":[{"suffix":"T"}]}' }] } },
    'things-local-publisher on arn:aws:dynamodb:eu-west-1:000000000000:table/things/stream/local: the filter pattern',
  ],
  [
    'parallel batches of a shard (E8)',
    { ...stream, ParallelizationFactor: 2 },
    'ParallelizationFactor is not supported',
  ],
  [
    'tumbling windows (E13)',
    { ...stream, TumblingWindowInSeconds: 5 },
    'TumblingWindowInSeconds is not supported',
  ],
  ['FIFO queues', { ...queue, EventSourceArn: `${queue.EventSourceArn}.fifo` }, 'maps standard SQS queues'],
  [
    'other sources',
    { ...queue, EventSourceArn: 'arn:aws:kinesis:eu-west-1:0:stream/x' },
    'maps standard SQS queues',
  ],
  [
    'topics as destinations',
    { ...stream, DestinationConfig: { OnFailure: { Destination: 'arn:aws:sns:eu-west-1:0:topic' } } },
    'sends what failed to SQS queues and S3 buckets',
  ],
  [
    'large batches without a window',
    { ...queue, BatchSize: 11 },
    'AWS wants MaximumBatchingWindowInSeconds ≥ 1',
  ],
  [
    'values that AWS refuses',
    { ...stream, BatchSize: 0 },
    'AWS wants BatchSize from 1 to 10000, and it is 0',
  ],
])('A mapping with %s is refused, rather than run otherwise than in AWS', (_what, properties, message) => {
  expect(() => eventSourceMapping(properties)).toThrow(message);
});
