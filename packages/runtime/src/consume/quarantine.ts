import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { chunksOf, messageBytes } from '../batch.ts';
import { environmentVariable } from '../env.ts';
import { describeError, logger } from '../logger.ts';
import type { MessageAttributes } from '../messageAttributes.ts';
import { metrics } from '../metrics.ts';
import { Unprocessable } from '../unprocessable.ts';
import { sqs } from './sqs.ts';

/**
 * Sends unprocessable messages to the dead-letter queue, as they came, with the reason as attributes. Returns those
 * that SQS confirmed; they are done. The others count as failed and come again.
 */
export async function quarantine(
  failed: Map<SQSRecord, unknown>,
  abortSignal: AbortSignal,
): Promise<SQSRecord[]> {
  const unprocessable = [...failed].flatMap(([record, error]) =>
    error instanceof Unprocessable
      ? [{ record, error, body: record.body, attributes: causeOf(error, record) }]
      : [],
  );
  const quarantined: SQSRecord[] = [];
  for (const chunk of chunksOf(unprocessable, messageBytes)) {
    try {
      const { Successful = [] } = await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: environmentVariable('EVENTS_DEAD_LETTER_QUEUE_URL'),
          Entries: chunk.map(({ body, attributes }, i) => ({
            Id: String(i),
            MessageBody: body,
            MessageAttributes: attributes,
          })),
        }),
        { abortSignal },
      );
      for (const { Id, MessageId } of Successful) {
        const { record, error } = chunk[Number(Id)] as (typeof chunk)[number];
        quarantined.push(record);
        const { reason, message } = error;
        const { messageId } = record;
        logger.warn('message quarantined', { messageId, deadLetterId: MessageId, reason, detail: message });
        metrics.addMetric('MessagesQuarantined', 'Count', 1);
      }
    } catch (error) {
      logger.error('quarantine failed', { error: describeError(error) });
    }
  }
  return quarantined;
}

/** Why a message is in the dead-letter queue, for operators. The message has another id there. */
const causeOf = ({ reason, message }: Unprocessable, { messageId }: SQSRecord): MessageAttributes => ({
  'quarantine-reason': { DataType: 'String', StringValue: reason },
  // Attributes accept only characters that XML has, and the detail may quote the message.
  'quarantine-detail': {
    DataType: 'String',
    StringValue: message.replace(/[^\x20-\x7e]/g, '?').slice(0, 500) || reason,
  },
  'quarantined-at': { DataType: 'String', StringValue: new Date().toISOString() },
  'quarantined-message-id': { DataType: 'String', StringValue: messageId },
});
