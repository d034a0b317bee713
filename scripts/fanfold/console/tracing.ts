import type { Answers, Asked, TracedEvent } from '@fanfold/console/api';
import { auditSubjectErased } from '@fanfold/contracts/audit';
import { eventsBy } from '../aws/auditLog.ts';
import { type Cloud, cloudOf } from '../aws/cloud.ts';
import type { StagePlace } from '../commandFor.ts';
import { merchantOf } from '../commands/arguments.ts';
import { findDeadLetters } from '../operations/deadLetters/deadLetters.ts';
import type { Cause } from '../operations/flow.ts';
import { ownerOf, type Trace, traceOf } from '../operations/trace.ts';

/** SQS names its messages so. */
const messageId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The flows of anything that has an id or a number, as `fanfold trace` finds them, and of the event of a dead letter.
 *
 * @throws UsageError for a stage in AWS without a merchant
 * @throws when nothing is recorded of it
 */
export async function traced(place: StagePlace, { id, merchant }: Asked<'trace'>): Promise<Answers['trace']> {
  const cloud = await cloudOf(place);
  const event = messageId.test(id) ? await eventOfDeadLetter(cloud, id) : undefined;
  const merchantId = event?.merchantId ?? ownerOf(id) ?? merchantOf(place.stage, merchant || undefined);
  const trace = await traceOf(cloud, event?.id ?? id, merchantId);
  return {
    deadLetterOf: event?.id ?? null,
    isErased: trace.isErased,
    erasedAt: trace.isErased ? await erasedAt(cloud, merchantId, trace) : null,
    flows: trace.flows.map(({ correlationId, startedAt, events }) => ({
      correlationId,
      startedAt,
      events: events.flatMap((cause) => rowsOf(cause, startedAt, 0)),
    })),
  };
}

async function eventOfDeadLetter(
  cloud: Cloud,
  id: string,
): Promise<{ id: string; merchantId: string } | undefined> {
  const { deadLetters } = await findDeadLetters(cloud, { ids: [id] }, new AbortController().signal);
  const [found] = deadLetters;
  return found?.id && found.merchantId ? { id: found.id, merchantId: found.merchantId } : undefined;
}

function rowsOf({ event, caused }: Cause, causedAt: string, depth: number): TracedEvent[] {
  const { id, type, source, subject, merchantid, time, recordedat, erased } = event;
  const row: TracedEvent = {
    id,
    type,
    source,
    subject,
    merchantId: merchantid,
    time,
    recordedAt: recordedat,
    depth,
    causedAt,
    isErased: erased === true,
    event,
  };
  return [row, ...caused.flatMap((cause) => rowsOf(cause, time, depth + 1))];
}

/** When the last of what is erased was: an erasure is published as an event about it. */
async function erasedAt(cloud: Cloud, merchantId: string, { flows }: Trace): Promise<string | null> {
  const all = flows.flatMap(({ events }) => events.flatMap((cause) => rowsOf(cause, '', 0)));
  const subjects = new Set(all.filter(({ isErased }) => isErased).map(({ subject }) => rootOf(subject)));
  const erasures = await eventsBy(cloud, merchantId, { type: auditSubjectErased.type });
  const times = erasures.flatMap(({ data, time }) => {
    const { dataSubject } = Object(data) as { dataSubject?: string };
    return dataSubject !== undefined && subjects.has(rootOf(dataSubject)) ? [time] : [];
  });
  return times.sort().at(-1) ?? null;
}

/** What the ids of a payment and its documents have in common. */
const rootOf = (subject: string): string => subject.slice(subject.indexOf('_') + 1);
