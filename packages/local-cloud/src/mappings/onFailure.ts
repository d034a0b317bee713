import { createHash, randomUUID } from 'node:crypto';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { accountId, region } from '../account.ts';
import type { Call } from '../emulators/jsonApi.ts';
import type { ReadRecord } from './shardReader.ts';
import type { GivenUp } from './streamDelivery.ts';

/**
 * Sends records that were given up to the on-failure destination of a stream's mapping: to a queue their position in
 * the stream (finding 10), to a bucket the records themselves, under
 * `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<random>`.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 *
 * @param destinationArn ARN of the queue or bucket.
 * @param queueUrl of that queue.
 */
export function failureDestination(options: {
  destinationArn: string;
  functionName: string;
  eventSourceArn: string;
  sqs: Call;
  s3: S3Client;
  queueUrl: (queueName: string) => string;
}): (records: ReadRecord[], shardId: string, why: GivenUp) => Promise<void> {
  const { destinationArn, sqs, s3 } = options;
  const destination = destinationArn.split(':').at(-1) as string;
  const mappingId = uuidOf(`${options.functionName} ${options.eventSourceArn}`);
  return async (records, shardId, why) => {
    const now = new Date();
    const record = invocationRecord(options, records, shardId, why, now);
    if (destinationArn.startsWith('arn:aws:sqs:')) {
      const MessageBody = JSON.stringify(record);
      await sqs('SendMessage', { QueueUrl: options.queueUrl(destination), MessageBody });
      return;
    }
    const [day, time] = now.toISOString().split(/[T.]/) as [string, string];
    const name = `${day}T${time.replaceAll(':', '.')}-${randomUUID()}`;
    await s3.send(
      new PutObjectCommand({
        Bucket: destination,
        Key: `aws/lambda/${mappingId}/${shardId}/${day.replaceAll('-', '/')}/${name}`,
        Body: JSON.stringify({ ...record, payload: { Records: records.map(({ event }) => event) } }),
      }),
    );
  };
}

/** What AWS was recorded to send (semantics E7). Without a run, there is no response to include. */
function invocationRecord(
  { functionName, eventSourceArn }: { functionName: string; eventSourceArn: string },
  records: ReadRecord[],
  shardId: string,
  why: GivenUp,
  now: Date,
): object {
  const [first, last] = [records[0], records.at(-1)] as [ReadRecord, ReadRecord];
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
      condition: why.condition,
      approximateInvokeCount: why.invokeCount,
    },
    ...(why.condition === 'RetryAttemptsExhausted' && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        functionError: why.threw ? 'Unhandled' : null,
      },
    }),
    version: '1.0',
    timestamp: now.toISOString(),
    DDBStreamBatchInfo: {
      shardId,
      startSequenceNumber: first.sequenceNumber,
      endSequenceNumber: last.sequenceNumber,
      approximateArrivalOfFirstRecord: inSeconds(first.createdAt),
      approximateArrivalOfLastRecord: inSeconds(last.createdAt),
      batchSize: records.length,
      streamArn: eventSourceArn,
    },
  };
}

function inSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The id of a mapping in AWS is a UUID. Here it is the same each time, so that its objects stay together. */
function uuidOf(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex');
  return hash.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
