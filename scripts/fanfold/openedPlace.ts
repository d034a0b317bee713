import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { type Message, paginateListQueues } from '@aws-sdk/client-sqs';
import { UsageError } from './arguments.ts';
import { type Cloud, invoke, queueUrlOf } from './cloud.ts';
import {
  type DeadLetter,
  deadLetterOf,
  hasId,
  isAt,
  isSelected,
  redrivenAttributes,
  type Selection,
  type StreamFailure,
  streamFailureOf,
} from './deadLetters.ts';
import { HeldMessages } from './heldMessages.ts';
import { type Place, placeOf, queueOf } from './places.ts';
import { toQueue } from './sending.ts';

/** Why each of those that something could not be done with was left. */
export type Failures = Map<DeadLetter, string>;

/** A place of dead letters that is being looked at: what lies there is held until it is released. */
export type OpenedPlace = {
  place: Place;
  deadLetters: DeadLetter[];
  /** How many of its dead letters are in somebody else's hands. */
  heldByOthers: number;
  /** Whether there may be more than could be looked at. */
  hasMore: boolean;
  /**
   * What gives dead letters, ten at most, to whom they were meant for, and takes away those that arrived.
   *
   * @throws when there is nobody to give them to
   */
  redriver(): Promise<(deadLetters: DeadLetter[], operationId: string) => Promise<Failures>>;
  discard(deadLetters: DeadLetter[]): Promise<Failures>;
  release(): Promise<void>;
};

/**
 * Opens the places where a selection's dead letters may be, at the same time.
 *
 * @throws UsageError when there is no such queue
 */
export async function openPlaces(
  cloud: Cloud,
  selection: Selection,
  signal: AbortSignal,
): Promise<OpenedPlace[]> {
  const { queue } = selection;
  const urls = await queueUrls(cloud);
  const { Buckets = [] } = await cloud.s3.send(new ListBucketsCommand({}));
  const names = [...urls.keys(), ...Buckets.map(({ Name = '' }) => Name)];
  const places = names.flatMap((name) => placeOf(name, cloud) ?? []);
  const chosen = places.filter((place) => isAt(place, queue));
  if (queue !== undefined && chosen.length === 0) {
    const known = places.map(({ name, service }) => `  ${service}: ${name}`).sort();
    throw new UsageError(
      `No service, queue or bucket with dead letters is called ${queue}. There are:`,
      ...known,
    );
  }
  const opening = await Promise.allSettled(
    chosen.map((place) =>
      place.kind === 'stream'
        ? openBucket(cloud, place, selection, signal)
        : openQueue(cloud, place, urls.get(place.name) as string, selection.ids, signal),
    ),
  );
  const opened = opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = opening.find((result) => result.status === 'rejected');
  if (!failed) return opened;
  await Promise.all(opened.map((place) => place.release()));
  throw failed.reason;
}

async function queueUrls({ sqs, stage }: Cloud): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  // Without a size of pages SQS ends after a thousand queues without a word.
  const pages = paginateListQueues({ client: sqs, pageSize: 1000 }, { QueueNamePrefix: `fanfold-${stage}-` });
  for await (const { QueueUrls = [] } of pages) {
    for (const url of QueueUrls) urls.set(url.slice(url.lastIndexOf('/') + 1), url);
  }
  return urls;
}

async function openQueue(
  cloud: Cloud,
  place: Place,
  queueUrl: string,
  ids: string[] | undefined,
  signal: AbortSignal,
): Promise<OpenedPlace> {
  const areEnough = (messages: Message[]) =>
    ids?.every((id) => messages.some((message) => hasId(deadLetterOf(place, message), id))) ?? false;
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
          `Nothing was moved: the queue ${target} does not exist. Deploy ${place.service}, or discard what was meant for it.`,
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

/** How many objects are held at most. Those that are not selected are read and forgotten, one at a time. */
const maxObjects = 1000;

/** A bucket cannot hold anything back: two operators publish the same twice, which changes nothing. */
async function openBucket(
  cloud: Cloud,
  place: Place,
  selection: Selection,
  signal: AbortSignal,
): Promise<OpenedPlace> {
  const bucket = { Bucket: place.name };
  const objects = new Map<DeadLetter, string>();
  let hasMore = false;
  for await (const { Contents = [] } of paginateListObjectsV2({ client: cloud.s3 }, bucket)) {
    for (const { Key = '', LastModified } of Contents) {
      signal.throwIfAborted();
      if (selection.ids && !selection.ids.some((id) => Key.endsWith(`/${id}`))) continue;
      if (objects.size === maxObjects) {
        hasMore = true;
        break;
      }
      const { Body } = await cloud.s3.send(new GetObjectCommand({ ...bucket, Key }));
      const text = (await Body?.transformToString()) ?? '';
      const found = streamFailureOf(place, Key, text, (LastModified ?? new Date(0)).toISOString());
      if (isSelected(found, selection)) objects.set(found, Key);
    }
    if (hasMore) break;
  }
  const remove = (deadLetter: DeadLetter) =>
    cloud.s3.send(new DeleteObjectCommand({ ...bucket, Key: objects.get(deadLetter) }));

  return {
    place,
    deadLetters: [...objects.keys()],
    heldByOthers: 0,
    hasMore,
    async redriver() {
      return async (deadLetters) => {
        const failures: Failures = new Map();
        for (const deadLetter of deadLetters) {
          const failure = await publishAgain(cloud, deadLetter);
          if (failure === undefined) await remove(deadLetter);
          else failures.set(deadLetter, failure);
        }
        return failures;
      };
    },
    async discard(deadLetters) {
      for (const deadLetter of deadLetters) await remove(deadLetter);
      return new Map();
    },
    async release() {},
  };
}

/** Gives records of a stream to the service's publisher, as the stream did; says what came of it if not all was published. */
async function publishAgain(cloud: Cloud, { place, cause, body }: DeadLetter): Promise<string | undefined> {
  if (cause === 'unreadable') return 'it is not what Lambda writes there: look at it by hand';
  const { Records = [] } = (JSON.parse(body) as StreamFailure).payload ?? {};
  try {
    const answer = await invoke(cloud, place.service, 'publisher', { Records });
    const failures = (answer as { batchItemFailures?: unknown[] } | null)?.batchItemFailures;
    if (failures?.length === 0) return undefined;
    return `${place.service}'s publisher did not publish ${failures?.length ?? 'any'} of ${Records.length} records; its log says why`;
  } catch (error) {
    return (error as Error).message;
  }
}
