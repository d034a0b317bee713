import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cellFrom, idOf } from '@fanfold/faults/cells';
import { codeHash } from '@fanfold/faults/codeHash';
import {
  baselinesOf,
  type MatrixReport,
  type MutantReport,
  matrixStories,
  runMatrix,
  runMutants,
  type Scope,
} from '@fanfold/faults/matrix';
import { Pool, type Ran } from '@fanfold/faults/pool';
import type { Cell } from '@fanfold/faults/run';
import { episodeOf, shrink } from '@fanfold/faults/soak';
import { type Progress, startProgress } from '../../progress.ts';
import { UsageError } from '../errors.ts';
import { notify, print, printJson } from '../terminal.ts';
import {
  type FaultsReport,
  failuresIn,
  placesIn,
  type SoakReport,
  shownIn,
  summaryOf,
  violationOf,
  withReport,
} from './faultsReport.ts';
import { type FaultsState, openState } from './faultsState.ts';

type Options = {
  full?: true;
  quick?: true;
  mutants: boolean;
  minutes?: number;
  seed?: number;
  cell?: string;
  workers?: number;
  report?: string;
  json?: true;
};

/**
 * `fanfold faults`: breaks every call, delivery and request in turn and checks the promises; then takes out every guard
 * and sees that it is missed.
 *
 * @throws UsageError when there is no such cell
 * @throws when a promise was broken or a missing guard was not noticed, after telling which
 */
export async function faults(options: Options): Promise<void> {
  const cell = options.cell === undefined ? undefined : cellOf(options.cell);
  if (options.seed !== undefined && options.minutes === undefined && !options.quick) {
    throw new UsageError('--seed is for random choices: add --quick, or --minutes 15 for a soak.');
  }
  if (options.report) await requirePlaces(options.report);
  const state = options.full && (await openState(stateFile, await codeHash()));
  const pool = await Pool.start(options.workers ?? (cell ? 1 : availableParallelism()));
  const interrupted = new AbortController();
  process.once('SIGINT', () => {
    notify(
      options.full
        ? 'Interrupted: reporting the runs so far. The same command goes on with the rest. Press Ctrl-C again to end at once.'
        : 'Interrupted: reporting the runs so far. Press Ctrl-C again to end at once.',
    );
    interrupted.abort();
  });
  const report: FaultsReport = { date: new Date().toISOString().slice(0, 10) };
  try {
    if (cell) report.cell = await runCell(pool, cell);
    else if (options.minutes !== undefined) report.soak = await soak(pool, options, interrupted.signal);
    else {
      const baselines = await baselinesOf(pool);
      const scope = options.full ? 'all' : options.quick ? quick(options) : 'sample';
      report.matrix = await matrix(pool, baselines, scope, interrupted.signal, state);
      if (options.mutants && !interrupted.signal.aborted)
        report.mutants = await runMutants(pool, baselines, await recordedMutants(), reportMutant);
      if (!interrupted.signal.aborted) await state?.forget();
    }
  } finally {
    pool.stop();
  }
  if (options.report) {
    await writeFile(options.report, withReport(await readFile(options.report, 'utf8'), report));
  }
  if (options.json) printJson(report);
  else print(...summaryOf(report));
  const failed = failuresIn(report);
  if (failed > 0) throw new Error(`${failed} of these runs ended wrongly; they are listed above.`);
}

const quick = ({ seed = 0 }: Options): Scope => ({ seed, each: 'number' });

const recordedMutants = async (): Promise<Map<string, string>> =>
  shownIn(await readFile(join(import.meta.dirname, '../../../docs/reliability.md'), 'utf8'));

/** Before an hour of work: a report that cannot be written would be lost. */
async function requirePlaces(path: string): Promise<void> {
  try {
    placesIn(await readFile(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--report ${path}: ${(error as Error).message}`);
  }
}

async function runCell(pool: Pool, cell: Cell): Promise<NonNullable<FaultsReport['cell']>> {
  const { breaches, trace } = await pool.run(cell);
  return { cell: idOf(cell), breaches, trace };
}

function cellOf(id: string): Cell {
  try {
    return cellFrom(id);
  } catch (error) {
    throw new UsageError(
      `${(error as Error).message}. Each violation is printed with the --cell that repeats it.`,
    );
  }
}

/** Episodes with random faults, each from its own seed, until the time is over. */
async function soak(
  pool: Pool,
  { minutes = 1, seed = Math.floor(Math.random() * 1_000_000) }: Options,
  interrupted: AbortSignal,
): Promise<SoakReport> {
  const started = performance.now();
  const report: SoakReport = { seed, episodes: 0, faults: 0, seconds: 0, violations: [] };
  const timeIsUp = AbortSignal.any([AbortSignal.timeout(minutes * 60_000), interrupted]);
  const failed: Ran[] = [];
  const episodes = function* () {
    for (let n = 0; ; n++) yield episodeOf(seed + n, matrixStories);
  };
  for await (const ran of pool.runAll(episodes(), { isDrawn: true, signal: timeIsUp })) {
    report.episodes += 1;
    report.faults += ran.struck.length;
    if (ran.breaches.length > 0) {
      failed.push(ran);
      notify(...violationOf({ cell: idOf({ ...ran.cell, faults: ran.struck }), breaches: ran.breaches }));
    }
    if (report.episodes % 25 === 0) {
      notify(`${report.episodes} episodes, ${report.faults} faults, ${failed.length} violations`);
    }
  }
  for (const ran of failed) {
    const smallest = await shrink(pool, ran);
    report.violations.push({
      cell: idOf(smallest?.cell ?? { ...ran.cell, faults: ran.struck }),
      breaches: (smallest ?? ran).breaches,
      reproduced: smallest !== undefined,
    });
  }
  report.seconds = Math.round((performance.now() - started) / 1000);
  return report;
}

/** Runs the matrix, or what is left of it, and tells of each violation at once. */
async function matrix(
  pool: Pool,
  baselines: Map<string, Ran>,
  scope: Scope,
  signal: AbortSignal,
  state: FaultsState | undefined,
): Promise<MatrixReport> {
  let progress: Progress | undefined;
  let violations = 0;
  try {
    return await runMatrix(pool, baselines, scope, {
      known: state?.known ?? new Map(),
      signal,
      onStart(of, run) {
        progress = startProgress('breaking one thing after another', of, { done: run });
      },
      onRun(ended) {
        state?.add(ended);
        if (ended.breaches.length > 0) {
          notify(...violationOf(ended));
          violations += 1;
          progress?.note(`${violations} violations`);
        }
        progress?.advance();
      },
    });
  } finally {
    progress?.end();
  }
}

const stateFile = join(import.meta.dirname, '../../../.fanfold/faults-full.jsonl');

const reportMutant = ({ name, caughtBy, runs }: MutantReport): void =>
  notify(caughtBy ? `caught after ${runs} runs: ${name}` : `NOT CAUGHT in ${runs} runs: ${name}`);
