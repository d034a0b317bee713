import { readOpen } from '../store/openEntries.ts';

/** The entries of the log that have no event: how many of each type, by the day (UTC) of the event. */
export type OpenEvents = { count: number; days: Record<string, Record<string, number>> };

export async function openEvents(): Promise<OpenEvents> {
  const open: OpenEvents = { count: 0, days: {} };
  for await (const items of readOpen()) {
    for (const { sk } of items) {
      const [time = '', type = ''] = sk.split('#');
      const date = time.slice(0, 10);
      open.days[date] ??= {};
      const day = open.days[date];
      day[type] = (day[type] ?? 0) + 1;
      open.count += 1;
    }
  }
  return open;
}
