import { readFile } from 'node:fs/promises';
import { during, startProgress } from '../../progress.ts';
import { type Cloud, cloudOf } from '../aws/cloud.ts';
import { commandFor, type StagePlace, trailOf } from '../commandFor.ts';
import { CommandError, messageOf, UsageError } from '../errors.ts';
import type { DeadLetter } from '../operations/deadLetters/deadLetter.ts';
import {
  type Acted,
  type Action,
  actOnDeadLetters,
  findDeadLetters,
  previewOf,
  requireFound,
} from '../operations/deadLetters/deadLetters.ts';
import { type Group, groupsOf } from '../operations/deadLetters/groups.ts';
import type { Selection } from '../operations/deadLetters/selection.ts';
import { notify, print, printHeading, printJson } from '../terminal.ts';
import { ageOf } from './age.ts';
import { interruption } from './interruption.ts';
import { table } from './table.ts';

type Options = { stage: string; region?: string; json?: true };
type Filters = { queue?: string; cause?: string; type?: string; merchant?: string; all?: true };
type ActionOptions = Options & Filters & { rate: number; dryRun?: true };

/** There may be thousands, which come ten at a time. */
const looking = 'looking at dead letters';

/**
 * `fanfold dlq list`: shows what lies in the dead letters of a stage, by queue and cause.
 *
 * @returns whether there are any, or some of them could not be seen
 */
export async function list({ json, ...place }: Options): Promise<boolean> {
  const cloud = await cloudOf(place);
  const { deadLetters, heldByOthers, unseen } = await during(looking, () =>
    findDeadLetters(cloud, {}, interruption()),
  );
  const groups = groupsOf(deadLetters);
  if (json) {
    printJson({ stage: cloud.stage, groups, heldByOthers });
  } else {
    if (groups.length > 0) printGroups(groups);
    else if (unseen.length === 0) print(noDeadLetters(cloud));
    if (unseen.length > 0) notify(...unseen);
  }
  return groups.length > 0 || unseen.length > 0;
}

function printGroups(groups: Group[]): void {
  const now = new Date();
  const [heading = '', ...rows] = table([
    ['count', 'oldest', 'queue', 'cause', 'types', 'for example'],
    ...groups.map(({ count, oldest, queue, cause, isAside, types, examples }) => [
      count.toLocaleString('en-US'),
      ageOf(oldest, now),
      queue,
      isAside ? `${cause}, put aside` : cause,
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
 * `fanfold dlq show`: shows all there is to know of dead letters, but their bodies only if that is asked for.
 *
 * @throws when there are none such
 */
export async function show(
  ids: string[],
  { json, body, ...options }: Options & Filters & { body?: true },
): Promise<void> {
  const selection = selectionOf(ids, options);
  const cloud = await cloudOf(options);
  const found = await during(looking, () => findDeadLetters(cloud, selection, interruption()));
  requireFound(found, selection, cloud);
  const { deadLetters } = found;
  if (json) {
    const shown = deadLetters.map(({ place, body: text, attributes: _, ...rest }) => ({
      queue: place.name,
      service: place.service,
      ...rest,
      ...(body && { body: text }),
    }));
    printJson({ stage: cloud.stage, deadLetters: shown });
  } else if (deadLetters.length === 0) {
    print(noDeadLetters(cloud));
  } else {
    for (const deadLetter of deadLetters) printDeadLetter(deadLetter, body);
  }
}

function printDeadLetter(deadLetter: DeadLetter, withBody?: true): void {
  const { place, cause, detail, since, aside, sourceMessageId, id, type, subject, merchantId, body } =
    deadLetter;
  printHeading(deadLetter.messageId);
  const rows: [string, string | null][] = [
    ['queue', place.name],
    ['cause', detail === null ? cause : `${cause}: ${detail}`],
    ['since', `${since} (${ageOf(since, new Date())})`],
    ['put aside', aside && `${aside.reason} (at ${aside.since})`],
    ['in its log', sourceMessageId],
    ['event', id],
    ['type', type],
    ['subject', subject],
    ['merchant', merchantId],
    ['body', withBody ? body : null],
  ];
  print(...rows.flatMap(([name, value]) => (value === null ? [] : `  ${name.padEnd(11)}${value}`)));
}

/**
 * `fanfold dlq redrive`: sends dead letters to their consumer again.
 *
 * @throws when not all of it could be done
 */
export const redrive = (ids: string[], options: ActionOptions): Promise<void> =>
  act({ verb: 'redrive' }, selectionOf(ids, options), options);

/**
 * `fanfold dlq discard`: deletes dead letters for good.
 *
 * @throws when not all of it could be done
 */
export const discard = (
  ids: string[],
  { reason, ...options }: ActionOptions & { reason: string },
): Promise<void> => act({ verb: 'discard', reason }, selectionOf(ids, options), options);

/**
 * `fanfold dlq edit`: sends one dead letter to its consumer with the body that a file has.
 *
 * @throws when the file cannot be read, or its body is none that may be sent instead
 */
export async function edit(
  id: string,
  { file, reason, ...options }: Options & { file: string; reason: string; dryRun?: true },
): Promise<void> {
  const body = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UsageError(`${file} cannot be read: ${error.message}`);
  });
  await act({ verb: 'edit', body, reason }, { ids: [id] }, { ...options, rate: 1 });
}

/**
 * `fanfold dlq put-aside`: leaves dead letters where they are, out of the way of commands that do not name their ids.
 *
 * @throws when not all of it could be done
 */
export const putAside = (
  ids: string[],
  { reason, ...options }: ActionOptions & { reason: string },
): Promise<void> => act({ verb: 'put-aside', reason }, selectionOf(ids, options), options);

/**
 * `fanfold dlq restore`: puts dead letters back among the others.
 *
 * @throws when not all of it could be done
 */
export const restore = (ids: string[], options: ActionOptions): Promise<void> =>
  act({ verb: 'restore' }, selectionOf(ids, options), options);

/** What is said of what was done, and while it is. */
const said: Record<Action['verb'], { done: string; doing: string }> = {
  redrive: { done: 'redriven', doing: 'redriving' },
  discard: { done: 'discarded', doing: 'discarding' },
  edit: { done: 'sent with another body', doing: 'sending' },
  'put-aside': { done: 'put aside', doing: 'putting aside' },
  restore: { done: 'restored', doing: 'restoring' },
};

async function act(action: Action, selection: Selection, options: ActionOptions): Promise<void> {
  const { done } = said[action.verb];
  const signal = interruption();
  const cloud = await cloudOf(options);
  if (options.dryRun) {
    const deadLetters = await during(looking, () => previewOf(cloud, action, selection, signal));
    if (options.json) {
      const messages = deadLetters.map(({ messageId }) => messageId);
      printJson({ stage: cloud.stage, dryRun: true, messages });
    } else if (deadLetters.length === 0) {
      print(noDeadLetters(cloud));
    } else {
      printGroups(groupsOf(deadLetters));
      print(`Would be ${done}: ${deadLetters.length}.`);
    }
    return;
  }

  const { acted, stopped } = await runToItsEnd(cloud, action, selection, { rate: options.rate, signal });
  const { operationId, total, failed, unseen } = acted;
  if (options.json) {
    printJson({
      stage: cloud.stage,
      ...(operationId !== null && { operationId }),
      done: acted.done,
      failed,
    });
  } else if (operationId === null) {
    print(noDeadLetters(cloud));
  } else {
    print(`${acted.done.length} of ${total} ${done}. ${trailOf(cloud, operationId)}`);
  }
  const problems = [
    ...failed.map(({ messageId, why }) => `${messageId} is not ${done}: ${why}`),
    ...(stopped ? [`${messageOf(stopped)}. The others are where they were: run the command again.`] : []),
    ...unseen,
  ];
  if (problems.length > 0) throw new CommandError(...problems);
}

/** @throws when nothing was done */
async function runToItsEnd(
  cloud: Cloud,
  action: Action,
  selection: Selection,
  { rate, signal }: { rate: number; signal: AbortSignal },
): Promise<{ acted: Acted; stopped?: unknown }> {
  let acted: Acted | undefined;
  let progress = startProgress(looking);
  try {
    for await (const step of actOnDeadLetters(cloud, action, selection, { ratePerSecond: rate, signal })) {
      const { operationId, total, done, failed } = step;
      if (!acted && operationId !== null) {
        progress.end();
        progress = startProgress(`${said[action.verb].doing} dead letters`, total);
      }
      acted = step;
      progress.set(done.length + failed.length);
      if (failed.length > 0) progress.note(`${failed.length} failed`);
    }
  } catch (stopped) {
    if (acted) return { acted, stopped };
    throw stopped;
  } finally {
    progress.end();
  }
  return { acted: acted as Acted };
}

/** @throws UsageError when nothing is chosen, or in two ways */
function selectionOf(
  ids: string[],
  { queue, cause, type, merchant, all, ...place }: Filters & StagePlace,
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
      'Choose the dead letters: either ids, or some of --queue, --cause, --type and --merchant, or --all. ' +
        `${commandFor(place, 'dlq list')} shows what there is.`,
    );
  }
  return ids.length > 0 ? { ids } : filters;
}

const noDeadLetters = ({ stage }: Cloud): string => `There are no dead letters in ${stage}.`;
