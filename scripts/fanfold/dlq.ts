import { aboutUnknownType, CommandError, commandFor, UsageError } from './arguments.ts';
import { cloudOf } from './cloud.ts';
import {
  ageOf,
  type DeadLetter,
  type Group,
  groupsOf,
  hasId,
  isSelected,
  redrivenAttributes,
  type Selection,
} from './deadLetters.ts';
import { table } from './flow.ts';
import { type Failures, type OpenedPlace, openPlaces } from './openedPlace.ts';
import { order, trailOf } from './operation.ts';
import { batchesOf, interruption, messageOf, pace, progress } from './sending.ts';
import { notify, print, printHeading, printJson } from './terminal.ts';

type Options = { stage: string; json?: true };
type Filters = { queue?: string; cause?: string; type?: string; merchant?: string; all?: true };
type ActionOptions = Options & Filters & { rate: number; dryRun?: true };

/**
 * `fanfold dlq list`: tells what lies in the dead letters of a stage, by queue and cause.
 *
 * @returns whether there are any, or some of them could not be seen
 */
export async function list({ stage, json }: Options): Promise<boolean> {
  return withDeadLetters(stage, {}, async ({ places, deadLetters }) => {
    const unseen = places.flatMap(unseenAt);
    const groups = groupsOf(deadLetters);
    if (json) {
      const heldByOthers = Object.fromEntries(
        places.filter((each) => each.heldByOthers > 0).map((each) => [each.place.name, each.heldByOthers]),
      );
      printJson({ stage, groups, heldByOthers });
    } else {
      if (groups.length > 0) printGroups(groups);
      else if (unseen.length === 0) print(noDeadLetters(stage));
      if (unseen.length > 0) notify(...unseen);
    }
    return groups.length > 0 || unseen.length > 0;
  });
}

function printGroups(groups: Group[]): void {
  const now = new Date();
  const [heading = '', ...rows] = table([
    ['count', 'oldest', 'queue', 'cause', 'types', 'for example'],
    ...groups.map(({ count, oldest, queue, cause, types, examples }) => [
      count.toLocaleString('en-US'),
      ageOf(oldest, now),
      queue,
      cause,
      Object.entries(types)
        .map(([type, n]) => `${type} ${n}`)
        .join(', ') || '-',
      examples.join(' '),
    ]),
  ]);
  printHeading(heading);
  print(...rows);
}

/**
 * `fanfold dlq show`: tells all there is to know of dead letters, but what their bodies say unless that is asked for.
 *
 * @throws when there are none such
 */
export async function show(
  ids: string[],
  { stage, json, body, ...filters }: Options & Filters & { body?: true },
): Promise<void> {
  const selection = selectionOf(ids, filters, stage);
  await withDeadLetters(stage, selection, async ({ places, deadLetters }) => {
    if (filters.all && areNone(deadLetters, places)) {
      if (json) printJson({ stage, deadLetters: [] });
      else print(noDeadLetters(stage));
      return;
    }
    requireFound(deadLetters, selection, places, stage);
    if (json) {
      const shown = deadLetters.map(({ place, body: text, attributes: _, ...rest }) => ({
        queue: place.name,
        service: place.service,
        ...rest,
        ...(body && { body: text }),
      }));
      printJson({ stage, deadLetters: shown });
      return;
    }
    const now = new Date();
    for (const deadLetter of deadLetters) {
      const { place, cause, detail, since, sourceMessageId, id, type, subject, merchantId } = deadLetter;
      printHeading(deadLetter.messageId);
      const rows: [string, string | null][] = [
        ['queue', place.name],
        ['cause', detail === null ? cause : `${cause}: ${detail}`],
        ['since', `${since} (${ageOf(since, now)})`],
        ['in its log', sourceMessageId],
        ['event', id],
        ['type', type],
        ['subject', subject],
        ['merchant', merchantId],
        ['body', body ? deadLetter.body : null],
      ];
      print(...rows.flatMap(([name, value]) => (value === null ? [] : `  ${name.padEnd(11)}${value}`)));
    }
  });
}

/**
 * `fanfold dlq redrive`: gives dead letters to whom they were meant for. Each is sent before it is taken away: wherever
 * this ends, nothing is lost, and what is sent twice changes nothing, because consumers know what they have done.
 *
 * @throws when not all of it could be done
 */
export const redrive = (ids: string[], options: ActionOptions): Promise<void> =>
  act('redrive', selectionOf(ids, options, options.stage), options, null, (opened) => opened.redriver());

/**
 * `fanfold dlq discard`: takes dead letters away for good.
 *
 * @throws when not all of it could be done
 */
export const discard = (ids: string[], options: ActionOptions & { reason: string }): Promise<void> =>
  act(
    'discard',
    selectionOf(ids, options, options.stage),
    options,
    options.reason,
    async (opened) => opened.discard,
  );

type Act = (deadLetters: DeadLetter[], operationId: string) => Promise<Failures>;

async function act(
  verb: 'redrive' | 'discard',
  selection: Selection,
  { stage, rate, dryRun, json, all }: ActionOptions,
  reason: string | null,
  actorOf: (opened: OpenedPlace) => Promise<Act>,
): Promise<void> {
  await withDeadLetters(stage, selection, async ({ cloud, places, deadLetters, signal }) => {
    if (all && areNone(deadLetters, places)) {
      if (json) printJson({ stage, done: [], failed: [] });
      else print(noDeadLetters(stage));
      return;
    }
    requireFound(deadLetters, selection, places, stage);
    const chosenAt = ({ place }: OpenedPlace) => deadLetters.filter((each) => each.place === place);
    const actors: [DeadLetter[], Act][] = [];
    for (const opened of places) {
      if (chosenAt(opened).length > 0) actors.push([chosenAt(opened), await actorOf(opened)]);
    }
    const done = verb === 'redrive' ? 'redriven' : 'discarded';
    if (dryRun) {
      if (json) {
        printJson({ stage, dryRun: true, messages: deadLetters.map(({ messageId }) => messageId) });
      } else {
        printGroups(groupsOf(deadLetters));
        print(`Would be ${done}: ${deadLetters.length}.`);
      }
      return;
    }

    const { ids: _, ...chosenBy } = selection;
    const operationId = await order(cloud, {
      command: `dlq ${verb}`,
      reason,
      filters: { ...chosenBy, ...(all && { all: 'true' }) },
      messages: deadLetters.map(({ messageId, id }) => ({ messageId, eventId: id })),
    });
    const ended: string[] = [];
    const failures: Failures = new Map();
    let stopped: unknown;
    try {
      const turn = pace(rate, signal);
      const report = progress();
      for (const [chosen, actOn] of actors) {
        for (const batch of batches(chosen, operationId, rate)) {
          await turn(batch.length);
          const failed = await actOn(batch, operationId);
          for (const [deadLetter, why] of failed) failures.set(deadLetter, why);
          ended.push(...batch.filter((each) => !failed.has(each)).map(({ messageId }) => messageId));
          report(`${ended.length} of ${deadLetters.length} ${done}`);
        }
      }
    } catch (error) {
      stopped = error;
    }
    const failed = [...failures].map(([{ messageId }, why]) => ({ messageId, why }));
    if (json) printJson({ stage, operationId, done: ended, failed });
    else print(`${ended.length} of ${deadLetters.length} ${done}. ${trailOf(stage, operationId)}`);
    const problems = [
      ...failed.map(({ messageId, why }) => `${messageId} is not ${done}: ${why}`),
      ...(stopped
        ? [`${messageOf(stopped)}. What is not ${done} is where it was: run the command again.`]
        : []),
      ...(selection.ids ? [] : places.flatMap(unseenAt)),
    ];
    if (problems.length > 0) throw new CommandError(...problems);
  });
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

type Work = {
  cloud: Awaited<ReturnType<typeof cloudOf>>;
  places: OpenedPlace[];
  /** Those that are selected. */
  deadLetters: DeadLetter[];
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
};

/** Does something with dead letters while they are held, and then releases what is left. */
async function withDeadLetters<Result>(
  stage: string,
  selection: Selection,
  work: (found: Work) => Promise<Result>,
): Promise<Result> {
  const signal = interruption();
  const cloud = await cloudOf(stage);
  const places = await openPlaces(cloud, selection, signal);
  try {
    const deadLetters = places
      .flatMap((opened) => opened.deadLetters)
      .filter((deadLetter) => isSelected(deadLetter, selection));
    return await work({ cloud, places, deadLetters, signal });
  } finally {
    await Promise.all(places.map((opened) => opened.release()));
  }
}

/** @throws UsageError when nothing is chosen, or in two ways */
function selectionOf(
  ids: string[],
  { queue, cause, type, merchant, all }: Filters,
  stage: string,
): Selection {
  const filters = {
    ...(queue && { queue }),
    ...(cause && { cause }),
    ...(type && { type }),
    ...(merchant && { merchant }),
  };
  const ways = [
    ...(ids.length > 0 ? ['ids'] : []),
    ...(all ? ['--all'] : []),
    ...(Object.keys(filters).length > 0
      ? [
          Object.keys(filters)
            .map((name) => `--${name}`)
            .join(' and '),
        ]
      : []),
  ];
  if (ways.length > 1) {
    const why = all ? '--all takes every dead letter of the stage' : 'ids name each dead letter';
    throw new UsageError(
      `Give either ${ways.join(' or ')}, not ${ways.length === 2 ? 'both' : 'all'}: ${why}.`,
    );
  }
  if (ways.length === 0) {
    throw new UsageError(
      'Say which dead letters: either ids, or some of --queue, --cause, --type and --merchant, or --all. ' +
        `${commandFor(stage, 'dlq list')} shows what there is.`,
    );
  }
  return ids.length > 0 ? { ids } : filters;
}

/** Whether there are none, and none can be where nobody could look. */
const areNone = (deadLetters: DeadLetter[], places: OpenedPlace[]): boolean =>
  deadLetters.length === 0 && places.every((each) => unseenAt(each).length === 0);

const noDeadLetters = (stage: string): string => `There are no dead letters in ${stage}.`;

/**
 * @throws UsageError when there is no such type of event
 * @throws when there is none that fits, or one may be where nobody can look now
 */
function requireFound(
  deadLetters: DeadLetter[],
  { ids, type }: Selection,
  places: OpenedPlace[],
  stage: string,
): void {
  const missing = ids?.filter((id) => !deadLetters.some((each) => hasId(each, id))) ?? [];
  if (deadLetters.length > 0 && missing.length === 0) return;
  const unseen = places.flatMap(unseenAt);
  const what =
    missing.length > 0
      ? `No dead letter has the id ${missing.join(', ')}`
      : 'No dead letter fits all that was asked for';
  const unknown = aboutUnknownType(type);
  const lines = [`${what}. See ${commandFor(stage, 'dlq list')}.`, ...unknown, ...unseen];
  throw unknown.length > 0 && unseen.length === 0 ? new UsageError(...lines) : new CommandError(...lines);
}

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
          `There are more at ${place.name} than can be looked at at once. Redrive or discard those that are shown, and the next ones come.`,
        ]
      : []),
  ];
}
