import { maxLength } from '@fanfold/contracts/event';
import type { ApiDescription } from '@fanfold/description/operations';
import { problem } from '@fanfold/runtime/answers';
import { tilePathPattern } from '@fanfold/tlog/tile';
import * as z from 'zod';
import * as answers from './src/query/answers.ts';

const eventPath = {
  id: {
    // Of printable ASCII, what API Gateway does not take for a part of the path's form when it decodes it: it decodes twice.
    schema: z
      .string()
      .regex(/^[!-$&-.0->@-~]+$/)
      .max(maxLength.eventId),
    description: 'The id of the event: its subject, a colon and its number.',
  },
};

/** What the API of audit says about itself, besides its code. `pnpm fanfold describe` makes openapi.json of both. */
export const api: ApiDescription = {
  title: 'Fanfold audit',
  description:
    'Finds and proves the events that the services have published. Anybody can check the log with its checkpoint and tiles: https://c2sp.org/tlog-tiles',
  schemas: { Event: answers.event, EventList: answers.eventList, Problem: problem },
  operations: {
    listEvents: {
      description:
        'The events of the merchant that match all filters, in the order in which they were recorded. With filters that match little a page may be short, and `hasMore` still be true.',
      answers: {
        200: {
          when: 'A page of events, the oldest first.',
          schema: answers.eventList,
          links: {
            getEvent: { id: '/data/0/id' },
            getEventProof: { id: '/data/0/id' },
            listEvents: { startingAfter: '/data/0/id' },
          },
        },
      },
      problems: ['query_too_broad', 'list_behind'],
    },
    getEvent: {
      description: 'The event as it was published, and where it is in the log.',
      path: eventPath,
      answers: {
        200: {
          when: 'The event.',
          schema: answers.event,
          links: { getEventProof: { id: '/id' }, listEvents: { subject: '/subject' } },
        },
      },
      problems: ['not_found'],
    },
    getEventProof: {
      description:
        'A file that proves that the event is in the log, as it is: https://c2sp.org/tlog-proof. `pnpm fanfold verify` checks it without asking anybody.',
      path: eventPath,
      answers: {
        200: {
          when: 'The proof.',
          contentType: 'text/plain; charset=utf-8',
          file: 'A tlog-proof.',
          headers: { 'Content-Disposition': 'The name to save it under.' },
        },
      },
      problems: ['not_found', 'proof_pending', 'proof_unavailable'],
    },
    getCheckpoint: {
      description: 'How large the log is and what it is made of, signed: https://c2sp.org/tlog-checkpoint',
      answers: {
        200: {
          when: 'The checkpoint.',
          contentType: 'text/plain; charset=utf-8',
          file: 'A signed note.',
        },
      },
      problems: ['not_found'],
    },
    getTile: {
      description: 'A tile of hashes, or a bundle of entries, of the log: https://c2sp.org/tlog-tiles',
      path: {
        path: {
          schema: z.string().regex(tilePathPattern).max(40),
          description: 'Level and index as in https://c2sp.org/tlog-tiles: `0/000`, `entries/x001/234.p/5`.',
        },
      },
      answers: {
        200: {
          when: 'The tile. It never changes.',
          contentType: 'application/octet-stream',
          file: 'Hashes of 32 bytes, or entries with their lengths.',
          headers: { Vary: 'It is sent by gzip, where that is smaller, to who takes it.' },
        },
      },
      problems: ['not_found'],
    },
  },
  problems: {
    query_too_broad: {
      status: 422,
      when: 'There are too many events to search in time. Ask by subject or correlationId, or with fewer filters.',
    },
    list_behind: {
      status: 503,
      when: 'Lists are behind with what was recorded, and there was no time to search it. Ask again after the time in Retry-After, or by subject.',
      headers: ['Retry-After'],
    },
    proof_pending: {
      status: 409,
      when: 'No checkpoint covers the event yet. Ask again after the time in Retry-After.',
      headers: ['Retry-After'],
    },
    proof_unavailable: {
      status: 503,
      when: 'What is stored does not fit the published log. The operators are alerted; ask again when they have looked.',
    },
  },
};
