import type { Event } from '@fanfold/contracts/event';
import { safe } from './terminal.ts';

/** An event as audit's API shows it. One that was erased has only what it is found by. */
export type RecordedEvent = Omit<Event, 'causationid'> & {
  causationid?: string;
  position: number;
  recordedat: string;
  erased?: true;
};

/** An event, and the events that it caused. */
export type Cause = { event: RecordedEvent; caused: Cause[] };

/** Everything that followed from one request, or from one run of a clock. */
export type Flow = {
  /** The request's id, or the run's. */
  correlationId: string;
  startedAt: string;
  /** Those that the request itself caused, or something that audit does not know. */
  events: Cause[];
};

/** The flow that events with the same correlation id make up; there is one at least. */
export function flowOf(recorded: RecordedEvent[]): Flow {
  const inOrder = recorded.toSorted((a, b) => compare(a.time, b.time) || a.position - b.position);
  const [first] = inOrder as [RecordedEvent];
  const ids = new Set(inOrder.map(({ id }) => id));
  const shown = new Set<string>();
  const causeOf = (event: RecordedEvent): Cause => {
    shown.add(event.id);
    const because = inOrder.filter(({ id, causationid }) => causationid === event.id && !shown.has(id));
    return { event, caused: because.map(causeOf) };
  };
  const events = inOrder
    .filter(({ causationid }) => causationid === undefined || !ids.has(causationid))
    .map(causeOf);
  // Events that claim to have caused each other hang from nothing.
  for (const event of inOrder) if (!shown.has(event.id)) events.push(causeOf(event));
  return { correlationId: first.correlationid, startedAt: first.time, events };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** A flow as lines of text: first what it followed from, then each event with its time since the first one. */
export function linesOf(flow: Flow): string[] {
  const rows = flow.events.flatMap((cause) => rowsOf(cause, '', ''));
  const since = (time: string) =>
    `+${(Date.parse(time) - Date.parse(flow.startedAt)).toLocaleString('en-US')} ms`;
  return [
    `${flow.correlationId}  ${flow.startedAt}`,
    ...table(
      rows.map(({ branch, event }) => [
        since(event.time),
        branch + event.type,
        event.id,
        `recorded ${since(event.recordedat)}${event.erased ? ', erased' : ''}`,
      ]),
    ),
  ];
}

type Row = { branch: string; event: RecordedEvent };

function rowsOf({ event, caused }: Cause, branch: string, below: string): Row[] {
  const rows = caused.flatMap((cause, i) =>
    i < caused.length - 1
      ? rowsOf(cause, `${below}├─ `, `${below}│  `)
      : rowsOf(cause, `${below}└─ `, `${below}   `),
  );
  return [{ branch, event }, ...rows];
}

/** Columns of equal width, as they are printed; the first one is right-aligned. */
export function table(cells: string[][]): string[] {
  const rows = cells.map((row) => row.map(safe));
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
