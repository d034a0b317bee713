import { type Cloud, invoke } from './cloud.ts';

/** An event as the index of audit's log has it. */
export type Indexed = { merchantId: string; id: string; type: string; position: number };

/** Which events, all of it true of each. Times are RFC 3339 in UTC, and about the time of the event. */
export type LogFilter = { from: string; to: string; type?: string; subject?: string; merchantId?: string };

/** All recorded events that a filter lets through, in the order of the log. */
export async function indexOf(cloud: Cloud, filter: LogFilter): Promise<Indexed[]> {
  const found: Indexed[] = [];
  for (let after: unknown; ; ) {
    const request = { read: 'index', ...filter, ...(after !== undefined && { after }) };
    const part = (await invoke(cloud, 'audit', 'exportEvents', request)) as {
      events: Indexed[];
      next?: unknown;
    };
    for (const event of part.events) found.push(event);
    if (part.next === undefined) return found.sort((a, b) => a.position - b.position);
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
    if (texts.length === 0) throw new Error('Audit gave no text of an event that it has in its index.');
    yield texts;
    i += texts.length;
  }
}
