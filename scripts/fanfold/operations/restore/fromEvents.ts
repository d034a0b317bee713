import type { Event } from '@fanfold/contracts/event';
import type { Lack } from '@fanfold/runtime/mark';
import type { ProviderRecord, RestoredEvent } from '@fanfold/runtime/restore';
import { misfitsOf, noteLost } from '../../aws/auditLog.ts';
import { type Cloud, messagesIn } from '../../aws/cloud.ts';
import { queueOf } from '../../aws/places.ts';
import { commandFor } from '../../commandFor.ts';
import { CommandError } from '../../errors.ts';
import { requireStopped, triggersOf } from '../triggers.ts';
import {
  aboutLostNumbers,
  aboutRenumbered,
  type Comparison,
  compareWithLog,
  type EventSource,
  examples,
  floorsOf,
  gaps,
  lostNumbers,
  shown,
  toWriteOf,
  unrecorded,
} from './comparison.ts';
import { provenBy, type Waiting } from './proof.ts';
import { aboutUntold, untoldOf } from './provider.ts';
import {
  askSeries,
  type Compared,
  causesOf,
  compareRecorded,
  finish,
  keyOf,
  lackOf,
  writeRecorded,
} from './recorded.ts';
import type { Restoration, RestorePlan, RestoreRun } from './restoration.ts';
import { tableOf } from './restoredServices.ts';

/** Brings a service's table back from the events that audit has recorded. */
export const fromEvents = (source: EventSource): Restoration => ({
  async plan(cloud, run) {
    if (!run.isDry) await requireStopped(cloud, [source.service]);
    await requireRecorded(cloud, source.service, run);
    await requireFit(cloud, source);
    const comparison = await compareWithLog(cloud, source, run);
    requireFitting(cloud, source, comparison);
    const behind = await askSeries(cloud, source.service, 'behind', floorsOf(comparison));
    const lack = await lackOf(cloud, source.service);
    return {
      ...planOf(source, comparison, {
        behind: behind.length,
        lack,
        untold: await untoldOf(cloud, source, comparison, run),
      }),
      write: () => write(cloud, source, comparison, run),
    };
  },
  async prove(cloud, run) {
    await requireFit(cloud, source);
    const comparison = await compareWithLog(cloud, source, run);
    const behind = await askSeries(cloud, source.service, 'behind', floorsOf(comparison));
    return provenBy(cloud, comparison, {
      service: source.service,
      behind,
      waiting: await waitingOf(cloud, source, run),
      untold: await untoldOf(cloud, source, comparison, run),
    });
  },
  finish: (cloud, { untold }) => finish(cloud, source.service, !untold),
});

/** Recorded events from which nothing has followed in the table yet. */
async function waitingOf(
  cloud: Cloud,
  { service, awaited = [] }: EventSource,
  { step, signal }: RestoreRun,
): Promise<Waiting> {
  const waiting: Waiting = { count: 0, from: '', to: '' };
  for (const type of awaited) {
    await step(`looking for what waits for ${service}: ${type}`, undefined, (advance) =>
      compareRecorded(cloud, service, type, {
        signal,
        visit: (compared) => {
          for (const { text, standing } of compared) {
            if (text === null || standing.state !== 'missing') continue;
            const { time } = JSON.parse(text) as Event;
            waiting.count += 1;
            if (waiting.from === '' || time < waiting.from) waiting.from = time;
            if (time > waiting.to) waiting.to = time;
          }
          advance(compared.length);
        },
      }),
    );
  }
  return waiting;
}

/** For how long it is waited until audit has recorded what is in its queue, and how often that is looked up. */
const [longestMs, pollMs] = [60_000, 500];

/**
 * What waits for audit is not in the log yet, and its numbers would be given again.
 *
 * @throws CommandError when it does not get there
 */
async function requireRecorded(cloud: Cloud, service: string, { step, pause }: RestoreRun): Promise<void> {
  const waitingNow = () => messagesIn(cloud, queueOf(cloud.stage, 'audit'));
  let waiting = await waitingNow();
  if (waiting === 0) return;
  const [isOn] = (await triggersOf(cloud, ['audit'])).filter(
    ({ kind, state }) => kind === 'queue' && state === 'on',
  );
  if (isOn) {
    await step('waiting until audit has recorded what is in its queue', undefined, async () => {
      for (
        const until = Date.now() + longestMs;
        waiting > 0 && Date.now() < until;
        waiting = await waitingNow()
      )
        await pause(pollMs);
    });
  }
  if (waiting === 0) return;
  throw new CommandError(
    `${count(waiting, 'message')} in audit's queue ${waiting === 1 ? 'is' : 'are'} not recorded, so ${service} is not restored: what is in them ` +
      `would be missing. ${isOn ? 'Look why, and begin again when its queue is empty' : `Start audit, and begin again when its queue is empty: ${commandFor(cloud, 'stage start --service audit')}`}.`,
  );
}

/** @throws CommandError when the log itself does not fit, so that nothing can be restored from it */
async function requireFit(cloud: Cloud, { service }: EventSource): Promise<void> {
  const misfits = await misfitsOf(cloud);
  if (misfits.length === 0) return;
  throw new CommandError(
    `The audit log does not fit, so ${service} is not restored from it. Restore audit first: ${commandFor(cloud, 'restore audit')}.`,
    ...misfits.map((misfit) => `  ${misfit}`),
  );
}

/**
 * Neither a number that several documents were recorded with is a reason, nor a document that was issued again under another number:
 * nobody can take one of them back.
 *
 * @throws CommandError when the table has what is not recorded, or the log contradicts it or lacks documents; says where
 */
function requireFitting(cloud: Cloud, { service }: EventSource, comparison: Comparison): void {
  const { other } = comparison;
  const more = unrecorded(comparison);
  const [first] = more;
  const lines = [
    ...(other.length === 0
      ? []
      : [
          `${count(other.length, 'recorded event')} and ${tableOf(service)} contradict each other. Nothing brings them together but a decision by hand:`,
          ...examples(other, ({ id, merchantId, why }) => `${id} of ${merchantId}: ${why}`),
        ]),
    ...(first === undefined
      ? []
      : [
          `${tableOf(service)} has what the log has not: it is newer than the log, or of another stage. If audit's table was put back too, restore ` +
            `audit first: ${commandFor(cloud, 'restore audit')}. If these events were never published, start ${service}, publish them, and begin again: ` +
            `${commandFor(cloud, `republish --service ${service} --date ${first.date} --merchant ${first.merchantId}`)}.`,
          ...examples(
            more,
            ({ date, merchantId, type, count }) => `${date}, ${merchantId}: ${count} of ${type}`,
          ),
        ]),
    ...gaps(comparison).flatMap(({ series: { merchantId, name }, missing }) => [
      `The log lacks documents of ${merchantId}: ${name} has no ${missing.join(', ')}${missing.length === shown ? ' and more' : ''}. ` +
        "Look for them among audit's dead letters, or restore audit.",
    ]),
  ];
  if (lines.length > 0) throw new CommandError(`Nothing was written: ${service} is not restored.`, ...lines);
}

const count = (number: number, what: string): string =>
  `${number.toLocaleString('en-US')} ${what}${number === 1 ? '' : 's'}`;

function planOf(
  { service }: EventSource,
  comparison: Comparison,
  { behind, lack, untold }: { behind: number; lack: Lack | null; untold: ProviderRecord[] },
): Omit<RestorePlan, 'write'> {
  const { same, missing, from, to, lost } = comparison;
  const toWrite = toWriteOf(comparison);
  return {
    toWrite: toWrite + behind + (lack ? 1 : 0),
    untold: untold.length,
    lines: [
      ...(lack
        ? [
            `The table was put back: by its marks it lacks what was written from ${lack.from ?? 'the beginning'} to ${lack.to}.`,
          ]
        : []),
      `${count(same, 'recorded event')} ${same === 1 ? 'is' : 'are'} in ${tableOf(service)} as recorded.`,
      ...(toWrite === 0
        ? ['The table lacks none.']
        : [
            `To be written, of ${from} to ${to}:`,
            ...Object.entries(missing).map(
              ([type, number]) => `  ${number.toLocaleString('en-US')} of ${type}`,
            ),
          ]),
      ...(behind === 0 ? [] : [`To be raised: ${behind} series of numbers.`]),
      ...aboutLost(lost),
      ...aboutUntold(untold),
      ...aboutRenumbered(comparison, tableOf(service)),
      ...aboutLostNumbers(comparison),
    ],
    details: {
      same,
      missing,
      from,
      to,
      seriesBehind: behind,
      lack,
      lost,
      renumbered: comparison.renumbered,
      lostNumbers: lostNumbers(comparison),
      untold,
    },
  };
}

const aboutLost = (lost: Comparison['lost']): string[] =>
  lost.length === 0
    ? []
    : [
        `Lost for good, because they were erased from the log: ${count(lost.length, 'event')}.`,
        ...examples(lost, ({ id, merchantId, time }) => `${id} of ${merchantId}, of ${time}`),
      ];

async function write(
  cloud: Cloud,
  source: EventSource,
  comparison: Comparison,
  { step, signal }: RestoreRun,
): Promise<void> {
  const { service } = source;
  // Once is enough, unless events follow others that are in the log after them, or of a type whose turn is later.
  let types = source.types.filter((type) => (comparison.missing[type] ?? 0) > 0);
  for (let before = Number.POSITIVE_INFINITY; ; ) {
    const early = new Map<string, number>();
    for (const type of types) {
      const count = await step(
        `writing what ${tableOf(service)} lacks: ${type}`,
        comparison.missing[type] ?? 0,
        (advance) => writeMissing(cloud, source, type, { signal, advance }),
      );
      if (count > 0) early.set(type, count);
    }
    const left = [...early.values()].reduce((sum, each) => sum + each, 0);
    if (left === 0 || left >= before) break;
    [before, types] = [left, [...early.keys()]];
  }
  // Before the series: a run that ends in between finds the same again.
  await noteLost(cloud, lostNumbers(comparison));
  await askSeries(cloud, service, 'raise', floorsOf(comparison));
}

/** @returns how many could not be written yet, because they follow others that are missing */
async function writeMissing(
  cloud: Cloud,
  source: EventSource,
  type: string,
  { signal, advance }: { signal: AbortSignal; advance: (count: number) => void },
): Promise<number> {
  let early = 0;
  await compareRecorded(cloud, source.service, type, {
    signal,
    visit: async (compared) => {
      const missing = compared.filter(
        ({ text, standing }) => text !== null && (standing.state === 'missing' || standing.state === 'early'),
      );
      const events = await withCauses(cloud, source, missing);
      const standings = await writeRecorded(cloud, source.service, events);
      early += standings.filter(({ state }) => state === 'early').length;
      advance(events.length);
    },
  });
  return early;
}

async function withCauses(
  cloud: Cloud,
  { needsCause }: EventSource,
  missing: Compared[],
): Promise<RestoredEvent[]> {
  const causes = await causesOf(
    cloud,
    missing.filter(({ type }) => needsCause(type)),
  );
  return missing.flatMap(({ merchantId, type, text }): RestoredEvent[] => {
    if (text === null) return [];
    if (!needsCause(type)) return [{ text }];
    const cause = causes.get(keyOf(merchantId, JSON.parse(text).causationid));
    return cause === undefined ? [] : [{ text, cause }];
  });
}
