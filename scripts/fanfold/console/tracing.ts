import type { Answers, Asked, TracedEvent } from '@fanfold/console/api';
import { Refused } from '@fanfold/console/server';
import { auditSubjectErased } from '@fanfold/contracts/audit';
import { ownerOf } from '@fanfold/contracts/event';
import { eventsBy } from '../aws/auditLog.ts';
import { type Cloud, cloudOf } from '../aws/cloud.ts';
import type { StagePlace } from '../commandFor.ts';
import { localMerchant } from '../commands/arguments.ts';
import { CommandError } from '../errors.ts';
import type { DeadLetter } from '../operations/deadLetters/deadLetter.ts';
import { findDeadLetters } from '../operations/deadLetters/deadLetters.ts';
import type { Cause } from '../operations/flow.ts';
import { type Trace, traceOf } from '../operations/trace.ts';

/** SQS names its messages so. */
const messageId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The flows of anything that has an id or a number, as `fanfold trace` finds them, and of the event of a dead letter.
 *
 * @throws Refused for a stage in AWS without a merchant
 * @throws CommandError when nothing is recorded of it
 */
export async function traced(place: StagePlace, { id, merchant }: Asked<'trace'>): Promise<Answers['trace']> {
  const cloud = await cloudOf(place);
  const deadLetter = messageId.test(id) ? await deadLetterOf(cloud, id) : undefined;
  if (deadLetter) return tracedDeadLetter(cloud, deadLetter);
  const merchantId = ownerOf(id) ?? merchantOf(place, merchant);
  return { deadLetter: null, ...(await shownOf(cloud, merchantId, await traceOf(cloud, id, merchantId))) };
}

async function deadLetterOf(cloud: Cloud, id: string): Promise<DeadLetter | undefined> {
  const { deadLetters } = await findDeadLetters(cloud, { ids: [id] }, new AbortController().signal);
  return deadLetters[0];
}

/** The flow of its event, if it is one and audit has it: audit may be what could not handle it. */
async function tracedDeadLetter(cloud: Cloud, deadLetter: DeadLetter): Promise<Answers['trace']> {
  const { place, messageId, cause, detail, since, id, merchantId } = deadLetter;
  const shown = { messageId, queue: place.name, cause, detail, since, event: id };
  const trace = id && merchantId ? await maybeTrace(cloud, id, merchantId) : undefined;
  if (!trace || !merchantId) return { deadLetter: shown, isErased: false, erasedAt: null, flows: [] };
  return { deadLetter: shown, ...(await shownOf(cloud, merchantId, trace)) };
}

const maybeTrace = (cloud: Cloud, id: string, merchantId: string): Promise<Trace | undefined> =>
  traceOf(cloud, id, merchantId).catch((error: unknown) => {
    if (error instanceof CommandError) return undefined;
    throw error;
  });

const shownOf = async (cloud: Cloud, merchantId: string, trace: Trace) => ({
  isErased: trace.isErased,
  erasedAt: trace.isErased ? await erasedAt(cloud, merchantId, trace) : null,
  flows: trace.flows.map(({ correlationId, startedAt, events }) => ({
    correlationId,
    startedAt,
    events: events.flatMap((cause) => rowsOf(cause, startedAt, 0)),
  })),
});

/**
 * Whose objects are meant; empty is the one of a laptop.
 *
 * @throws Refused for a stage in AWS without a merchant: there is none that everybody means
 */
export function merchantOf({ stage }: StagePlace, merchant: string): string {
  if (merchant !== '') return merchant;
  if (stage === 'local') return localMerchant;
  throw new Refused('Write the id of the merchant too: only on a laptop there is one by default.', 400);
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
