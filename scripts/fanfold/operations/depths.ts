import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import type { Cloud } from '../aws/cloud.ts';

/** How much there is at a queue, or at a bucket of dead letters; of a bucket at most a thousand are counted. */
export type Depth = { name: string; waiting: number; inFlight: number };

/** Counts what there is at a queue. SQS counts approximately, and is right once nothing changes. */
export async function depthOfQueue({ sqs }: Cloud, name: string, url: string): Promise<Depth> {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesDelayed',
        'ApproximateNumberOfMessagesNotVisible',
      ],
    }),
  );
  const count = (attribute: keyof typeof Attributes) => Number(Attributes[attribute] ?? 0);
  return {
    name,
    waiting: count('ApproximateNumberOfMessages') + count('ApproximateNumberOfMessagesDelayed'),
    inFlight: count('ApproximateNumberOfMessagesNotVisible'),
  };
}

/** Counts the objects of a bucket, and tells when the oldest of them was written. */
export async function depthOfBucket(
  { s3 }: Cloud,
  name: string,
): Promise<Depth & { oldestSince: string | null }> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: name }));
  const times = Contents.flatMap(({ LastModified }) => LastModified ?? []).sort((a, b) => +a - +b);
  return { name, waiting: Contents.length, inFlight: 0, oldestSince: times[0]?.toISOString() ?? null };
}
