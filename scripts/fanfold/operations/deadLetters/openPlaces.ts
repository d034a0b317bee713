import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { type Cloud, queueUrlsOf } from '../../aws/cloud.ts';
import { placeOf } from '../../aws/places.ts';
import { UsageError } from '../../errors.ts';
import { openBucket } from './bucket.ts';
import type { OpenedPlace } from './openedPlace.ts';
import { openQueue } from './queue.ts';
import { isAt, type Selection } from './selection.ts';

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
  const urls = await queueUrlsOf(cloud);
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
