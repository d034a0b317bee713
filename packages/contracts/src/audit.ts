import * as z from 'zod';
import { defineEvent, eventType, identifier, maxLength, subjectId } from './event.ts';
import { day, documentNumber } from './fields.ts';
import { nonPersonal, personal } from './personal.ts';

/** How many ids an `audit.gap-found.v1` lists at most. */
export const maxMissingIds = 100;

export const auditGapFound = defineEvent({
  type: 'audit.gap-found.v1',
  source: '/audit',
  description:
    "The log differs from what payments counted on a merchant's day, or lacks numbers of a subject.",
  data: () =>
    z.object({
      date: day,
      /** Only the types whose number of events differs. */
      counts: z.record(eventType, z.object({ expected: z.int().min(0), found: z.int().min(0) })),
      /** Ids of events that must exist, because their subject has events with higher numbers. */
      missing: z.array(nonPersonal(z.string())).max(maxMissingIds),
      /** How many are known to be missing, which may be more than `missing` lists. */
      missingCount: z.int().min(0),
    }),
});

export const auditNumberTwice = defineEvent({
  type: 'audit.number-twice.v1',
  source: '/audit',
  description:
    'Two documents of a merchant have the same number, for example because a table was put back to an earlier time.',
  data: () =>
    z.object({
      number: documentNumber,
      /** Ids of both documents, in the order of the log; only the second one when the first is not known. */
      documents: z.array(identifier(maxLength.subject)).min(1).max(2),
    }),
});

export const auditSubjectErased = defineEvent({
  type: 'audit.subject-erased.v1',
  source: '/audit',
  description: 'What the log has about a data subject was made unreadable, by the order of an operator.',
  data: () =>
    z.object({
      /** The payment whose events were made unreadable, with those of its refunds and documents. */
      dataSubject: subjectId,
      reason: personal(z.string()).nullable(),
      /** The order: an `operation.ordered.v1` of the operator. */
      operationId: identifier(maxLength.subject),
    }),
});
