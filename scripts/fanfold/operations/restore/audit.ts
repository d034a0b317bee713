import { catalog } from '@fanfold/contracts/catalog';
import { misfitsOf, type OpenEvents, openEventsOf } from '../../aws/auditLog.ts';
import { type Cloud, invoke, longestMs, messagesIn } from '../../aws/cloud.ts';
import { queueOf } from '../../aws/places.ts';
import { commandFor } from '../../commandFor.ts';
import { CommandError } from '../../errors.ts';
import { republishEvents } from '../republish.ts';
import { republishing } from '../republishing.ts';
import { requireStarted, requireStopped } from '../triggers.ts';
import { shown } from './comparison.ts';
import type { Restoration, RestorePlan, RestoreProof, RestoreRun } from './restoration.ts';

/** What audit's function answers about its log. */
type LogState = {
  size: number;
  published: number;
  /** How many entries the table and the published log have in common. */
  fitting: number;
  from: string | null;
  to: string | null;
  isForked: boolean;
};

/**
 * Brings the log's table back. First entries and head, from the published bundles, while nothing runs that writes to it. When
 * that is done and the stage runs again, the events of these entries: payments and billing publish them again from their
 * tables, and audit's consumer adds each to its entry.
 */
export const auditRestoration: Restoration = {
  async plan(cloud, run) {
    const [log, { erasures }] = await Promise.all([stateOf(cloud), erasuresOf(cloud, true)]);
    if (erasures > 0 || log.size < log.published || log.fitting < log.size || log.isForked) {
      if (!run.isDry) await requireStopped(cloud, ['audit']);
      return planOfEntries(cloud, { ...log, erasures }, run);
    }
    const open = await openEventsOf(cloud);
    const days = republishedDays(open);
    if (days.length > 0 && !run.isDry) await requireStarted(cloud, ['audit', ...republishing]);
    return planOfEvents(cloud, log, { open, days }, run);
  },
  prove,
};

/** @throws CommandError when there is nothing to restore the log from, or the bucket is not this log's */
const stateOf = (cloud: Cloud): Promise<LogState> => ask<LogState>(cloud, { restore: 'plan' });

/** @throws CommandError when the log does not allow it; says why */
async function ask<Answer>(cloud: Cloud, request: object): Promise<Answer> {
  const answer = (await invoke(cloud, 'audit', 'restore', request, longestMs)) as Answer & {
    misfit?: string;
  };
  if (answer.misfit === undefined) return answer;
  throw new CommandError(
    `Nothing was written: the log cannot be restored from what is published of it. ${answer.misfit}.`,
    'What to do is in docs/audit-log.md, "The log does not fit".',
  );
}

/** How many erasures a table has forgotten, or, if it is no dry run, were made again. */
const erasuresOf = (cloud: Cloud, dryRun: boolean): Promise<{ erasures: number }> =>
  ask(cloud, { restore: 'erasures', dryRun });

function planOfEntries(cloud: Cloud, log: LogState & { erasures: number }, run: RestoreRun): RestorePlan {
  const { size, published, fitting, from, to, erasures } = log;
  const missing = published - fitting;
  const other = Math.max(0, size - fitting);
  return {
    toWrite: missing + other + erasures + 1,
    lines: [
      `The published log has ${counted(published, 'entry')}; the table has ${number(size)}, of which the first ${number(fitting)} are the same.`,
      ...(missing === 0
        ? []
        : [`To be written from the bundles: ${counted(missing, 'entry')}, recorded from ${from} to ${to}.`]),
      ...(other === 0
        ? []
        : [
            `${counted(other, 'entry')} of the table ${other === 1 ? 'was' : 'were'} never published, at positions of others: to be recorded again, behind all.`,
          ]),
      ...(erasures === 0
        ? []
        : [
            `To be made again, because tables have forgotten them: ${number(erasures)} erasures, with their keys.`,
          ]),
    ],
    details: log,
    async write() {
      await erasuresOf(cloud, false);
      await run.step('writing entries', missing, async (advance) => {
        for (let written = 0; ; ) {
          run.signal.throwIfAborted();
          const state = await ask<{ size: number; published: number }>(cloud, { restore: 'entries' });
          advance(state.size - fitting - written);
          written = state.size - fitting;
          if (state.size >= state.published) return;
        }
      });
      await run.step('looking for events at the positions of others', undefined, async (advance) => {
        for (let after: unknown; ; ) {
          run.signal.throwIfAborted();
          const request = { restore: 'moved', ...(after !== undefined && { after }) };
          const { moved, next } = await ask<{ moved: number; next?: unknown }>(cloud, request);
          advance(moved);
          if (next === undefined) return;
          after = next;
        }
      });
    },
  };
}

type Openings = { open: OpenEvents; days: string[] };

function planOfEvents(cloud: Cloud, log: LogState, { open, days }: Openings, run: RestoreRun): RestorePlan {
  return {
    toWrite: days.length === 0 ? 0 : open.count,
    lines: [
      `The table has the ${number(log.size)} entries of the log, as they are published.`,
      ...(open.count === 0 ? ['Each has its event.'] : aboutOpen(open)),
      ...(days.length === 0
        ? []
        : [
            `To be published again, by ${republishing.join(' and ')} from their tables: the events of ${days[0]} to ${days.at(-1)}.`,
          ]),
    ],
    details: { ...log, open },
    async write() {
      await run.step('publishing days again', days.length, async (advance) => {
        for (const date of days) {
          run.signal.throwIfAborted();
          for await (const _ of republishEvents(cloud, { date }));
          advance(1);
        }
      });
      const coming = comingBack(open);
      const what = `waiting for events, up to ${patienceMs / 1000} s for the next one`;
      await run.step(what, coming, (advance) => arrivalOf(cloud, coming, { advance, pause: run.pause }));
    },
  };
}

const pollMs = 2000;
/**
 * Longer than streams, queues and audit's window take, when nothing fails, and than a message is hidden that came before audit
 * knew that its table is whole (`packages/runtime/src/failure.ts`).
 */
const patienceMs = 90_000;

/** Until each entry has its event that a publisher's table may have, or no more have come, or can come, for a while. */
async function arrivalOf(
  cloud: Cloud,
  count: number,
  { advance, pause }: { advance: (count: number) => void; pause: RestoreRun['pause'] },
): Promise<void> {
  let [left, lastAt, emptySince] = [count, Date.now(), Date.now()];
  while (left > 0 && Date.now() - lastAt < patienceMs && Date.now() - emptySince < cloud.quietMs) {
    await pause(pollMs);
    // Looked up before the entries: what was in it may be in one of them then.
    const waiting = await messagesIn(cloud, queueOf(cloud.stage, 'audit'));
    const now = comingBack(await openEventsOf(cloud));
    if (waiting > 0) emptySince = Date.now();
    if (now === left) continue;
    advance(left - now);
    [left, lastAt, emptySince] = [now, Date.now(), Date.now()];
  }
}

async function prove(cloud: Cloud): Promise<RestoreProof> {
  // Looked up before the entries: what comes meanwhile is in one of them.
  const waiting = await messagesIn(cloud, queueOf(cloud.stage, 'audit'));
  const [log, misfits, open] = await Promise.all([stateOf(cloud), misfitsOf(cloud), openEventsOf(cloud)]);
  const isWhole = misfits.length === 0 && log.size >= log.published && !log.isForked;
  return {
    isWhole: isWhole && open.count === 0,
    holds: isWhole && open.count === 0,
    lines: [
      ...(isWhole
        ? [
            `The ${number(log.size)} entries and the head make the tree of the published log of ${number(log.published)}, and it continues what the witness cosigned last.`,
          ]
        : ['The log is not whole:', ...misfits.map((misfit) => `  ${misfit}`)]),
      ...(open.count === 0
        ? ['Each entry has its event.']
        : [
            ...aboutOpen(open),
            ...(waiting === 0
              ? []
              : [
                  `They need not be lost: ${number(waiting)} ${waiting === 1 ? 'message waits' : 'messages wait'} in audit's queue, and may have them. ` +
                    `While audit runs, each is received within twenty minutes. Then run ${commandFor(cloud, 'restore audit')} again.`,
                ]),
            ...(republishedDays(open).length === 0
              ? []
              : [
                  `Those of ${republishing.join(' and ')} come back from their tables: restore these first if they were put back too, start the stage ` +
                    `(${commandFor(cloud, 'stage start')}), and run ${commandFor(cloud, 'restore audit')} again. What is neither there nor in a queue is lost.`,
                ]),
          ]),
    ],
    details: { ...log, misfits, open, waiting },
  };
}

function aboutOpen({ count, days, entries }: OpenEvents): string[] {
  const types = typesOf(days);
  const lost = Object.keys(types).filter((type) => !isRepublished(type));
  return [
    `${counted(count, 'entry')} ${count === 1 ? 'has' : 'have'} no event, of ${Object.keys(days).sort().join(', ')}:`,
    ...Object.entries(types).map(([type, each]) => `  ${number(each)} of ${type}`),
    count > shown
      ? `The first ${shown} of them in the log, by time (--json has ${number(entries.length)}):`
      : 'In the log:',
    ...entries.slice(0, shown).map(({ position, type, time }) => `  at ${position}: ${type} of ${time}`),
    ...(lost.length === 0
      ? []
      : [
          `No table has ${lost.join(', ')}: unless their messages still wait, what these were about is lost, and their entries show when they were recorded.`,
        ]),
  ];
}

/** How many of them a publisher's table may have. */
export const comingBack = ({ days }: OpenEvents): number =>
  Object.entries(typesOf(days)).reduce((sum, [type, count]) => sum + (isRepublished(type) ? count : 0), 0);

function typesOf(days: OpenEvents['days']): Record<string, number> {
  const types: Record<string, number> = {};
  for (const day of Object.values(days)) {
    for (const [type, each] of Object.entries(day)) types[type] = (types[type] ?? 0) + each;
  }
  return types;
}

/** Whether a publisher's table has events of this type. */
export const isRepublished = (type: string): boolean =>
  republishing.some((service) => catalog[type as keyof typeof catalog]?.source === `/${service}`);

/**
 * The days to publish again, from the first to the last. The closing of a day is published on the day after, and published
 * again with the events of its own day.
 */
function republishedDays({ days }: OpenEvents): string[] {
  const dates = Object.entries(days)
    .filter(([, types]) => Object.keys(types).some(isRepublished))
    .map(([date]) => date)
    .sort();
  const [first] = dates;
  const last = dates.at(-1);
  if (first === undefined || last === undefined) return [];
  const all: string[] = [];
  for (let at = Date.parse(first) - dayMs; at <= Date.parse(last); at += dayMs) {
    all.push(new Date(at).toISOString().slice(0, 10));
  }
  return all;
}

const dayMs = 86_400_000;

const number = (value: number): string => value.toLocaleString('en-US');

const counted = (count: number, what: 'entry'): string =>
  `${number(count)} ${count === 1 ? what : 'entries'}`;
