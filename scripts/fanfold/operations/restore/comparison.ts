import type { Event } from '@fanfold/contracts/event';
import type { ProviderRecord, Total } from '@fanfold/runtime/restore';
import { eventOf, givenOf, type LostNumbers, lostOf, namedNumbers, seriesOf } from '../../aws/auditLog.ts';
import type { Cloud } from '../../aws/cloud.ts';
import { Book, floorOf, gapsOf, lostNumbersOf, type Series } from './book.ts';
import { type Compared, compareRecorded, totalsOfTable } from './recorded.ts';
import type { RestoreRun } from './restoration.ts';
import { tableOf } from './restoredServices.ts';

/** Which recorded events a service's table is brought back from. */
export type EventSource = {
  service: 'billing' | 'payments';
  /** Types of events, in the order in which they are restored. */
  types: readonly string[];
  /** Whether an event of a type can be restored only with the one that it was published for. */
  needsCause(type: string): boolean;
  /** What an event adds to the totals of the table, if its type is counted there. */
  amountOf(event: Event): { currency: string; amountMinor: number };
  /** Whether the table's totals count events of a type. */
  isCounted(type: string): boolean;
  /** The number of the document that an event is about the issue of. */
  numberOf?(event: Event): { series: string; number: number } | undefined;
  /** The series of a document without its prefix, by the type and the time of the event of its issue. */
  seriesOf?(type: string, time: string): string | undefined;
  /** Types of other events, from each of which something has to follow in this table. */
  awaited?: readonly string[];
  /** Of a service with a provider: which of the provider's records events tell of. */
  provider?: ProviderSource;
};

/** Names for what a provider has carried out, the same in its records and in events. */
export type ProviderSource = {
  nameOf(record: ProviderRecord): string;
  /** All that an event tells of. */
  toldBy(event: Event): string[];
};

/** An event that was erased, by what it is still found by. */
export type ErasedEvent = { merchantId: string; id: string; type: string; time: string };

/** How a table stands to all that is recorded of it. */
export type Comparison = {
  /** What is recorded and was not erased, and what the table has. */
  log: Book;
  table: Book;
  /** What is recorded and the table has, counted by merchant, day and type: of it the erased ones have no currency and amount. */
  there: Total[];
  /** Of that the erased ones. */
  erasedThere: Book;
  /** How many events the table has as they were recorded. */
  same: number;
  /** How many the table lacks, by type, and the times of the first and the last one. */
  missing: Record<string, number>;
  from: string | null;
  to: string | null;
  /** What the missing events tell of the provider. */
  told: Set<string>;
  /** Erased events that the table lacks: nobody can bring them back. */
  lost: ErasedEvent[];
  /** Documents that the table has under other numbers than the log. Both were issued, and both stay. */
  renumbered: { merchantId: string; id: string; why: string }[];
  /** Events in whose place the table has something else. */
  other: { merchantId: string; id: string; why: string }[];
  /** Numbers that several documents were recorded with. */
  twice: { merchantId: string; number: string }[];
};

/** Compares a service's table with all that is recorded of it. Changes nothing. */
export async function compareWithLog(
  cloud: Cloud,
  source: EventSource,
  { step, signal }: RestoreRun,
): Promise<Comparison> {
  const { service, types } = source;
  const comparison: Comparison = {
    log: new Book(),
    table: new Book(),
    there: [],
    erasedThere: new Book(),
    same: 0,
    missing: {},
    from: null,
    to: null,
    told: new Set(),
    lost: [],
    renumbered: [],
    other: [],
    twice: [],
  };
  await step(`reading what ${tableOf(service)} has`, undefined, async (advance) => {
    for await (const part of totalsOfTable(cloud, service)) {
      signal.throwIfAborted();
      comparison.table.addAll(part);
      advance(part.totals.reduce((sum, { count }) => sum + count, 0));
    }
  });
  const there = new Book();
  if (source.numberOf) {
    for (const { merchantId, name, highest } of await seriesOf(cloud)) {
      comparison.log.noteHighest(merchantId, name, highest);
    }
    for (const { merchantId, name, highest, notedAt } of await givenOf(cloud)) {
      comparison.log.noteGiven(merchantId, name, highest, notedAt);
    }
    for (const lost of await lostOf(cloud)) {
      const { merchantId, name, first, last } = lost;
      comparison.log.noteLost(merchantId, name, first, last);
    }
  }
  for (const type of types) {
    await step(`comparing ${tableOf(service)} with the log: ${type}`, undefined, (advance) =>
      compareRecorded(cloud, service, type, {
        signal,
        visit: async (compared) => {
          for (const each of compared) await note(cloud, source, comparison, there, each);
          advance(compared.length);
        },
      }),
    );
  }
  comparison.there = there.totals;
  return comparison;
}

async function note(
  cloud: Cloud,
  source: EventSource,
  comparison: Comparison,
  there: Book,
  { merchantId, id, type, text, standing }: Compared,
): Promise<void> {
  const event = text === null ? undefined : (JSON.parse(text) as Event);
  const { time } = event ?? (await eventOf(cloud, merchantId, id)) ?? { time: '' };
  if (standing.state === 'other') comparison.other.push({ merchantId, id, why: standing.why });
  if (standing.state === 'renumbered') {
    comparison.renumbered.push({ merchantId, id, why: standing.why });
    // The table has its own in its place, whose amount counts. The number of the recorded one is given as well.
    const own = standing.text === undefined ? undefined : (JSON.parse(standing.text) as Event);
    if (own) {
      if (source.isCounted(type)) there.add(countedOn(own.time, { merchantId, type }));
      noteInLog(source, comparison, { merchantId, type, time: own.time, event: own });
    }
    if (event) noteNumber(source, comparison, { merchantId, time, event });
    return;
  }
  if (standing.state === 'same') {
    comparison.same += 1;
    if (source.isCounted(type)) {
      const counted = countedOn(time, { merchantId, type });
      there.add(counted);
      if (!event) comparison.erasedThere.add(counted);
    }
  } else if (!event) {
    comparison.lost.push({ merchantId, id, type, time });
  } else if (standing.state !== 'other') {
    comparison.missing[type] = (comparison.missing[type] ?? 0) + 1;
    for (const told of source.provider?.toldBy(event) ?? []) comparison.told.add(told);
    if (comparison.from === null || time < comparison.from) comparison.from = time;
    if (comparison.to === null || time > comparison.to) comparison.to = time;
  }
  noteInLog(source, comparison, { merchantId, type, time, event });
}

function noteInLog(
  source: EventSource,
  comparison: Comparison,
  {
    merchantId,
    type,
    time,
    event,
  }: { merchantId: string; type: string; time: string; event: Event | undefined },
): void {
  const { log } = comparison;
  if (!event) {
    const series = source.seriesOf?.(type, time);
    if (series !== undefined) log.addErased(merchantId, series, time);
    return;
  }
  if (source.isCounted(type))
    log.add({ ...countedOn(time, { merchantId, type }), ...source.amountOf(event) });
  noteNumber(source, comparison, { merchantId, time, event });
}

function noteNumber(
  source: EventSource,
  { log, twice }: Comparison,
  { merchantId, time, event }: { merchantId: string; time: string; event: Event },
): void {
  const numbered = source.numberOf?.(event);
  if (!numbered) return;
  const { series, number } = numbered;
  if (log.addNumber(merchantId, series, number, time)) {
    twice.push({ merchantId, number: `${series}-${String(number).padStart(6, '0')}` });
  }
}

const countedOn = (time: string, of: { merchantId: string; type: string }): Total => ({
  ...of,
  date: time.slice(0, 10),
  currency: '',
  count: 1,
  amountMinor: 0,
});

/** Of what the table has more than is recorded, by merchant, day and type. */
export function unrecorded({ table, there }: Comparison): Total[] {
  const left = new Book();
  for (const { count, ...total } of table.totals) left.add({ ...total, currency: '', amountMinor: 0, count });
  for (const { count, ...total } of there) left.add({ ...total, count: -count });
  return left.totals.filter(({ count }) => count > 0);
}

/** Series whose numbers are not all recorded, nor of erased or lost documents, with the first ones that are missing. */
export function gaps({ log }: Comparison): { series: Series; missing: number[] }[] {
  return log.series.flatMap((series) => {
    const missing = gapsOf(series, shown);
    return missing.length > 0 ? [{ series, missing }] : [];
  });
}

/** Numbers that were given to documents which nothing has any more. */
export const lostNumbers = ({ log }: Comparison): LostNumbers[] =>
  log.series.flatMap((series) => {
    const { merchantId, name } = series;
    return lostNumbersOf(series).map(([first, last]) => ({ merchantId, name, first, last }));
  });

/** How many examples of something wrong are shown. */
export const shown = 10;

/** Behind which number each series goes on at least. */
export const floorsOf = ({ log }: Comparison) => log.series.map(floorOf);

export const toWriteOf = ({ missing }: Comparison): number =>
  Object.values(missing).reduce((sum, count) => sum + count, 0);

/** Which documents have other numbers in the log, for the operator to read. */
export const aboutRenumbered = ({ renumbered }: Comparison, table: string): string[] =>
  renumbered.length === 0
    ? []
    : [
        `${table} has other numbers than the log, for good: these documents were issued twice, both stay as they are, and none of their numbers is given again.`,
        ...examples(renumbered, ({ id, merchantId, why }) => `${id} of ${merchantId}: ${why}`),
        'What becomes of them is in docs/operations.md, "A document was issued twice".',
      ];

/** The first ones of what may be many. */
export const examples = <Item>(items: Item[], textOf: (item: Item) => string): string[] => [
  ...items.slice(0, shown).map((item) => `  ${textOf(item)}`),
  ...(items.length > shown ? [`  and ${(items.length - shown).toLocaleString('en-US')} more`] : []),
];

/** What is lost and which numbers are not given again, for the operator to read. */
export const aboutLostNumbers = (comparison: Comparison): string[] =>
  lostNumbers(comparison).map(
    (lost) =>
      `${namedNumbers(lost)} ${lost.first === lost.last ? 'was given and its document is lost' : 'were given and their documents are lost'}: ` +
      'the series goes on behind. What to do is in docs/restore.md, "Lost numbers".',
  );
