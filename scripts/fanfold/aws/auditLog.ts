import type { Event } from '@fanfold/contracts/event';
import { type Cloud, invoke, longestMs } from './cloud.ts';

/** An event as audit's API shows it. One that was erased has only what it is found by. */
export type RecordedEvent = Omit<Event, 'causationid'> & {
  causationid?: string;
  position: number;
  recordedat: string;
  erased?: true;
};

/** An event of a merchant by its id, as audit's API shows it. */
export const eventOf = async (cloud: Cloud, merchantId: string, id: string) =>
  (await invoke(cloud, 'audit', 'exportEvents', { read: 'event', merchantId, id })) as RecordedEvent | null;

/** What `GET /events` takes. */
type EventQuery = { subject?: string; correlationId?: string; type?: string };

/** All events of a merchant that a query is true of, in the order of the log, as audit's API shows them. */
export async function eventsBy(
  cloud: Cloud,
  merchantId: string,
  query: EventQuery,
): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let startingAfter: string | undefined; ; startingAfter = events.at(-1)?.id) {
    const page = { ...query, limit: '100', ...(startingAfter !== undefined && { startingAfter }) };
    const { data, hasMore } = (await invoke(cloud, 'audit', 'exportEvents', {
      read: 'events',
      merchantId,
      query: page,
    })) as { data: RecordedEvent[]; hasMore: boolean };
    events.push(...data);
    if (!hasMore) return events;
  }
}

/** An event as the index of audit's log has it. */
export type Indexed = { merchantId: string; id: string; type: string; position: number };

/** Which events, all of it true of each. Times are RFC 3339 in UTC, and about the time of the event. */
export type LogFilter = { from: string; to: string; type?: string; subject?: string; merchantId?: string };

/** All recorded events that a filter lets through, in the order of the log. */
export async function indexOf(cloud: Cloud, filter: LogFilter): Promise<Indexed[]> {
  const found: Indexed[] = [];
  for await (const part of indexPartsOf(cloud, filter)) for (const event of part) found.push(event);
  return found.sort((a, b) => a.position - b.position);
}

/** All recorded events that a filter lets through, some thousands at a time. Those of several merchants are in no order. */
export async function* indexPartsOf(cloud: Cloud, filter: LogFilter): AsyncGenerator<Indexed[]> {
  for (let after: unknown; ; ) {
    const request = { read: 'index', ...filter, ...(after !== undefined && { after }) };
    const part = (await invoke(cloud, 'audit', 'exportEvents', request)) as {
      events: Indexed[];
      next?: unknown;
    };
    yield part.events;
    if (part.next === undefined) return;
    after = part.next;
  }
}

/** An event as it was recorded, byte for byte; null when it was erased. */
export type RecordedText = { position: number; text: string | null };

/** How many texts are asked for at once. An answer holds at least one of the largest. */
const textsPerCall = 100;

/** The texts of events of the index, in their order, a part at a time. */
export async function* textsOf(cloud: Cloud, events: Indexed[]): AsyncGenerator<RecordedText[]> {
  for (let i = 0; i < events.length; ) {
    const request = { read: 'texts', events: events.slice(i, i + textsPerCall) };
    const texts = (await invoke(cloud, 'audit', 'exportEvents', request)) as RecordedText[];
    if (texts.length === 0) throw new Error('Audit returned no text of an event that is in its index.');
    yield texts;
    i += texts.length;
  }
}

/**
 * What of the log does not fit, so that it cannot be signed, each in a sentence: none when all is well. And what audit's
 * table lacks of what is published, if it was put back to an earlier time.
 */
export const checkLog = async (cloud: Cloud) =>
  (await invoke(cloud, 'audit', 'exportEvents', { read: 'log' })) as {
    misfits: string[];
    lack: string | null;
  };

/** Entries of the log without an event: how many of each type, by the day (UTC) of the event. */
export type OpenEvents = { count: number; days: Record<string, Record<string, number>> };

export const openEventsOf = (cloud: Cloud) =>
  invoke(cloud, 'audit', 'restore', { restore: 'open' }, longestMs) as Promise<OpenEvents>;

export const misfitsOf = async (cloud: Cloud): Promise<string[]> => (await checkLog(cloud)).misfits;

/** The numbers of a merchant's series that audit has recorded. */
export type RecordedSeries = {
  merchantId: string;
  /** Such as `INV-2026`. */
  name: string;
  highest: number;
  /** Ranges of numbers below the highest that are not recorded, each with its first and last one. */
  missing: [first: number, last: number][];
};

/** All series of all merchants, as they were counted up to a minute ago. */
export async function seriesOf(cloud: Cloud): Promise<RecordedSeries[]> {
  const found: RecordedSeries[] = [];
  for (let after: string | undefined; ; ) {
    const request = { read: 'series', ...(after !== undefined && { after }) };
    const part = (await invoke(cloud, 'audit', 'exportEvents', request)) as {
      series: RecordedSeries[];
      next?: string;
    };
    found.push(...part.series);
    if (part.next === undefined) return found;
    after = part.next;
  }
}
