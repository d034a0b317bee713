import { eventType, maxLength } from '@fanfold/contracts/event';
import { listQuery } from '@fanfold/runtime/list';
import * as z from 'zod';
import { comparableTime } from '../record/received.ts';

/** An RFC 3339 time, converted so that times can be compared as text. */
export const time = z.iso
  .datetime({
    offset: true,
    error: 'must be an RFC 3339 time such as "2026-11-23T14:02:11Z", with the + of an offset sent as %2B',
  })
  // As exact as nanoseconds, with an offset.
  .max(35)
  .transform(comparableTime);

/** The query string of `GET /events`. An event has to match all parameters. */
export const eventQuery = z
  .strictObject({
    ...listQuery,
    subject: z.string().min(1).max(maxLength.subject).optional(),
    correlationId: z.string().min(1).max(maxLength.correlationId).optional(),
    type: eventType.optional(),
    /** The earliest time of an event, inclusive. */
    from: time.optional(),
    /** The end of the range, exclusive. */
    to: time.optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'must not be before from',
  });

export type EventQuery = z.output<typeof eventQuery>;
