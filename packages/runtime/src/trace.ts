import { randomBytes } from 'node:crypto';
import type { Event, Trace } from '@fanfold/contracts/event';

/** The trace of what an event causes: it belongs to the same flow. */
export const traceOf = (event: Event): Trace => ({
  correlationid: event.correlationid,
  causationid: event.id,
  traceparent: event.traceparent,
});

/** The trace of a new flow: of an HTTP request or a scheduled run. An incoming traceparent is continued. */
export const startTrace = (id: string, traceparent?: string): Trace => ({
  correlationid: id,
  causationid: id,
  traceparent:
    traceparent && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
      ? traceparent
      : `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
});
