import type { Cloud } from '../../aws/cloud.ts';
import { batchesOf, pace } from '../../aws/sending.ts';
import { commandFor } from '../../commandFor.ts';
import { CommandError, UsageError } from '../../errors.ts';
import { aboutUnknownType } from '../eventTypes.ts';
import { order } from '../order.ts';
import type { DeadLetter } from './deadLetter.ts';
import { type Edit, editedEvent, eventOfEdit } from './edit.ts';
import type { Failures, OpenedPlace } from './openedPlace.ts';
import { openPlaces } from './openPlaces.ts';
import { redrivenAttributes } from './redrivenAttributes.ts';
import { hasId, isAll, isSelected, type Selection } from './selection.ts';

/** What was found of a selection. */
export type Found = {
  deadLetters: DeadLetter[];
  /** How many dead letters of a queue somebody else holds, by the name of the queue. */
  heldByOthers: Record<string, number>;
  /** What could not be looked at, and when it can be, in sentences. */
  unseen: string[];
};

/**
 * Looks for dead letters. They are held only for so long.
 *
 * @throws UsageError when there is no such queue
 */
export const findDeadLetters = (cloud: Cloud, selection: Selection, signal: AbortSignal): Promise<Found> =>
  withDeadLetters(cloud, selection, signal, async (found) => foundOf(found));

/**
 * @throws UsageError when there is no such type of event
 * @throws when there is none that was asked for, or one may be where nobody can look now. Of all, there may be none
 */
export function requireFound({ deadLetters, unseen }: Found, selection: Selection, cloud: Cloud): void {
  const { ids, type, asSeen } = selection;
  if (deadLetters.length > 0 && asSeen) return;
  const missing = ids?.filter((id) => !deadLetters.some((each) => hasId(each, id))) ?? [];
  if (deadLetters.length > 0 && missing.length === 0) return;
  if (asSeen) {
    throw new CommandError(
      'Nothing was done: none of these dead letters is there any more. They were moved meanwhile, or somebody looks at them. Look again.',
      ...unseen,
    );
  }
  if (isAll(selection) && unseen.length === 0) return;
  const what =
    missing.length > 0
      ? `No dead letter has the id ${missing.join(', ')}`
      : 'No dead letter matches all of the options';
  const unknown = aboutUnknownType(type);
  const lines = [`${what}. See ${commandFor(cloud, 'dlq list')}.`, ...unknown, ...unseen];
  throw unknown.length > 0 && unseen.length === 0 ? new UsageError(...lines) : new CommandError(...lines);
}

/**
 * What can be done with dead letters: for good, or for the time being. What is put aside is left alone unless it is named by
 * its id.
 */
export type Action =
  | { verb: 'redrive' }
  | { verb: 'discard'; reason: string }
  | Edit
  | { verb: 'put-aside'; reason: string }
  | { verb: 'restore' };

/** Whether an action is meant for a dead letter that its selection has. */
function isMeant({ verb }: Action, { ids }: Selection, { aside }: DeadLetter): boolean {
  if (verb === 'restore') return aside !== null;
  return aside === null || (verb !== 'put-aside' && ids !== undefined);
}

/**
 * The dead letters that an action would be done with.
 *
 * @throws when there is none that was asked for, or it could not be done with them
 */
export const previewOf = (
  cloud: Cloud,
  action: Action,
  selection: Selection,
  signal: AbortSignal,
): Promise<DeadLetter[]> =>
  withDeadLetters(cloud, selection, signal, async (opened) => {
    const held = heldFor(action, selection, opened);
    requireFound(foundOf(held), selection, cloud);
    await actorsOf(action, held);
    return held.deadLetters;
  });

/** How far an action is: one object for the whole of it. */
export type Acted = {
  /** Null when there was nothing to do, so that nothing was ordered. */
  operationId: string | null;
  total: number;
  /** The messages that it was done with. */
  done: string[];
  failed: { messageId: string; why: string }[];
  /** What could not be looked at although all that fits was meant, in sentences. */
  unseen: string[];
};

/**
 * Redrives dead letters, which is to give them to whom they were meant for, as they are or edited; discards them; or puts them aside
 * and restores them. Each is sent before it is
 * deleted: wherever this ends, nothing is lost, and what is sent twice changes nothing, because consumers know what they
 * have handled. Tells how far it is after it was ordered and after each batch.
 *
 * @param ratePerSecond how many at most
 * @throws when there is none that was asked for, it could not be ordered, or was interrupted. What it was not done with is
 * where it was
 */
export async function* actOnDeadLetters(
  cloud: Cloud,
  action: Action,
  selection: Selection,
  { ratePerSecond, signal }: { ratePerSecond: number; signal: AbortSignal },
): AsyncGenerator<Acted> {
  const held = heldFor(action, selection, await hold(cloud, selection, signal));
  try {
    const found = foundOf(held);
    requireFound(found, selection, cloud);
    const { deadLetters } = held;
    const actors = await actorsOf(action, held);
    const acted: Acted = {
      operationId: deadLetters.length === 0 ? null : await orderOf(cloud, action, selection, deadLetters),
      total: deadLetters.length,
      done: [],
      failed: [],
      unseen: selection.ids ? [] : found.unseen,
    };
    yield acted;
    const turn = pace(ratePerSecond, signal);
    for (const [chosen, act] of actors) {
      for (const batch of batches(chosen, acted.operationId as string, ratePerSecond)) {
        await turn(batch.length);
        const failures = await act(batch, acted.operationId as string);
        for (const [{ messageId }, why] of failures) acted.failed.push({ messageId, why });
        for (const each of batch) if (!failures.has(each)) acted.done.push(each.messageId);
        yield acted;
      }
    }
  } finally {
    await release(held);
  }
}

const heldFor = (action: Action, selection: Selection, { places, deadLetters }: Held): Held => ({
  places,
  deadLetters: deadLetters.filter((each) => isMeant(action, selection, each)),
});

function orderOf(
  cloud: Cloud,
  action: Action,
  selection: Selection,
  deadLetters: DeadLetter[],
): Promise<string> {
  const { ids: _, asSeen: __, ...chosenBy } = selection;
  const reason = 'reason' in action ? action.reason : null;
  return order(
    cloud,
    {
      command: `dlq ${action.verb}`,
      reason,
      filters: { ...chosenBy, ...(isAll(selection) && { all: 'true' }) },
      messages: deadLetters.map(({ messageId, id }) => ({ messageId, eventId: id })),
    },
    (facts) =>
      action.verb === 'edit'
        ? deadLetters.map((each) => eventOfEdit(each, editedEvent(each, action.body), action.reason, facts))
        : [],
  );
}

type Act = (deadLetters: DeadLetter[], operationId: string) => Promise<Failures>;

/** What does it at each place, with the dead letters there. */
async function actorsOf(action: Action, { places, deadLetters }: Held): Promise<[DeadLetter[], Act][]> {
  if (action.verb === 'edit' && deadLetters.length > 1) {
    throw new CommandError(
      `Nothing was done: one dead letter is edited at a time, and this id means ${deadLetters.length}.`,
    );
  }
  const actors: [DeadLetter[], Act][] = [];
  for (const opened of places) {
    const chosen = deadLetters.filter((each) => each.place === opened.place);
    if (chosen.length === 0) continue;
    actors.push([chosen, await actorAt(opened, action, chosen)]);
  }
  return actors;
}

async function actorAt(opened: OpenedPlace, action: Action, [first]: DeadLetter[]): Promise<Act> {
  switch (action.verb) {
    case 'redrive':
      return opened.redriver();
    case 'edit':
      return opened.redriver(editedEvent(first as DeadLetter, action.body));
    case 'discard':
      return opened.discard;
    case 'put-aside':
      return (deadLetters) => opened.putAside(deadLetters, action.reason);
    case 'restore':
      return (deadLetters) => opened.putAside(deadLetters, null);
  }
}

/** What one call takes of them, as they are sent, and one second. */
function batches(deadLetters: DeadLetter[], operationId: string, perSecond: number): DeadLetter[][] {
  const outgoing = deadLetters.map((deadLetter) => ({
    deadLetter,
    body: deadLetter.body,
    attributes: redrivenAttributes(deadLetter, operationId),
  }));
  return batchesOf(outgoing, perSecond).map((batch) => batch.map(({ deadLetter }) => deadLetter));
}

/** Dead letters that nobody else receives until they are released. */
type Held = {
  places: OpenedPlace[];
  /** Those that are selected. */
  deadLetters: DeadLetter[];
};

async function hold(cloud: Cloud, selection: Selection, signal: AbortSignal): Promise<Held> {
  const places = await openPlaces(cloud, selection, signal);
  const deadLetters = places
    .flatMap((opened) => opened.deadLetters)
    .filter((deadLetter) => isSelected(deadLetter, selection));
  return { places, deadLetters };
}

const release = ({ places }: Held) => Promise.all(places.map((opened) => opened.release()));

async function withDeadLetters<Result>(
  cloud: Cloud,
  selection: Selection,
  signal: AbortSignal,
  work: (held: Held) => Promise<Result>,
): Promise<Result> {
  const held = await hold(cloud, selection, signal);
  try {
    return await work(held);
  } finally {
    await release(held);
  }
}

const foundOf = ({ places, deadLetters }: Held): Found => ({
  deadLetters,
  heldByOthers: Object.fromEntries(
    places.flatMap(({ place, heldByOthers }) => (heldByOthers > 0 ? [[place.name, heldByOthers]] : [])),
  ),
  unseen: places.flatMap(unseenAt),
});

/** What of a place could not be looked at, and when it can be. */
function unseenAt({ place, heldByOthers, hasMore }: OpenedPlace): string[] {
  return [
    ...(heldByOthers > 0
      ? [
          `${heldByOthers} more at ${place.name} are out of sight: somebody else looks at them, or an interrupted command did. They come back within 30 s: try again.`,
        ]
      : []),
    ...(hasMore
      ? [
          `${place.name} has more than can be read at once. Redrive or discard those that are shown, and the next ones come.`,
        ]
      : []),
  ];
}
