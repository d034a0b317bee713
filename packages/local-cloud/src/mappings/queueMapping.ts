import type { Message, QueueAttributeName } from '@aws-sdk/client-sqs';
import type { SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import { region } from '../account.ts';
import type { Call } from '../emulators/jsonApi.ts';
import {
  backoffMs,
  deliverBatch,
  type Invoker,
  type Mapping,
  pause,
  splitByEventSize,
} from './invocation.ts';

export type QueueMappingOptions = Invoker & {
  sqs: Call;
  queueUrl: string;
  batchSize: number;
  batchingWindowSeconds: number;
  maximumConcurrency: number;
};

/**
 * AWS documents that Lambda "gradually backs off, reducing the amount of concurrency allocated", without numbers.
 * Here each step halves the concurrency and doubles the pause, from 0.2 s to 12.8 s: an outage has an effect, and its
 * end too, soon. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
const mostBackedOff = 7;

/** The most messages that SQS returns at once. */
const maxReceived = 10;

/**
 * Delivers the messages of a standard SQS queue to a function, as Lambda does:
 *
 * - a batch closes at its size, its window or 6 MB, whichever comes first (E11);
 * - a message that succeeded is deleted. One that failed is left alone: it comes again when its visibility timeout
 *   ends (Q2), and when it has been received too often the queue moves it to its dead-letter queue (Q4, Q5);
 * - while invocations fail as a whole there are fewer of them at once, with a pause before each. Partial responses do
 *   not slow it down (finding 14);
 * - a throttled invocation is retried until the visibility timeout ends, and then dropped (Q8);
 * - a delete can fail, and then a message that was processed comes again (Q1, Q8).
 *
 * Unlike Lambda, it receives no more than `maximumConcurrency` batches, which would have to be the reserved
 * concurrency too: no message uses up a receive without its function having run (finding 15).
 */
export async function startQueueMapping(options: QueueMappingOptions): Promise<Mapping> {
  const { sqs, queueUrl, batchSize, batchingWindowSeconds, maximumConcurrency } = options;
  const onError = options.onError ?? console.error;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  /** How far it has backed off: a step for each invocation that failed, and one back for each that did not. */
  let backedOff = 0;
  const visibilityTimeoutMs = (await queueAttribute('VisibilityTimeout')) * 1_000;
  const polling = poll();

  return {
    async stop() {
      stopping.abort();
      await polling;
      await Promise.all(running);
    },
    async idle() {
      while (running.size > 0 || (await messagesLeft()) > 0) await pause(20);
    },
  };

  async function poll(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        await freeSlot();
        if (backedOff > 0) await pause(backoffMs(backedOff), stopping.signal);
        for (const batch of splitByEventSize(await collectBatch())) {
          await freeSlot();
          const run = deliver(batch).finally(() => running.delete(run));
          running.add(run);
        }
        failures = 0;
      } catch (error) {
        failures += 1;
        onError(new Error(`Receiving from ${queueUrl} failed, and is tried again.`, { cause: error }));
        await pause(backoffMs(failures), stopping.signal);
      }
    }
  }

  async function freeSlot(): Promise<void> {
    while (running.size >= Math.max(1, Math.floor(maximumConcurrency / 2 ** backedOff))) {
      await Promise.race(running);
    }
  }

  async function collectBatch(): Promise<WireMessage[]> {
    const batch = await receive(batchSize, 20);
    const windowEnd = Date.now() + batchingWindowSeconds * 1_000;
    let isDrained = batch.length < Math.min(batchSize, maxReceived);
    while (batch.length > 0 && batch.length < batchSize && !stopping.signal.aborted) {
      const leftMs = windowEnd - Date.now();
      if (leftMs <= 0) break;
      // Waiting messages are received at once. Long polls take whole seconds: for a shorter rest it waits, and then
      // receives once.
      if (isDrained && leftMs < 1_000) await pause(leftMs, stopping.signal);
      const wanted = batchSize - batch.length;
      const more = await receive(wanted, isDrained ? Math.floor(leftMs / 1_000) : 0);
      isDrained = more.length < Math.min(wanted, maxReceived);
      batch.push(...more);
    }
    return batch;
  }

  async function receive(count: number, waitSeconds: number): Promise<WireMessage[]> {
    try {
      const { Messages = [] } = await sqs<{ Messages?: WireMessage[] }>(
        'ReceiveMessage',
        {
          QueueUrl: queueUrl,
          MaxNumberOfMessages: Math.min(count, maxReceived),
          WaitTimeSeconds: waitSeconds,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
        },
        stopping.signal,
      );
      return Messages;
    } catch (error) {
      if (stopping.signal.aborted) return [];
      throw error;
    }
  }

  async function deliver(batch: WireMessage[]): Promise<void> {
    const messageIds = batch.map(({ MessageId }) => MessageId as string);
    const visibleAgainAt = Date.now() + visibilityTimeoutMs;
    for (let throttles = 1; ; throttles += 1) {
      const event = { Records: batch.map((message) => eventRecord(message, options.eventSourceArn)) };
      const outcome = await deliverBatch(options, event, messageIds);
      if (outcome.status !== 'throttled') {
        backedOff =
          outcome.status === 'failed' ? Math.min(backedOff + 1, mostBackedOff) : Math.max(backedOff - 1, 0);
        const failed = new Set(outcome.failedItemIdentifiers);
        await deleteMessages(batch.filter(({ MessageId }) => !failed.has(MessageId as string)));
        return;
      }
      if (Date.now() + backoffMs(throttles) > visibleAgainAt) return;
      await pause(backoffMs(throttles), stopping.signal);
      if (stopping.signal.aborted) return;
    }
  }

  async function deleteMessages(messages: WireMessage[]): Promise<void> {
    for (let first = 0; first < messages.length; first += 10) {
      const Entries = messages.slice(first, first + 10).map(({ ReceiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle,
      }));
      try {
        const { Failed = [] } = await sqs<{ Failed?: object[] }>('DeleteMessageBatch', {
          QueueUrl: queueUrl,
          Entries,
        });
        if (Failed.length > 0) throw new Error(JSON.stringify(Failed));
      } catch (error) {
        onError(
          new Error(
            `Messages that ${options.functionName} processed could not be deleted: they come again.`,
            {
              cause: error,
            },
          ),
        );
      }
    }
  }

  async function messagesLeft(): Promise<number> {
    const counts = await Promise.all([
      queueAttribute('ApproximateNumberOfMessages'),
      queueAttribute('ApproximateNumberOfMessagesNotVisible'),
      queueAttribute('ApproximateNumberOfMessagesDelayed'),
    ]);
    return counts.reduce((sum, count) => sum + count);
  }

  async function queueAttribute(name: QueueAttributeName): Promise<number> {
    const { Attributes } = await sqs<{ Attributes: Record<string, string> }>('GetQueueAttributes', {
      QueueUrl: queueUrl,
      AttributeNames: [name],
    });
    return Number(Attributes[name]);
  }
}

/** A message as it is on the wire. */
export type WireMessage = Omit<Message, 'MessageAttributes'> & {
  MessageAttributes?: Record<string, WireAttribute>;
};

/** Bytes are base64, as in Lambda's event. */
type WireAttribute = { DataType: string; StringValue?: string; BinaryValue?: string };

/**
 * A message in the form and letter case of Lambda's event. https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function eventRecord(message: WireMessage, eventSourceARN: string): SQSRecord {
  return {
    messageId: message.MessageId as string,
    receiptHandle: message.ReceiptHandle as string,
    body: message.Body as string,
    attributes: message.Attributes as SQSRecord['attributes'],
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, eventAttribute(value)]),
    ),
    md5OfBody: message.MD5OfBody as string,
    ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion: region,
  };
}

function eventAttribute({ StringValue, BinaryValue, DataType }: WireAttribute): SQSMessageAttribute {
  return {
    ...(StringValue !== undefined && { stringValue: StringValue }),
    ...(BinaryValue !== undefined && { binaryValue: BinaryValue }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType,
  };
}
