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

/**
 * The proof file of an event of a merchant, as `GET /events/{id}/proof` serves it; null when there is no such event, or no checkpoint
 * covers it yet.
 */
export async function proofFileOf(cloud: Cloud, merchantId: string, id: string): Promise<string | null> {
  const answer = await invoke(cloud, 'audit', 'exportEvents', { read: 'proof', merchantId, id });
  return (answer as { proof: string | null }).proof;
}

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
    /** What was deployed before there were witnesses outside does not tell. */
    refusals?: string[];
  };

/** Entries of the log without an event: how many of each type, by the day (UTC) of the event, and which are the first thousand. */
export type OpenEvents = {
  count: number;
  days: Record<string, Record<string, number>>;
  entries: { position: number; type: string; time: string }[];
};

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

/** Up to which number those of a merchant's series were given, and before which time. */
export type GivenNumbers = { merchantId: string; name: string; highest: number; notedAt: string };

/** Numbers of a merchant's series, from the first to the last one, that were given to documents which nothing has any more. */
export type LostNumbers = { merchantId: string; name: string; first: number; last: number };

/** With the time when they were found lost. */
export type FoundLost = LostNumbers & { foundAt: string };

/** All series of all merchants, as audit's table has counted them up to a minute ago. */
export const seriesOf = (cloud: Cloud) =>
  allOf(cloud, 'series', (part: { series: RecordedSeries[] }) => part.series);

/** The same, as the log's bucket has noted them: it is not put back with the table. */
export const givenOf = (cloud: Cloud) =>
  allOf(cloud, 'given', (part: { numbers: GivenNumbers[] }) => part.numbers);

/** All numbers that are known to be lost, and since when. */
export const lostOf = (cloud: Cloud) =>
  allOf(cloud, 'lost', (part: { numbers: FoundLost[] }) => part.numbers);

async function allOf<Part, Item>(
  cloud: Cloud,
  read: string,
  itemsOf: (part: Part) => Item[],
): Promise<Item[]> {
  const found: Item[] = [];
  for (let after: string | undefined; ; ) {
    const request = { read, ...(after !== undefined && { after }) };
    const part = (await invoke(cloud, 'audit', 'exportEvents', request)) as Part & { next?: string };
    found.push(...itemsOf(part));
    if (part.next === undefined) return found;
    after = part.next;
  }
}

/** Has audit note that numbers are lost, so that they are a finding. */
export async function noteLost(cloud: Cloud, lost: LostNumbers[]): Promise<void> {
  for (let i = 0; i < lost.length; i += numbersPerCall) {
    const numbers = lost.slice(i, i + numbersPerCall);
    await invoke(cloud, 'audit', 'restore', { restore: 'lost', numbers });
  }
}

/** How many ranges of numbers one call notes. */
const numbersPerCall = 100;

/** Such as `INV-2026-000017 to 000025 of acme`. */
export function namedNumbers({ merchantId, name, first, last }: LostNumbers): string {
  const [from, to] = [first, last].map((n) => String(n).padStart(6, '0'));
  return `${name}-${from}${from === to ? '' : ` to ${to}`} of ${merchantId}`;
}
