import type { Event } from '@fanfold/contracts/event';
import { chunksOf, lambdaAnswer } from '@fanfold/runtime/batch';
import type { Lack } from '@fanfold/runtime/mark';
import type {
  ComparedEvent,
  ProviderPart,
  ProviderRecord,
  RestoredEvent,
  SeriesFloor,
  Standing,
  Totals,
} from '@fanfold/runtime/restore';
import { eventOf, type Indexed, indexPartsOf, textsOf } from '../../aws/auditLog.ts';
import { type Cloud, invoke } from '../../aws/cloud.ts';
import { CommandError } from '../../errors.ts';

/** A recorded event, and how the table stands to it. Those that were erased have no text. */
export type Compared = Indexed & { text: string | null; standing: Standing };

/** How many calls run at the same time: audit's function and the service's run once for each. */
const parallel = 4;

/** How many events one call is about. */
const eventsPerCall = 100;

/**
 * Compares all recorded events of a type with a service's table, a hundred at a time and in no order. Only those are in memory.
 */
export async function compareRecorded(
  cloud: Cloud,
  service: string,
  type: string,
  { signal, visit }: { signal: AbortSignal; visit: (compared: Compared[]) => Promise<void> | void },
): Promise<void> {
  const everything = { from: '0001-01-01T00:00:00.000Z', to: '9999-12-31T23:59:59.999Z' };
  for await (const part of indexPartsOf(cloud, { ...everything, type })) {
    const chunks = chunksOf(part, () => 1, { entries: eventsPerCall, bytes: Number.POSITIVE_INFINITY });
    await inParallel(chunks, async (chunk) => {
      signal.throwIfAborted();
      await visit(await compareChunk(cloud, service, chunk));
    });
  }
}

async function inParallel<Item>(items: Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values();
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

async function compareChunk(cloud: Cloud, service: string, chunk: Indexed[]): Promise<Compared[]> {
  const byPosition = new Map(chunk.map((event) => [event.position, event]));
  const compared: Compared[] = [];
  for await (const texts of textsOf(
    cloud,
    chunk.toSorted((a, b) => a.position - b.position),
  )) {
    const events = texts.map(({ position, text }) => ({ ...(byPosition.get(position) as Indexed), text }));
    const standings = await askToCompare(
      cloud,
      service,
      events.map(({ merchantId, id, text }) => ({ merchantId, id, text })),
    );
    compared.push(...events.map((event, i) => ({ ...event, standing: standings[i] as Standing })));
  }
  return compared;
}

const askToCompare = (cloud: Cloud, service: string, events: ComparedEvent[]) =>
  invoke(cloud, service, 'restore', { restore: 'compare', events }) as Promise<Standing[]>;

/** Has a service write what its table lacks of events, and tells how it stands to them then. */
export async function writeRecorded(
  cloud: Cloud,
  service: string,
  events: RestoredEvent[],
): Promise<Standing[]> {
  const bytesOf = (event: RestoredEvent) => Buffer.byteLength(JSON.stringify(event));
  const standings: Standing[] = [];
  for (const chunk of chunksOf(events, bytesOf, { ...lambdaAnswer, entries: eventsPerCall })) {
    const asked = { restore: 'write', events: chunk };
    standings.push(...((await invoke(cloud, service, 'restore', asked)) as Standing[]));
  }
  return standings;
}

/** Which series would give numbers again, and with `raise` has them go on behind those. */
export async function askSeries(
  cloud: Cloud,
  service: string,
  restore: 'behind' | 'raise',
  floors: SeriesFloor[],
): Promise<SeriesFloor[]> {
  const answers: SeriesFloor[] = [];
  for (const series of chunksOf(floors, () => 1, { entries: 100, bytes: Number.POSITIVE_INFINITY })) {
    const answer = await invoke(cloud, service, 'restore', { restore, series });
    answers.push(...((answer ?? []) as SeriesFloor[]));
  }
  return answers;
}

/** From when and to when a table lacks what its service wrote, by its marks; null when the service does not know of any lack. */
export const lackOf = (cloud: Cloud, service: string) =>
  invoke(cloud, service, 'restore', { restore: 'lack' }) as Promise<Lack | null>;

/** Tells a service that its table lacks nothing any more, and whether nothing is left that only others know. */
export async function finish(cloud: Cloud, service: string, isSettled: boolean): Promise<void> {
  await invoke(cloud, service, 'restore', { restore: 'finish', isSettled });
}

/** All that a table has, a part at a time. */
export async function* totalsOfTable(cloud: Cloud, service: string): AsyncGenerator<Totals> {
  for (let after: Totals['next']; ; ) {
    const part = (await invoke(
      cloud,
      service,
      'restore',
      { restore: 'totals', ...(after && { after }) },
      functionTimeMs,
    )) as Totals;
    yield part;
    if (part.next === undefined) return;
    after = part.next;
  }
}

/** What the provider has carried out since the mark that the table was put back with, and the table does not tell of, a part at a time. */
export async function* providerRecords(cloud: Cloud, service: string): AsyncGenerator<ProviderRecord[]> {
  for (let after: ProviderPart['next']; ; ) {
    const request = { restore: 'provider', ...(after && { after }) };
    const part = (await invoke(cloud, service, 'restore', request, functionTimeMs)) as ProviderPart;
    yield part.records;
    if (part.next === undefined) return;
    after = part.next;
  }
}

/** As long as the function may run, and some more. */
const functionTimeMs = 120_000;

/**
 * The texts of the events that documents were issued for, by their ids, those that were not erased.
 *
 * @throws CommandError when the log does not have all of them
 */
export async function causesOf(cloud: Cloud, events: Compared[]): Promise<Map<string, string>> {
  const causes = new Map<string, Indexed>();
  for (const { merchantId, text } of events) {
    if (text === null) continue;
    const { causationid } = JSON.parse(text) as Event;
    causes.set(keyOf(merchantId, causationid), { merchantId, id: causationid, type: '', position: 0 });
  }
  const found = new Map<string, string>();
  try {
    for await (const texts of textsOf(cloud, [...causes.values()])) {
      for (const { text } of texts) {
        if (text === null) continue;
        const { merchantid, id } = JSON.parse(text) as Event;
        found.set(keyOf(merchantid, id), text);
      }
    }
    return found;
  } catch (error) {
    const missing = await missingOf(cloud, [...causes.values()]);
    if (missing.length === 0) throw error;
    throw new CommandError(
      'Nothing more was written, because the log does not have all events that recorded documents were issued for. Missing:',
      ...missing.map(({ merchantId, id }) => `  ${id} of ${merchantId}`),
    );
  }
}

export const keyOf = (merchantId: string, id: string): string => `${merchantId}#${id}`;

async function missingOf(cloud: Cloud, events: Indexed[]): Promise<Indexed[]> {
  const missing: Indexed[] = [];
  for (const event of events) {
    if ((await eventOf(cloud, event.merchantId, event.id)) === null) missing.push(event);
  }
  return missing;
}
