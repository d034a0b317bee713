import { accountId } from '@fanfold/local-cloud/account';
import { failedItems } from '@fanfold/local-cloud/batchResponse';
import type {
  QueueMappingProperties,
  StreamMappingProperties,
} from '@fanfold/local-cloud/eventSourceMapping';
import type { Outcome as Delivered } from '@fanfold/local-cloud/invocation';
import { eventRecord, type WireMessage } from '@fanfold/local-cloud/queueMapping';
import { deliverInOrder } from '@fanfold/local-cloud/streamDelivery';
import { lambdaRecord, type WireRecord } from '@fanfold/local-cloud/streamRecord';
import type { Clock } from './clock.ts';
import type { DeliveryFaultKind } from './deliveries.ts';
import type { EmulatorClient } from './emulatorClient.ts';
import type { Functions } from './functions.ts';

/** Event source mappings that deliver when they are told to: the semantics of those of the local cloud, step by step. */
export type SteppedMapping = {
  /** Such as `billing.consumer`. */
  functionName: string;
  source: 'queue' | 'stream';
  /** Whose stream it is. */
  tableName?: string;
  /** How many deliveries there were since the run began. */
  deliveries: number;
  /** Delivers what is there, and tells whether there was anything. */
  step(): Promise<boolean>;
  /** Whether something waits to be visible again. */
  isWaiting(): boolean;
  /** Takes away what is there, undelivered. */
  discard(): Promise<void>;
  /** Begins with a queue that is empty, or a stream that is new. */
  restart(): Promise<void>;
};

export type Surroundings = {
  clock: Clock;
  functions: Functions;
  emulators: EmulatorClient;
  awsEndpoint: string;
  /** How often something was written or sent to any of these. */
  writesTo(...targets: string[]): number;
  /** What is to become of the n-th delivery to a function. */
  disturbance(functionName: string, nth: number): DeliveryFaultKind | undefined;
};

/** How many messages are taken at once, whatever the mapping would take, and in which order. */
export type Order = 'as-it-comes' | 'reversed' | 'one-by-one';

export function steppedQueue(
  functionName: string,
  { eventSourceArn, batchSize }: QueueMappingProperties,
  { emulators, clock, functions, awsEndpoint, writesTo, disturbance }: Surroundings,
  order: () => Order,
): SteppedMapping {
  const queueName = eventSourceArn.split(':').at(-1) as string;
  const QueueUrl = `${awsEndpoint}/${accountId}/${queueName}`;
  const sent = () => writesTo('fanfold-local-events', queueName);
  let sentBefore = -1;
  /** Messages that were received and not deleted: they come again, or are dead letters by then. */
  const left = new Set<string>();
  const mapping: SteppedMapping = {
    functionName,
    source: 'queue',
    deliveries: 0,
    async step() {
      if (left.size === 0 && sentBefore === sent()) return false;
      const sentNow = sent();
      const received = await receive(order() === 'reversed' ? Number.POSITIVE_INFINITY : batchSize);
      if (received.length === 0) {
        sentBefore = sentNow;
        if (left.size > 0 && (await isEmpty())) left.clear();
        return false;
      }
      const batches = order() === 'as-it-comes' ? [received] : received.map((message) => [message]);
      if (order() === 'reversed') batches.reverse();
      for (const batch of batches) await deliver(batch);
      return true;
    },
    isWaiting: () => left.size > 0,
    discard: async () => remove(await receive(Number.POSITIVE_INFINITY)),
    async restart() {
      await emulators.ask('sqs', 'PurgeQueue', { QueueUrl });
      left.clear();
    },
  };
  return mapping;

  async function isEmpty(): Promise<boolean> {
    const { Attributes } = await emulators.ask<{ Attributes: Record<string, string> }>(
      'sqs',
      'GetQueueAttributes',
      {
        QueueUrl,
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      },
    );
    return Object.values(Attributes).every((count) => count === '0');
  }

  async function receive(count: number): Promise<WireMessage[]> {
    const messages: WireMessage[] = [];
    while (messages.length < count) {
      const { Messages = [] } = await emulators.ask<{ Messages?: WireMessage[] }>('sqs', 'ReceiveMessage', {
        QueueUrl,
        MaxNumberOfMessages: Math.min(10, count - messages.length),
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      });
      if (Messages.length === 0) break;
      messages.push(...Messages);
    }
    return messages;
  }

  async function deliver(batch: WireMessage[]): Promise<void> {
    const kind = disturbance(functionName, mapping.deliveries++);
    // Invisible until its timeout; then it comes again.
    const ids = batch.map(({ MessageId }) => MessageId as string);
    for (const id of ids) left.add(id);
    if (kind === 'not-invoked') return;
    const half = Math.ceil(batch.length / 2);
    const parts = {
      'delivered-together': [batch, batch],
      'delivered-apart': [batch.slice(0, half), batch.slice(half)].filter(({ length }) => length > 0),
    };
    const delivered = parts[kind as keyof typeof parts] ?? [batch];
    const failures = await clock.settle(Promise.all(delivered.map(failuresIn)));
    if (kind === 'delivered-twice') return;
    // Of two copies it is the first one whose answer counts.
    await remove(kind === 'delivered-apart' ? succeeded(delivered, failures) : succeeded([batch], failures));
  }

  /** The ids of the messages that a function says, or shows, to have failed. */
  async function failuresIn(batch: WireMessage[]): Promise<string[]> {
    const ids = batch.map(({ MessageId }) => MessageId as string);
    const outcome = await functions.invoke(functionName, {
      Records: batch.map((message) => eventRecord(message, eventSourceArn)),
    });
    const failed = outcome.status === 'answered' ? failedItems(outcome.value, ids) : 'all';
    return failed === 'all' ? ids : failed;
  }

  async function remove(messages: WireMessage[]): Promise<void> {
    for (const { MessageId } of messages) left.delete(MessageId as string);
    const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
    for (let first = 0; first < Entries.length; first += 10) {
      await emulators.ask('sqs', 'DeleteMessageBatch', {
        QueueUrl,
        Entries: Entries.slice(first, first + 10),
      });
    }
  }
}

export async function steppedStream(
  functionName: string,
  properties: StreamMappingProperties,
  { clock, functions, emulators, writesTo, disturbance }: Surroundings,
  giveUp: (why: string) => void,
): Promise<SteppedMapping> {
  const TableName = properties.eventSourceArn.split('/')[1] as string;
  let StreamArn: string;
  let iterator: string | undefined;
  let writtenBefore = -1;
  const start = async () => {
    const { Table } = await emulators.ask<{ Table: { LatestStreamArn: string } }>(
      'dynamodb',
      'DescribeTable',
      {
        TableName,
      },
    );
    StreamArn = Table.LatestStreamArn;
    const { StreamDescription } = await emulators.ask<{
      StreamDescription: { Shards: { ShardId: string }[] };
    }>('streams', 'DescribeStream', { StreamArn });
    // The emulator still has what was in the stream of a table that was there before under the same name.
    ({ ShardIterator: iterator } = await emulators.ask<{ ShardIterator: string }>(
      'streams',
      'GetShardIterator',
      {
        StreamArn,
        ShardId: StreamDescription.Shards[0]?.ShardId,
        ShardIteratorType: 'LATEST',
      },
    ));
  };
  await start();
  const mapping: SteppedMapping = {
    functionName,
    source: 'stream',
    tableName: TableName,
    deliveries: 0,
    async step() {
      if (writtenBefore === writesTo(TableName)) return false;
      const written = writesTo(TableName);
      const { Records = [], NextShardIterator } = await emulators.ask<Page>('streams', 'GetRecords', {
        ShardIterator: iterator,
        Limit: properties.batchSize,
      });
      iterator = NextShardIterator;
      const records = Records.map((record) => ({
        sequenceNumber: record.dynamodb?.SequenceNumber as string,
        // The emulator's own clock knows nothing of ours.
        createdAt: new Date(clock.now),
        event: lambdaRecord(record, StreamArn),
      }));
      if (records.length === 0) {
        writtenBefore = written;
        return false;
      }
      const passing = records.filter(({ event }) => properties.filter(event));
      let again = false;
      await deliverInOrder(passing, {
        ...properties,
        async deliver(batch): Promise<Delivered> {
          const kind = disturbance(functionName, mapping.deliveries++);
          const ids = batch.map(({ sequenceNumber }) => sequenceNumber);
          if (kind === 'not-invoked') return { status: 'throttled', failedItemIdentifiers: ids };
          again ||= kind === 'delivered-twice';
          const event = { Records: batch.map((record) => record.event) };
          const outcome = await clock.settle(functions.invoke(functionName, event));
          const failed = outcome.status === 'answered' ? failedItems(outcome.value, ids) : 'all';
          if (failed === 'all') return { status: 'failed', failedItemIdentifiers: ids };
          if (failed.length > 0) return { status: 'partially failed', failedItemIdentifiers: failed };
          if (!again) return { status: 'succeeded', failedItemIdentifiers: [] };
          again = false;
          return this.deliver(batch);
        },
        done: async () => {},
        async giveUp(given, { condition }) {
          // What no destination is told of may be given up: a clock does it.
          if (properties.onFailureArn)
            giveUp(`${functionName} gave up ${given.length} records: ${condition}`);
        },
        wait: async (durationMs) => clock.advance(durationMs),
      });
      return true;
    },
    isWaiting: () => false,
    discard: async () => {},
    restart: start,
  };
  return mapping;
}

type Page = { Records?: WireRecord[]; NextShardIterator?: string };

const succeeded = (batches: WireMessage[][], failures: string[][]): WireMessage[] =>
  batches.flatMap((batch, i) => batch.filter(({ MessageId }) => !failures[i]?.includes(MessageId as string)));
