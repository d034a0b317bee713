import { randomBytes } from 'node:crypto';
import type { Event, Trace } from '@fanfold/contracts/event';

/** What follows from an event belongs to the same flow and was caused by that event. */
export const traceOf = (event: Event): Trace => ({
  correlationid: event.correlationid,
  causationid: event.id,
  traceparent: event.traceparent,
});

/** The beginning of a flow: an HTTP request or a run of a clock. An incoming traceparent is carried on. */
export const startTrace = (id: string, traceparent?: string): Trace => ({
  correlationid: id,
  causationid: id,
  traceparent:
    traceparent && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
      ? traceparent
      : `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
});
