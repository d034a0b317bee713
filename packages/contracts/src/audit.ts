import * as z from 'zod';
import { defineEvent, eventType, identifier, maxLength, subjectId } from './event.ts';
import { day } from './fields.ts';

/** How many ids an `audit.gap-found.v1` names; there may be more. */
export const maxMissingIds = 100;

export const auditGapFound = defineEvent({
  type: 'audit.gap-found.v1',
  source: '/audit',
  description:
    "The log differs from what payments counted on a merchant's day, or lacks numbers of a subject.",
  data: () =>
    z.object({
      date: day,
      /** Types of which the log has another number of events of that day than payments counted; those only. */
      counts: z.record(eventType, z.object({ expected: z.int().min(0), found: z.int().min(0) })),
      /** Ids of events that must have been said, because ones with higher numbers of their subject were. */
      missing: z.array(z.string()).max(maxMissingIds),
      /** How many ids are known to be missing, also when they are more than `missing` names. */
      missingCount: z.int().min(0),
    }),
});

export const auditSubjectErased = defineEvent({
  type: 'audit.subject-erased.v1',
  source: '/audit',
  description: 'What the log has of a data subject was made unreadable, by the order of an operator.',
  data: () =>
    z.object({
      /** The payment whose events, and those of its refunds and documents, nobody can read any more. */
      dataSubject: subjectId,
      reason: z.string().nullable(),
      /** The order, an `operation.ordered.v1` of the operator. */
      operationId: identifier(maxLength.subject),
    }),
});
