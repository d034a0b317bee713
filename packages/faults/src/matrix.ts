import { cellFrom, cellsOf, idOf, isAtStripe, isBlip, pairsOf, sampleOf } from './cells.ts';
import { mutated } from './functions.ts';
import { type Mutant, mutants } from './mutants.ts';
import type { Pool, Ran } from './pool.ts';
import { shuffled } from './random.ts';
import type { Cell } from './run.ts';

export type Violation = { cell: string; breaches: string[] };

export type MatrixReport = {
  /** Cells that there are, of each kind, and how many of them were run. */
  cells: { single: number; pairs: number; run: number };
  /** Runs in which every fault struck. In the others the story took another way before. */
  struck: number;
  /** Runs whose calls or their outcomes were others than without faults. */
  changed: number;
  violations: Violation[];
  /** By boundary and group of faults: how many runs. */
  table: Record<string, Record<string, number>>;
  seconds: number;
};

/**
 * Which cells are run. `all`: every single fault, and all pairs; `sample`: every kind of fault at every boundary once, and the
 * pairs that show a guard; a seed: cells of that sample, drawn with the seed.
 */
export type Scope = 'all' | 'sample' | { seed: number; each: Extent };

/**
 * What is drawn: a run of each kind of fault, and beside that of each `row` of the report's table, or of each of its `numbers`,
 * which is three times as many.
 */
export type Extent = 'row' | 'number';

export type MutantReport = { name: string; caughtBy: string | null; runs: number };

/**
 * Stories that are told in the matrix: all but the random one. Those with full batches come first, because a
 * sample takes each boundary from the first story that has it.
 */
export const matrixStories = [
  'refunds',
  'late-seller',
  'crowd',
  'endings',
  'expiry',
  'day-close',
  'lost',
  'step-by-step',
  'sale',
  'log',
  'stripe-refunds-fail',
  'stripe-refunds',
  'stripe-action',
  'stripe-dispute',
  'stripe-silent',
  'stripe-outage',
  'stripe-sale',
];

/** Those short enough for every pair of faults. */
const pairedStories = ['sale'];

/** Each story once without faults: what can break in it, and what the shops then see. */
export async function baselinesOf(pool: Pool): Promise<Map<string, Ran>> {
  const baselines = new Map<string, Ran>();
  for await (const ran of pool.runAll(matrixStories.map((story) => ({ story, faults: [] })))) {
    if (ran.breaches.length > 0)
      throw new Error(`${ran.cell.story} breaks promises without any fault:\n${ran.breaches.join('\n')}`);
    baselines.set(ran.cell.story, ran);
  }
  return baselines;
}

/** How a cell ended, as far as a report tells it. */
export type CellReport = Violation & {
  /** Whether all of its faults struck, and something was put back if that is its fault. */
  struck: boolean;
  /** Whether calls or their outcomes were others than without faults. */
  changed: boolean;
  /** Since the cell before ended. */
  elapsedMs: number;
};

type MatrixOptions = {
  /** How cells ended in a run that was stopped, by their ids: they are counted and not run again. */
  known?: Map<string, CellReport>;
  /** What happens before the first cell, such as to show how many there are. */
  onStart?: (of: number, run: number) => void;
  onRun?: (ended: CellReport) => void;
  /** Ends it early: the report is then of what was run. */
  signal?: AbortSignal;
};

/**
 * Breaks every call, delivery and request of every story, one at a time and in the shortest one in pairs, and checks the
 * promises.
 */
export async function runMatrix(
  pool: Pool,
  baselines: Map<string, Ran>,
  scope: Scope,
  { known = new Map(), onStart, onRun, signal }: MatrixOptions = {},
): Promise<MatrixReport> {
  const single = singleCells(baselines);
  const pairs = pairsOf(single.filter(({ story }) => pairedStories.includes(story)));
  const sample = [...sampleOf(single), ...mutants.flatMap(shownBy)];
  // What is interrupted has something of everything: a sample first, then the rest in a random order.
  const rest = shuffled([...single.filter((cell) => !sample.includes(cell)), ...pairs]);
  const chosen =
    scope === 'all'
      ? [...sample, ...rest]
      : scope === 'sample'
        ? sample
        : drawnFrom(sample, scope, (story) => baselines.get(story)?.trace.length ?? 0);
  const report: MatrixReport = {
    cells: { single: single.length, pairs: pairs.length, run: 0 },
    struck: 0,
    changed: 0,
    violations: [],
    table: {},
    seconds: 0,
  };
  let elapsedMs = 0;
  const count = (cell: Cell, ended: CellReport) => {
    elapsedMs += ended.elapsedMs;
    report.seconds = Math.round(elapsedMs / 1000);
    countIn(report, cell, ended);
  };
  const left = chosen.filter((cell) => {
    const ended = known.get(idOf(cell));
    if (ended) count(cell, ended);
    return !ended;
  });
  onStart?.(chosen.length, chosen.length - left.length);
  let lastAt = performance.now();
  for await (const ran of pool.runAll(left, signal ? { signal } : {})) {
    const baseline = baselines.get(ran.cell.story) as Ran;
    const now = performance.now();
    const ended: CellReport = {
      cell: idOf(ran.cell),
      struck:
        ran.struck.length === ran.cell.faults.length && ran.isPutBack === (ran.cell.putBack !== undefined),
      // In any order: what is done at once goes now this way, now that.
      changed: ran.trace.toSorted().join() !== baseline.trace.toSorted().join(),
      breaches: breachesIn(ran, baseline),
      elapsedMs: Math.round(now - lastAt),
    };
    lastAt = now;
    count(ran.cell, ended);
    onRun?.(ended);
  }
  return report;
}

const singleCells = (baselines: Map<string, Ran>): Cell[] =>
  matrixStories.flatMap((story) => cellsOf(story, baselines.get(story) as Ran));

function countIn(report: MatrixReport, cell: Cell, { struck, changed, ...violation }: CellReport): void {
  report.cells.run += 1;
  if (struck) report.struck += 1;
  if (changed) report.changed += 1;
  if (violation.breaches.length > 0)
    report.violations.push({ cell: violation.cell, breaches: violation.breaches });
  for (const { boundary, group } of disturbancesIn(cell)) {
    report.table[boundary] ??= {};
    const row = report.table[boundary];
    row[group] = (row[group] ?? 0) + 1;
  }
}

/** Rows and columns of the report's table that a cell counts in. */
const disturbancesIn = ({
  faults,
  disorder,
  putBack,
}: Cell): { boundary: string; group: string; kind: string }[] => [
  ...faults.map(({ site, kind }) => ({ boundary: boundaryOf(site), group: groupOf(kind), kind })),
  ...(disorder
    ? [
        {
          boundary: boundaryOf(`${disorder.functionName} delivery`),
          group: 'another order',
          kind: disorder.kind,
        },
      ]
    : []),
  ...(putBack
    ? [{ boundary: `put back: ${putBack.what}`, group: 'put back', kind: `put back: ${putBack.what}` }]
    : []),
];

/**
 * Cells of which each shows something that no other one does: first those of which all is new. Rows are shown by the shortest
 * stories that have them.
 *
 * @param lengthOf how long a story is
 */
export function drawnFrom(
  cells: Cell[],
  { seed, each }: { seed: number; each: Extent },
  lengthOf: (story: string) => number = () => 0,
): Cell[] {
  const inOrder = shuffled(cells, seed);
  if (each === 'row') inOrder.sort((a, b) => lengthOf(a.story) - lengthOf(b.story));
  const shown = new Set<string>();
  const drawn = new Set<Cell>();
  for (const isDrawn of ['every', 'some'] as const) {
    for (const cell of inOrder) {
      const shows = disturbancesIn(cell).flatMap(({ boundary, group, kind }) => [
        each === 'row' ? boundary : `${boundary}, ${group}`,
        kind,
      ]);
      if (!shows[isDrawn]((what) => !shown.has(what))) continue;
      drawn.add(cell);
      for (const what of shows) shown.add(what);
    }
  }
  return [...drawn];
}

/** V4: of a fault that retries make up for, the shops notice nothing. */
function breachesIn(ran: Ran, baseline: Ran): string[] {
  const noticed = isBlip(ran.cell) && ran.struck.length > 0 && ran.seen.join() !== baseline.seen.join();
  return noticed ? [...ran.breaches, `V4 the shop noticed: ${ran.seen.join('; ')}`] : ran.breaches;
}

/**
 * Takes out one guard after another, and looks for a cell that shows it.
 *
 * @param recorded cells that showed a guard before, by its name: they are run first
 */
export async function runMutants(
  pool: Pool,
  baselines: Map<string, Ran>,
  recorded: Map<string, string>,
  onMutant: (report: MutantReport) => void = () => {},
): Promise<MutantReport[]> {
  // A worker that cannot do it ends, which would look as if the guard had been missed.
  for (const mutant of mutants) await mutated(mutant);
  const cells = sampleOf(singleCells(baselines));
  const examine = async (mutant: Mutant): Promise<MutantReport> => {
    const { name, ...mutation } = mutant;
    const report: MutantReport = { name, caughtBy: null, runs: 0 };
    const known = recorded.get(name);
    const chosen = [
      ...(known === undefined ? [] : [cellFrom(known)]),
      ...shownBy(mutant),
      ...likeliestFirst(cells, mutant),
    ];
    for (const cell of chosen) {
      const ran = await pool.run(cell, { mutation });
      report.runs += 1;
      if (breachesIn(ran, baselines.get(cell.story) as Ran).length === 0) continue;
      report.caughtBy = idOf(cell);
      break;
    }
    onMutant(report);
    return report;
  };
  return Promise.all(mutants.map(examine));
}

const shownBy = ({ shownBy: id }: Mutant): Cell[] => (id === undefined ? [] : [cellFrom(id)]);

/** Faults of the kind and at the functions that the guard is for, then others of the same service. */
function likeliestFirst(cells: Cell[], { file, concerns }: Mutant): Cell[] {
  const service = /^services\/(\w+)/.exec(file)?.[1] ?? '';
  const score = ({ faults: [fault], disorder }: Cell): number => {
    const where = fault?.site ?? disorder?.functionName ?? '';
    const what = `${where} ${fault?.kind ?? disorder?.kind}`;
    return (concerns.test(what) ? 2 : 0) + (where.startsWith(service) ? 1 : 0);
  };
  return cells.toSorted((a, b) => score(b) - score(a)).slice(0, mostRuns);
}

/** What is not caught by then is not guarded. */
const mostRuns = 60;

/** The boundaries of the table in docs/reliability.md. */
function boundaryOf(site: string): string {
  const [, service = '', key = '', rest = ''] = /^(\w+)\.(\w+) (.*)$/.exec(site) ?? [];
  if (ofNews.includes(key) && !isOfStripe(site)) return 'news of Stripe';
  if (rest === 'request') return 'B1 client → API';
  if (rest.includes('payments-sandbox')) return 'provider';
  if (isOfStripe(site)) return 'provider: Stripe';
  if (key === 'createPayment') return 'B2 intent and outcome of a payment';
  if (key.endsWith('Payment') || key.startsWith('list')) return 'B3 capture, cancel, refund';
  if (key === 'publisher')
    return `${rest === 'delivery' ? 'B4 stream → publisher' : 'B5 publisher → SNS'} (${service})`;
  if (key === 'consumer' && rest === 'delivery') return `B6/B7 SNS → queue → consumer (${service})`;
  if (key === 'consumer' && /Batch .*(events|letters)/.test(rest)) return 'B7 quarantine and backoff';
  if (key === 'publishLog') return 'B12 log → tiles, checkpoint';
  if (key === 'witness') return 'B13 checkpoint → witness';
  if (key === 'askWitnesses') return 'B13 checkpoint → witness outside';
  if (key === 'eraseSubject') return 'B14 erasing';
  if (key === 'consumer') {
    return (
      { payments: 'numbers noted in payments', billing: 'B8 books', audit: 'B11 log' }[service] ?? service
    );
  }
  return 'clocks, republishing';
}

/** The functions that are there with Stripe only. */
const ofNews = ['stripeWebhook', 'observePayment', 'catchUp', 'reconcile'];

const isOfStripe = (site: string): boolean => isAtStripe(site) || site.endsWith('GetSecretValue stripe');

/** Kinds of faults as columns. */
function groupOf(kind: string): string {
  if (['refused', 'throttled', 'denied', 'conflict', 'conflict-throttled', 'not-invoked'].includes(kind))
    return 'not done';
  if (['answer-lost', 'answered-500', 'stalled', 'response-lost'].includes(kind)) return 'done, answer lost';
  if (kind.startsWith('killed')) return 'killed';
  if (['duplicated', 'delivered-twice'].includes(kind)) return 'twice';
  if (['race-lost', 'delivered-together', 'delivered-apart', 'asked-together'].includes(kind))
    return 'at once';
  return { late: 'late', partial: 'in part', stale: 'stale' }[kind] ?? kind;
}
