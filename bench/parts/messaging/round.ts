import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { accountId, clientConfiguration } from '@fanfold/local-cloud/account';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { countCalls } from '../../measuring/calls.ts';
import { aboutAnother, exampleOf } from '../../measuring/events.ts';
import type { Captured } from './way.ts';
import { type WayName, ways } from './ways.ts';

export type Round = {
  messagesPerSecond: number;
  callsPerMessage: number;
  /** Processor time of this process; the emulator has its own. */
  cpuMicrosecondsPerMessage: number;
};

/**
 * Sends messages one way, from the first one published to the last one handled, with a topic and a queue of their own. It takes this
 * whole process, and leaves its connections open.
 */
export async function measureRound(wayName: WayName, endpoint: string, messages: number): Promise<Round> {
  useEndpoints({ aws: endpoint, dynamodb: endpoint, kms: endpoint });
  const name = `${wayName}-${process.pid}`;
  let awaited = new Set<string>();
  let allHandled = () => {};
  const running = await ways[wayName].start({
    endpoint,
    name,
    handled({ id }) {
      awaited.delete(id);
      if (awaited.size === 0) allHandled();
    },
  });
  const send = async (events: Captured[]) => {
    awaited = new Set(events.map(({ id }) => id));
    const handled = new Promise<void>((resolve) => {
      allHandled = resolve;
    });
    await running.publish(events);
    await handled;
  };
  await send(eventsFrom(0, messages / 4)); // warms up
  const events = eventsFrom(messages, messages);
  let durationMs = 0;
  const cpuBefore = process.cpuUsage();
  const calls = await countCalls(async () => {
    const startedAt = performance.now();
    await send(events);
    durationMs = performance.now() - startedAt;
    await running.stop();
  });
  const { user, system } = process.cpuUsage(cpuBefore);
  await requireEmptyQueue(endpoint, name);
  return {
    messagesPerSecond: (messages * 1000) / durationMs,
    callsPerMessage: Object.values(calls).reduce((sum, count) => sum + count, 0) / messages,
    cpuMicrosecondsPerMessage: (user + system) / messages,
  };
}

/** Whoever leaves messages behind had less to do. */
async function requireEmptyQueue(endpoint: string, name: string): Promise<void> {
  const sqs = new SQSClient(clientConfiguration(endpoint));
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: `${endpoint}/${accountId}/${name}`, AttributeNames: ['All'] }),
  );
  const { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: taken } = Attributes;
  if (Number(waiting) + Number(taken) > 0) {
    throw new Error(`${name} has ${waiting} messages that nobody received and ${taken} that nobody deleted`);
  }
}

const captured = exampleOf('payment.captured.v1') as Captured;

const eventsFrom = (from: number, count: number): Captured[] =>
  Array.from({ length: count }, (_, i) => aboutAnother(captured, from + i));
