import { ChangeMessageVisibilityBatchCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { chunksOf } from '../batch.ts';
import { environmentVariable } from '../env.ts';
import { NotYet, retryDelaySeconds } from '../failure.ts';
import { describeError, logger } from '../logger.ts';
import { stageMetrics } from '../metrics.ts';
import { sqs } from './sqs.ts';

/**
 * The eighth receive is about five minutes after the first (eleven at most), or about fifteen in an outage. The age of the
 * queue's oldest message leaves out messages that were received three times, and it takes hours until such a message is a dead
 * letter.
 */
const alarmingReceives = 8;

/** Logs messages that failed or wait, and delays them until their next try. */
export async function hideUntilRetry(
  failed: Map<SQSRecord, unknown>,
  abortSignal: AbortSignal,
): Promise<void> {
  const retries = [...failed].map(([record, error]) => {
    const receiveCount = Number(record.attributes.ApproximateReceiveCount);
    const delaySeconds = retryDelaySeconds(error, receiveCount, Math.random());
    const { messageId } = record;
    const about = { messageId, receiveCount, delaySeconds };
    if (error instanceof NotYet) logger.info('message waits', { ...about, detail: error.message });
    else {
      logger.error('message failed', { ...about, error: describeError(error) });
      if (receiveCount >= alarmingReceives) stageMetrics.addMetric('MessagesRetried', 'Count', 1);
    }
    return { record, delaySeconds };
  });
  await hide(retries, abortSignal);
}

type Retry = { record: SQSRecord; delaySeconds: number };

/** If it fails, messages come again after the visibility timeout of the queue. */
async function hide(retries: Retry[], abortSignal: AbortSignal): Promise<void> {
  const chunks = chunksOf(retries, () => 0);
  await Promise.all(
    chunks.map(async (chunk) => {
      try {
        const { Failed = [] } = await sqs.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: environmentVariable('EVENTS_QUEUE_URL'),
            Entries: chunk.map(({ record, delaySeconds }, i) => ({
              Id: String(i),
              ReceiptHandle: record.receiptHandle,
              VisibilityTimeout: delaySeconds,
            })),
          }),
          { abortSignal },
        );
        for (const { Id, Code, Message } of Failed) {
          const { messageId } = (chunk[Number(Id)] as Retry).record;
          logger.warn('visibility unchanged', { messageId, code: Code, detail: Message });
        }
      } catch (error) {
        logger.warn('visibility unchanged', { messages: chunk.length, error: describeError(error) });
      }
    }),
  );
}
