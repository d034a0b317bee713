import { setTimeout as delay } from 'node:timers/promises';
import type { Depth, LiveMessage, Picture, SeenEvent } from '@fanfold/console/api';
import { envelope } from '@fanfold/contracts/event';
import { followTopic, isFeed } from '@fanfold/local-cloud/topicFeed';
import { type Indexed, indexOf, textsOf } from '../aws/auditLog.ts';
import { type Cloud, cloudOf } from '../aws/cloud.ts';
import { paced } from '../aws/paced.ts';
import { runningStack } from '../aws/stack.ts';
import type { StagePlace } from '../commandFor.ts';
import { depthOfBucket, depthOfQueue, type Depth as FoundDepth } from '../operations/depths.ts';
import { type Picture as FoundPicture, pictureOf } from '../operations/picture.ts';
import { troubleOf } from './troubles.ts';

type Tell = (message: LiveMessage) => void;

/** SNS of this process, where it can be taken away. */
export type Topic = { isAvailable: boolean };

export type Watching = {
  /**
   * Tells a page what happens until it is stopped. The first page starts to watch, the last one that is closed ends it.
   *
   * @param merchantId whose events are told in AWS, where no others are; on a laptop all are
   */
  watch(tell: Tell, merchantId?: string): () => void;
  /** Looks at once whether the picture has changed. */
  refresh(): void;
};

/** How often a stage is asked. On a laptop that costs nothing. */
type Rhythm = {
  callsPerSecond: number | null;
  pictureMs: number;
  depthsMs: number;
  agesMs: number;
  recordedMs: number;
};

export const rhythmOf = (stage: string): Rhythm =>
  stage === 'local'
    ? { callsPerSecond: null, pictureMs: 2_000, depthsMs: 500, agesMs: 2_000, recordedMs: 1_000 }
    : { callsPerSecond: 2, pictureMs: 60_000, depthsMs: 2_000, agesMs: 60_000, recordedMs: 5_000 };

/** After something went wrong. */
const againMs = 2_000;
/** How many of the last events a page is shown that opens while others are open. */
const maxRemembered = 300;
/** The emulator shows a queue with all its bodies: of a longer one, what is known of its age stays. */
const longestLookedThrough = 500;

/** @param topic SNS, if this process can take it away */
export function watching(place: StagePlace, topic?: Topic): Watching {
  const rhythm = rhythmOf(place.stage);
  const listeners = new Set<Tell>();
  const troubles = new Map<string, string>();
  let stage: FoundPicture | undefined;
  let picture: Picture | undefined;
  let depths: Depth[] = [];
  let events: SeenEvent[] = [];
  let running: AbortController | undefined;
  let hurry = new AbortController();
  /** One for all that watches: together they keep to the limit. */
  let shared: Promise<Cloud> | undefined;

  const tellAll: Tell = (message) => {
    for (const tell of listeners) tell(message);
  };
  const tellTroubles = () => tellAll({ troubles: [...troubles.values()] });
  const isWell = (what: string) => {
    if (troubles.delete(what)) tellTroubles();
  };

  async function open(signal: AbortSignal): Promise<Cloud> {
    const cloud = await cloudOf(place);
    return rhythm.callsPerSecond === null ? cloud : paced(cloud, rhythm.callsPerSecond, signal);
  }

  /** Does something again and again until the signal comes, and tells while it fails. */
  async function repeat(
    what: string,
    signal: AbortSignal,
    work: (cloud: Cloud) => Promise<{ pauseMs: number }>,
  ): Promise<void> {
    while (!signal.aborted) {
      let pauseMs = againMs;
      shared ??= open(signal);
      const using = shared;
      try {
        ({ pauseMs } = await work(await using));
        isWell(what);
      } catch (error) {
        if (signal.aborted) return;
        // What it was made with may be what is wrong: a stack that ended, credentials that expired.
        if (shared === using) shared = undefined;
        troubles.set(what, troubleOf(place, what, error));
        tellTroubles();
      }
      await delay(pauseMs, undefined, { signal: AbortSignal.any([signal, hurry.signal]) }).catch(() => {});
    }
  }

  async function lookAtPicture(cloud: Cloud) {
    const isTopicAvailable = topic?.isAvailable ?? true;
    let next = picture && { ...picture, isTopicAvailable };
    // While SNS is away nobody can ask it for its subscriptions.
    if (isTopicAvailable || !next) {
      stage = await pictureOf(cloud);
      next = {
        topic: cloud.topicArn.slice(cloud.topicArn.lastIndexOf(':') + 1),
        isTopicAvailable,
        services: stage.services,
        queues: stage.queues.filter(({ name }) => !isFeed(name)).map(({ url: _, ...queue }) => queue),
        deadLetters: stage.deadLetters.map(({ url: _, ...each }) => each),
      };
    }
    if (JSON.stringify(next) !== JSON.stringify(picture)) tellAll({ picture: next });
    picture = next;
    return { pauseMs: rhythm.pictureMs };
  }

  /** Counts again and again; ages are asked for less often. */
  function depthsLook(): (cloud: Cloud) => Promise<{ pauseMs: number }> {
    let oldest = new Map<string, string>();
    let nextAgesAt = 0;
    return async (cloud) => {
      // It comes with the picture.
      if (!stage) return { pauseMs: 50 };
      const found: (FoundDepth & { oldestSince?: string | null })[] = await Promise.all([
        ...[...stage.queues.filter(({ name }) => !isFeed(name)), ...stage.deadLetters].flatMap(
          ({ name, url }) => (url ? [depthOfQueue(cloud, name, url)] : []),
        ),
        ...stage.deadLetters.flatMap(({ name, kind }) =>
          kind === 'stream' ? [depthOfBucket(cloud, name)] : [],
        ),
      ]);
      const total = ({ waiting, inFlight }: FoundDepth) => waiting + inFlight;
      for (const depth of found) if (total(depth) === 0) oldest.delete(depth.name);
      if (performance.now() > nextAgesAt) {
        nextAgesAt = performance.now() + rhythm.agesMs;
        const looked = found
          .filter((depth) => depth.oldestSince === undefined && total(depth) > 0)
          .filter(
            (depth) =>
              place.stage !== 'local' || total(depth) <= longestLookedThrough || !oldest.has(depth.name),
          )
          .map(({ name }) => name);
        if (looked.length > 0) oldest = new Map([...oldest, ...(await cloud.oldestIn(looked))]);
      }
      const next = found.map((depth) => ({ oldestSince: oldest.get(depth.name) ?? null, ...depth }));
      if (JSON.stringify(next) !== JSON.stringify(depths)) tellAll({ depths: next });
      depths = next;
      return { pauseMs: rhythm.depthsMs };
    };
  }

  /** All that goes over the topic of a laptop. */
  const followAll = (signal: AbortSignal) => async (cloud: Cloud) => {
    const tell = (seen: SeenEvent[]) => {
      if (seen.length > 0) tellAll({ events: seen });
      events = [...events, ...seen].slice(-maxRemembered);
    };
    const { endpoints } = await runningStack();
    for await (const bodies of followTopic(endpoints.aws, cloud.topicArn, signal)) {
      isWell('What is published');
      if (bodies.length === 0 && events.length === 0) tell(await recorded(cloud, {}));
      tell(bodies.flatMap(seenEvent));
    }
    return { pauseMs: 0 };
  };

  /** What audit records of a merchant: in AWS nothing is subscribed for those who look. */
  const followRecorded = (merchantId: string, tell: Tell) => {
    const seen = new Set<number>();
    return async (cloud: Cloud) => {
      const found = await recorded(cloud, { merchantId, seen });
      if (found.length > 0) tell({ events: found });
      return { pauseMs: rhythm.recordedMs };
    };
  };

  return {
    watch(tell, merchantId) {
      listeners.add(tell);
      if (!running) {
        running = new AbortController();
        // Nothing is known of what happened since somebody looked.
        [events, depths] = [[], []];
        void repeat('The picture', running.signal, lookAtPicture);
        void repeat('What waits in the queues', running.signal, depthsLook());
        if (place.stage === 'local')
          void repeat('What is published', running.signal, followAll(running.signal));
      }
      if (picture) tell({ picture });
      tell({ depths });
      tell({ events });
      tell({ troubles: [...troubles.values()] });
      const closed = new AbortController();
      if (place.stage !== 'local' && merchantId !== undefined) {
        const what = `What is recorded of ${merchantId}`;
        void repeat(what, AbortSignal.any([closed.signal, running.signal]), followRecorded(merchantId, tell));
      }
      return () => {
        closed.abort();
        if (!listeners.delete(tell) || listeners.size > 0) return;
        running?.abort();
        running = undefined;
        shared = undefined;
        troubles.clear();
      };
    },
    refresh() {
      hurry.abort();
      hurry = new AbortController();
    },
  };
}

const recentMs = 15 * 60_000;
const maxRecent = 50;

/** What was recorded in the last minutes, in the order of the log. @param seen positions that are left out, and noted */
async function recorded(
  cloud: Cloud,
  { merchantId, seen = new Set() }: { merchantId?: string; seen?: Set<number> },
): Promise<SeenEvent[]> {
  const now = Date.now();
  const range = { from: new Date(now - recentMs).toISOString(), to: new Date(now).toISOString() };
  const indexed: Indexed[] = (await indexOf(cloud, { ...range, ...(merchantId && { merchantId }) }))
    .filter(({ position }) => !seen.has(position))
    .slice(-maxRecent);
  const found: SeenEvent[] = [];
  for await (const texts of textsOf(cloud, indexed)) {
    for (const { position, text } of texts) {
      seen.add(position);
      if (text !== null) found.push(...seenEvent(text));
    }
  }
  return found;
}

const shown = envelope.pick({
  id: true,
  type: true,
  source: true,
  subject: true,
  merchantid: true,
  time: true,
  correlationid: true,
});

/** What is shown of an event; nothing of what is none. */
function seenEvent(body: string): SeenEvent[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [];
  }
  const { data } = shown.safeParse(value);
  if (!data) return [];
  const { merchantid, correlationid, ...rest } = data;
  return [{ ...rest, merchantId: merchantid, correlationId: correlationid }];
}
