import { Behind } from './failure.ts';
import { lambda } from './lambda.ts';
import { logger } from './logger.ts';
import { type Lack, lackBeforeWriting, lackOf, type Marked, raiseMarks } from './mark.ts';
import { stageMetrics } from './metrics.ts';

/**
 * What a function that writes asks before it does: whether its service's table has all that it must have. Fulfilled
 * when it has.
 *
 * @throws Behind when it lacks something, because it was put back to an earlier time
 */
export type Guard = () => Promise<void>;

/**
 * For so long an instance of a function goes by what it has compared: to compare costs a read, and a restore that has ended
 * should be noticed at once.
 */
const [wholeForMs, behindForMs] = [60_000, 5000];

/**
 * A guard that compares when an instance is new, and then once a minute at most, or each five seconds while the table lacks
 * something. What it finds is logged, and counted in a metric with an alarm. When it cannot compare, it fails, and the next
 * call compares again.
 *
 * @param service the service's name
 * @param compare says in a sentence what the table lacks; undefined when nothing
 */
export function guardBy(service: string, compare: () => Promise<string | undefined>): Guard {
  let last: { at: number; forMs: number; lack: Promise<string | undefined> } | undefined;
  return async () => {
    const now = Date.now();
    if (!last || Math.abs(now - last.at) >= last.forMs) {
      const asked = { at: now, forMs: wholeForMs, lack: compare() };
      last = asked;
      asked.lack.then(
        (lack) => {
          if (!lack) return;
          asked.forMs = behindForMs;
          reportBehind(service, lack);
        },
        () => {
          last = undefined;
        },
      );
    }
    const lack = await last.lack;
    if (lack) throw new Behind(`${lack}. ${helpFor(service)}`);
  };
}

/** The guard of a service that has marks. */
export const guardByMark = (marked: Marked): Guard =>
  guardBy(marked.service, async () => describeLack(await lackBeforeWriting(marked, new Date())));

/**
 * The scheduled function that raises a service's marks, unless its table was put back. Operators ask it with
 * `{ read: 'lack' }`, and it raises nothing.
 */
export const markTable = (marked: Marked) =>
  lambda(async (event: object): Promise<{ lack: string | null }> => {
    const isAsked = 'read' in event;
    const lack = describeLack(await (isAsked ? lackOf(marked) : raiseMarks(marked, new Date())));
    if (lack && !isAsked) reportBehind(marked.service, lack);
    return { lack: lack ?? null };
  });

const describeLack = (lack: Lack | undefined): string | undefined =>
  lack &&
  `The table lacks what was written ${lack.from === null ? 'before' : `between ${lack.from} and`} ${lack.to}: it was put back`;

function reportBehind(service: string, lack: string): void {
  stageMetrics.addMetric('TableBehind', 'Count', 1);
  logger.error('table is behind', { detail: lack, help: helpFor(service) });
}

const helpFor = (service: string): string =>
  `Run ./fanfold restore ${service}, in AWS with --stage and --region, and see "A table was put back" in docs/operations.md`;
