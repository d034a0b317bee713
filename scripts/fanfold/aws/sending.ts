import { setTimeout as delay } from 'node:timers/promises';
import { PublishBatchCommand } from '@aws-sdk/client-sns';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { chunksOf, messageBytes, messaging, notConfirmed } from '@fanfold/runtime/batch';
import type { MessageAttributes } from '@fanfold/runtime/messageAttributes';
import type { Cloud } from './cloud.ts';

export type Outgoing = { body: string; attributes: MessageAttributes };

/** Sends at most ten messages at once, and tells why each of those that were not taken was not. */
export type Send = <Message extends Outgoing>(messages: Message[]) => Promise<Map<Message, string>>;

export const toTopic =
  ({ sns, topicArn }: Cloud): Send =>
  async (messages) => {
    const answer = await sns.send(
      new PublishBatchCommand({
        TopicArn: topicArn,
        PublishBatchRequestEntries: messages.map(({ body, attributes }, i) => ({
          Id: String(i),
          Message: body,
          MessageAttributes: attributes,
        })),
      }),
    );
    return failuresOf(messages, answer);
  };

export const toQueue =
  ({ sqs }: Cloud, queueUrl: string): Send =>
  async (messages) => {
    const answer = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: messages.map(({ body, attributes }, i) => ({
          Id: String(i),
          MessageBody: body,
          MessageAttributes: attributes,
        })),
      }),
    );
    return failuresOf(messages, answer);
  };

/** Why each entry of a batch call was not done that it did not confirm, although it went well as a whole. */
export const failuresOf = <Item>(
  items: Item[],
  answer: Parameters<typeof notConfirmed>[1],
): Map<Item, string> =>
  new Map(
    [...notConfirmed(items, answer)].map(([item, { Code, Message }]) => [item, `${Code}: ${Message ?? ''}`]),
  );

/** Splits messages by what one call takes and what the rate allows. */
export const batchesOf = <Message extends Outgoing>(
  messages: Message[],
  perSecond = messaging.entries,
): Message[][] =>
  chunksOf(messages, messageBytes, { ...messaging, entries: Math.min(messaging.entries, perSecond) });

/** Waits as long as it takes that no more than so many a second go by. */
export function pace(perSecond: number, signal: AbortSignal): (count: number) => Promise<void> {
  let free = performance.now();
  return async (count) => {
    const waitMs = free - performance.now();
    free = Math.max(free, performance.now()) + (count / perSecond) * 1000;
    if (waitMs > 0) await delay(waitMs, undefined, { signal });
    signal.throwIfAborted();
  };
}
