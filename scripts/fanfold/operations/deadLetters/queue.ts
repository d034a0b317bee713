import type { Message } from '@aws-sdk/client-sqs';
import { type Cloud, queueUrlOf } from '../../aws/cloud.ts';
import { HeldMessages } from '../../aws/heldMessages.ts';
import { type Place, queueOf } from '../../aws/places.ts';
import { toQueue } from '../../aws/sending.ts';
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

  return {
    place,
    deadLetters: [...messages.keys()],
    heldByOthers: await held.countHeldByOthers(),
    hasMore: held.hasMore,
    async redriver() {
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
        const outgoing = (await keep(deadLetters, failures)).map(({ deadLetter, message }) => ({
          deadLetter,
          message,
          body: deadLetter.body,
          attributes: redrivenAttributes(deadLetter, operationId),
        }));
        const notSent = await send(outgoing);
        for (const [{ deadLetter }, why] of notSent) failures.set(deadLetter, why);
        const sent = outgoing.filter((each) => !notSent.has(each));
        const notDeleted = await held.delete(sent.map(({ message }) => message));
        for (const { deadLetter, message } of sent) {
          const why = notDeleted.get(message);
          if (why !== undefined) failures.set(deadLetter, `it was sent, but is still here too: ${why}`);
        }
        return failures;
      };
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
