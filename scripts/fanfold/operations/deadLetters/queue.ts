import type { Message } from '@aws-sdk/client-sqs';
import { maxMessageAttributes, messageAttributesOf } from '@fanfold/runtime/messageAttributes';
import { type Cloud, queueUrlOf } from '../../aws/cloud.ts';
import { HeldMessages } from '../../aws/heldMessages.ts';
import { type Place, queueOf } from '../../aws/places.ts';
import { batchesOf, type Outgoing, type Send, toQueue } from '../../aws/sending.ts';
import { attributesAside } from './aside.ts';
import { type DeadLetter, deadLetterOf, idsOf } from './deadLetter.ts';
import type { Failures, OpenedPlace } from './openedPlace.ts';
import { redrivenAttributes } from './redrivenAttributes.ts';

/** Dead letters of a queue: messages, which nobody else receives while they are held. */
export async function openQueue(
  cloud: Cloud,
  place: Place,
  queueUrl: string,
  ids: string[] | undefined,
  signal: AbortSignal,
): Promise<OpenedPlace> {
  const areEnough = (messages: Message[]) => {
    if (!ids || messages.length < ids.length) return false;
    const found = new Set(messages.flatMap(idsOf));
    return ids.every((id) => found.has(id));
  };
  const held = await HeldMessages.receive(cloud.sqs, queueUrl, { areEnough, signal });
  const messages = new Map(held.messages.map((message) => [deadLetterOf(place, message), message]));
  const messagesOf = (deadLetters: DeadLetter[]) =>
    deadLetters.map((deadLetter) => ({ deadLetter, message: messages.get(deadLetter) as Message }));

  /** Those that are still held, after making sure that they are for long enough to be moved. */
  async function keep(deadLetters: DeadLetter[], failures: Failures) {
    const moving = messagesOf(deadLetters);
    const kept = await held.keep(moving.map(({ message }) => message));
    return moving.filter(({ deadLetter, message }) => {
      if (kept.includes(message)) return true;
      failures.set(deadLetter, 'somebody else received it meanwhile, and may have moved it');
      return false;
    });
  }

  /** Sends messages, and then deletes those that arrived: wherever it ends, none is lost. */
  async function move(
    outgoing: (Outgoing & { deadLetter: DeadLetter; message: Message })[],
    send: Send,
    failures: Failures,
  ): Promise<void> {
    const notSent = await send(outgoing);
    for (const [{ deadLetter }, why] of notSent) failures.set(deadLetter, why);
    const sent = outgoing.filter((each) => !notSent.has(each));
    const notDeleted = await held.delete(sent.map(({ message }) => message));
    for (const { deadLetter, message } of sent) {
      const why = notDeleted.get(message);
      if (why !== undefined) failures.set(deadLetter, `it was sent, but is still here too: ${why}`);
    }
  }

  return {
    place,
    deadLetters: [...messages.keys()],
    heldByOthers: await held.countHeldByOthers(),
    hasMore: held.hasMore,
    async redriver(edited) {
      const target = queueOf(cloud.stage, place.service);
      const targetUrl = await queueUrlOf(cloud, target);
      if (!targetUrl) {
        throw new Error(
          `Nothing was moved: the queue ${target} does not exist. Deploy ${place.service}, or discard its messages.`,
        );
      }
      const send = toQueue(cloud, targetUrl);
      return async (deadLetters, operationId) => {
        const failures: Failures = new Map();
        const outgoing = (await keep(deadLetters, failures)).map(({ deadLetter, message }) => {
          const { body, attributes } = deadLetter;
          const sent = edited
            ? {
                body: JSON.stringify(edited),
                attributes: { ...attributes, ...messageAttributesOf(edited) },
              }
            : { body, attributes };
          return { deadLetter, message, body: sent.body, attributes: redrivenAttributes(sent, operationId) };
        });
        await move(outgoing, send, failures);
        return failures;
      };
    },
    async putAside(deadLetters, reason) {
      const failures: Failures = new Map();
      const outgoing = (await keep(deadLetters, failures)).flatMap(({ deadLetter, message }) => {
        const attributes = attributesAside(deadLetter, reason, new Date());
        if (Object.keys(attributes).length <= maxMessageAttributes)
          return [{ deadLetter, message, body: deadLetter.body, attributes }];
        failures.set(
          deadLetter,
          `it has as many attributes as a message can have, ${maxMessageAttributes}: redrive or discard it`,
        );
        return [];
      });
      for (const batch of batchesOf(outgoing)) await move(batch, toQueue(cloud, queueUrl), failures);
      return failures;
    },
    async discard(deadLetters) {
      const failures: Failures = new Map();
      const kept = await keep(deadLetters, failures);
      const notDeleted = await held.delete(kept.map(({ message }) => message));
      for (const { deadLetter, message } of kept) {
        const why = notDeleted.get(message);
        if (why !== undefined) failures.set(deadLetter, why);
      }
      return failures;
    },
    release: () => held.release(),
  };
}
