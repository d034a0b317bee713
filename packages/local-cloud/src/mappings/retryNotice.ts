import type { Invocation } from './invocation.ts';

/** The parts of fauxqs's description of a queue that this uses. */
type Queue = { messages: { inflight: { message: { messageId: string }; visibilityDeadline: number }[] } };

/**
 * A sentence about when the messages that a run has not handled come again; undefined when it has handled all. The
 * emulator knows: the function may have set the time, and otherwise it is the end of the queue's visibility timeout,
 * as in AWS.
 *
 * @param aws base URL of the emulator that has the queue
 */
export async function retryNotice(
  aws: string,
  { eventSourceArn, failedItemIdentifiers, status }: Invocation,
): Promise<string | undefined> {
  const [, name] = /^arn:aws:sqs:.*:(.+)$/.exec(eventSourceArn) ?? [];
  // The mapping retries what was throttled.
  if (!name || failedItemIdentifiers.length === 0 || status === 'throttled') return undefined;
  const response = await fetch(`${aws}/_fauxqs/queues/${name}`);
  const { messages } = (await response.json()) as Queue;
  const failed = new Set(failedItemIdentifiers);
  const deadlines = messages.inflight
    .filter(({ message }) => failed.has(message.messageId))
    .map(({ visibilityDeadline }) => visibilityDeadline);
  if (deadlines.length === 0) return undefined;
  const [first, last] = [Math.min(...deadlines), Math.max(...deadlines)];
  const seconds = [
    ...new Set([first, last].map((time) => Math.max(0, Math.ceil((time - Date.now()) / 1_000)))),
  ];
  const count = deadlines.length === 1 ? '1 message comes' : `${deadlines.length} messages come`;
  return `${count} again in ${seconds.join(' to ')} s, at ${new Date(first).toISOString().slice(11, 19)} UTC: ${name}`;
}
