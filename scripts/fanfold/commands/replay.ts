import { during, startProgress } from '../../progress.ts';
import type { Indexed } from '../aws/auditLog.ts';
import { type Cloud, cloudOf } from '../aws/cloud.ts';
import { trailOf } from '../commandFor.ts';
import { messageOf, UsageError } from '../errors.ts';
import {
  aboutLeftOut,
  planReplay,
  type Replayed,
  type ReplayPlan,
  type ReplayRequest,
  replayEvents,
  targetOf,
} from '../operations/replay.ts';
import { print, printJson } from '../terminal.ts';
import { interruption } from './interruption.ts';
import { requirePast } from './past.ts';
import { table } from './table.ts';

type Options = {
  stage: string;
  region?: string;
  from: string;
  to: string;
  type?: string;
  subject?: string;
  merchant?: string;
  toQueue?: string;
  after?: number;
  rate: number;
  dryRun?: true;
  json?: true;
};

/**
 * `fanfold replay`: sends recorded events again, to every service or to one queue.
 *
 * @throws UsageError when the range is none in the past
 * @throws when there is nothing to send, or not all of it was sent; the message says how to go on
 */
export async function replay(options: Options): Promise<void> {
  const { rate, dryRun, json } = options;
  await requireUsable(options);
  const signal = interruption();
  const cloud = await cloudOf(options);
  const { stage } = cloud;
  const plan = await during('looking up recorded events', () => planReplay(cloud, requestOf(options)));
  const { events, leftOut, target } = plan;
  const total = events.length;
  if (!json && leftOut > 0) print(...aboutLeftOut(leftOut));
  if (dryRun) {
    const summary = summaryOf(events);
    if (json) printJson({ stage, dryRun: true, ...summary, leftOut });
    else print(...linesOf(summary), `Would be sent to ${target.name}: ${total}.`);
    return;
  }

  const { replayed, stopped } = await runToItsEnd(cloud, plan, { rate, signal });
  const { operationId, sent, erased, lastPosition } = replayed;
  if (json) {
    printJson({ stage, operationId, sent, total, erased, leftOut, lastPosition: lastPosition ?? null });
  } else {
    print(`${sent} of ${total} sent to ${target.name}. ${trailOf(cloud, operationId)}`);
    if (erased > 0) print(`${erased} were erased and cannot be sent any more.`);
  }
  if (stopped) {
    const goOn =
      lastPosition === undefined
        ? 'Run the same command again'
        : `Continue with the same command and --after ${lastPosition}`;
    throw new Error(`${messageOf(stopped)}. ${goOn}`);
  }
}

/** @throws when nothing was ordered */
async function runToItsEnd(
  cloud: Cloud,
  plan: ReplayPlan,
  { rate, signal }: { rate: number; signal: AbortSignal },
): Promise<{ replayed: Replayed; stopped?: unknown }> {
  const progress = startProgress(`sending events to ${plan.target.name}`, plan.events.length);
  let replayed: Replayed | undefined;
  try {
    for await (replayed of replayEvents(cloud, plan, { ratePerSecond: rate, signal })) {
      progress.set(replayed.sent + replayed.erased);
      if (replayed.lastPosition !== undefined) progress.note(`up to position ${replayed.lastPosition}`);
    }
  } catch (stopped) {
    if (replayed) return { replayed, stopped };
    throw stopped;
  } finally {
    progress.end();
  }
  return { replayed: replayed as Replayed };
}

/** @throws UsageError when the range is none in the past: then with what is wrong with the queue, as far as it can be seen */
async function requireUsable(options: Options): Promise<void> {
  try {
    requirePast(options, new Date());
  } catch (error) {
    const { toQueue } = options;
    if (toQueue === undefined) throw error;
    const lines = await cloudOf(options)
      .then((cloud) => targetOf(cloud, toQueue))
      .then(
        () => [],
        (other) => (other instanceof UsageError ? other.lines : []),
      );
    throw new UsageError((error as UsageError).message, ...lines);
  }
}

const requestOf = ({ from, to, type, subject, merchant, toQueue, after }: Options): ReplayRequest => ({
  from,
  to,
  ...(type && { type }),
  ...(subject && { subject }),
  ...(merchant && { merchantId: merchant }),
  ...(toQueue && { toQueue }),
  ...(after !== undefined && { after }),
});

/** What events are, before they are sent. */
type Summary = {
  total: number;
  types: Record<string, number>;
  first: Indexed;
  last: Indexed;
};

function summaryOf(events: Indexed[]): Summary {
  const types: Record<string, number> = {};
  for (const { type } of events) types[type] = (types[type] ?? 0) + 1;
  return { total: events.length, types, first: events[0] as Indexed, last: events.at(-1) as Indexed };
}

function linesOf({ types, first, last }: Summary): string[] {
  const counted = Object.entries(types).sort(([, a], [, b]) => b - a);
  return [
    ...table(counted.map(([type, count]) => [count.toLocaleString('en-US'), type])),
    `from ${first.id} at position ${first.position} to ${last.id} at position ${last.position}`,
  ];
}
