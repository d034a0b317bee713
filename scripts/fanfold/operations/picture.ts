import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { type Cloud, queueUrlsOf } from '../aws/cloud.ts';
import { type Place, placeOf, queueOf } from '../aws/places.ts';
import { subscriptionsOf, typesOf } from '../aws/subscriptions.ts';
import { type Trigger, triggersOf } from './triggers.ts';

/** Who publishes, who subscribes to what, and where dead letters lie. */
export type Picture = {
  services: {
    name: string;
    /** Whether its table's stream is published. */
    publishes: boolean;
    triggers: Omit<Trigger, 'service'>[];
  }[];
  queues: {
    name: string;
    url: string;
    /** Whose functions read it. Null for a queue that is no service's. */
    service: string | null;
    /** `all`, or `others` if its filter is no list of types. Null for one that is no subscriber's: its service fills it by itself. */
    types: string[] | 'all' | 'others' | null;
  }[];
  /** The URL of a queue; a bucket has none. */
  deadLetters: (Place & { url: string | undefined })[];
};

/** The picture of a stage, from what is deployed: its subscriptions, mappings, schedules, queues and buckets. */
export async function pictureOf(cloud: Cloud): Promise<Picture> {
  const [triggers, subscriptions, urls, { Buckets = [] }] = await Promise.all([
    triggersOf(cloud),
    subscriptionsOf(cloud),
    queueUrlsOf(cloud),
    cloud.s3.send(new ListBucketsCommand({})),
  ]);
  const names = [...new Set(triggers.map(({ service }) => service))].sort();
  const readBy = new Map(
    triggers.filter(({ kind }) => kind === 'queue').map(({ source, service }) => [source, service]),
  );
  const queues = await Promise.all(
    [...new Set([...subscriptions.keys(), ...readBy.keys()])].map(async (name) => {
      const subscription = subscriptions.get(name);
      return {
        name,
        url: urls.get(name) ?? '',
        service: readBy.get(name) ?? names.find((service) => queueOf(cloud.stage, service) === name) ?? null,
        types: subscription === undefined ? null : await typesOf(cloud, subscription),
      };
    }),
  );
  const places = [...urls.keys(), ...Buckets.map(({ Name = '' }) => Name)];
  return {
    services: names.map((name) => {
      const own = triggers.filter(({ service }) => service === name);
      return {
        name,
        publishes: own.some(({ kind, functionKey }) => kind === 'stream' && functionKey === 'publisher'),
        triggers: own.map(({ service: _, ...trigger }) => trigger),
      };
    }),
    queues: queues.sort((a, b) => a.name.localeCompare(b.name)),
    deadLetters: places
      .flatMap((name) => placeOf(name, cloud) ?? [])
      .map((place) => ({ ...place, url: urls.get(place.name) })),
  };
}
