import { eventType, maxLength } from '@fanfold/contracts/event';
import { listQuery } from '@fanfold/runtime/list';
import * as z from 'zod';
import { comparableTime } from '../record/received.ts';

/** An RFC 3339 time, in the form that can be compared. */
export const time = z.iso
  .datetime({
    offset: true,
    error: 'must be an RFC 3339 time such as "2026-11-23T14:02:11Z", with the + of an offset sent as %2B',
  })
  .transform(comparableTime);

/** The query string of `GET /events`. What is given must all be true of an event. */
export const eventQuery = z
  .strictObject({
    ...listQuery,
    subject: z.string().min(1).max(maxLength.subject).optional(),
    correlationId: z.string().min(1).max(maxLength.correlationId).optional(),
    type: eventType.optional(),
    /** The earliest time of an event. */
    from: time.optional(),
    /** The time before which an event must have been. */
    to: time.optional(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    message: 'must not be before from',
  });

export type EventQuery = z.output<typeof eventQuery>;
