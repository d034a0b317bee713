import { readOpen } from '../store/openEntries.ts';

/** An entry of the log that has no event. It names nobody: its position in the log is what it is known by. */
export type OpenEntryFacts = { position: number; type: string; time: string };

/** The entries that have no event: how many of each type, by the day (UTC) of the event, and which are the first ones. */
export type OpenEvents = {
  count: number;
  days: Record<string, Record<string, number>>;
  /** By time, no more than {@link maxEntries}. */
  entries: OpenEntryFacts[];
};

/** As many as an answer of 100 KB has. */
const maxEntries = 1000;

export async function openEvents(): Promise<OpenEvents> {
  const open: OpenEvents = { count: 0, days: {}, entries: [] };
  for await (const items of readOpen()) {
    for (const { sk, position, entry } of items) {
      const [time = '', type = ''] = sk.split('#');
      const date = time.slice(0, 10);
      open.days[date] ??= {};
      const day = open.days[date];
      day[type] = (day[type] ?? 0) + 1;
      open.count += 1;
      if (open.entries.length < maxEntries)
        open.entries.push({ position, type, time: JSON.parse(entry).time });
    }
  }
  return open;
}
