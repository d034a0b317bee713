import { DeleteObjectCommand, GetObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { type Cloud, invoke } from '../../aws/cloud.ts';
import type { Place } from '../../aws/places.ts';
import { type DeadLetter, type StreamFailure, streamFailureOf } from './deadLetter.ts';
import type { Failures, OpenedPlace } from './openedPlace.ts';
import { isSelected, type Selection } from './selection.ts';

/** How many objects are held at most. Those that are not selected are read and forgotten, one at a time. */
const maxObjects = 1000;

/** Dead letters of a bucket. It cannot hold anything back: two operators publish the same twice, which changes nothing. */
export async function openBucket(
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
    async putAside(deadLetters) {
      const why =
        'records of a stream are kept for 30 days and are nobody’s messages: redrive or discard them';
      return new Map(deadLetters.map((deadLetter) => [deadLetter, why]));
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
