import type { RecordedEvent } from '../aws/auditLog.ts';

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
