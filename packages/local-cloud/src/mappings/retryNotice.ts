import type { Invocation } from './invocation.ts';

/** What is used of fauxqs's description of a queue. */
type Queue = { messages: { inflight: { message: { messageId: string }; visibilityDeadline: number }[] } };

/**
 * When the messages of a queue come again that a run did not handle, in a sentence; undefined when it handled all. The
 * emulator tells: the function may have said when, and otherwise the queue's visibility timeout has to end, as in AWS.
 *
 * @param aws base URL of the emulator that has the queue
 */
export async function retryNotice(
  aws: string,
  { eventSourceArn, failedItemIdentifiers, status }: Invocation,
): Promise<string | undefined> {
  const [, name] = /^arn:aws:sqs:.*:(.+)$/.exec(eventSourceArn) ?? [];
  // What was throttled is tried again by the mapping.
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
