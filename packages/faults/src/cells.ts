import { deliveryFaultKinds, deliverySite } from './deliveries.ts';
import { type Fault, type FaultKind, kindsFor, reaches } from './faults.ts';
import { isTablePutBack, type PutBack, type Restorable, restorables } from './restores.ts';
import type { Cell, Result } from './run.ts';
import { providerOf, stories } from './stories.ts';

/** Faults that end a function, or that need no second attempt to have their effect. */
const onceOnly: FaultKind[] = [
  'killed-before',
  'killed-after',
  'race-lost',
  'duplicated',
  'stale',
  'conflict',
  'conflict-throttled',
];
/** What can go on for long. */
const lasting: FaultKind[] = ['refused', 'throttled', 'stalled', 'partial'];

/** How far a kind of fault can reach. */
export const reachesOf = (kind: FaultKind): Fault['reach'][] =>
  reaches.filter((reach) =>
    onceOnly.includes(kind) ? reach === 'once' : reach !== 'long' || lasting.includes(kind),
  );

/** Of what a function asks again and again, such as each part of an index, the first two and the last one can break. */
const repetitive = 6;

/**
 * Everything is put back at each point: to the beginning, to the half of the way, and to just before. Not billing's table nor
 * audit's in the story of a log that has a forged invoice: from such a log no documents are restored, and no table has that one.
 */
function putBacksOf(story: string, points: number): PutBack[] {
  // A restore reads the provider's own records, and Stripe's search lags behind: services/payments tests that.
  if (providerOf(story) === 'stripe') return [];
  const all = (Object.keys(restorables) as Restorable[]).filter(
    (what) => story !== 'log' || !['billing', 'audit'].some((table) => isTablePutBack(what, table)),
  );
  return Array.from({ length: Math.max(points - 1, 0) }, (_, i) => i + 1).flatMap((at) =>
    [...new Set([0, Math.floor(at / 2), at - 1])].flatMap((to) => all.map((what) => ({ what, to, at }))),
  );
}

/** Every single fault that can strike in a story, from a run of it in which none did. */
export function cellsOf(story: string, { places, deliveries, points }: Result): Cell[] {
  const cells: Cell[] = putBacksOf(story, points).map((putBack) => ({ story, faults: [], putBack }));
  const counts = Map.groupBy(places, ({ site }) => site);
  for (const { site, nth, call } of places) {
    const last = (counts.get(site)?.length ?? 0) - 1;
    if (nth > 1 && nth < last && last > repetitive) continue;
    for (const kind of kindsFor(call)) {
      for (const reach of reachesOf(kind)) {
        cells.push({ story, faults: [{ site, nth, kind, reach }] });
      }
    }
  }
  for (const { functionName, source, count } of deliveries) {
    for (let nth = 0; nth < count; nth++) {
      for (const kind of deliveryFaultKinds[source]) {
        const site = deliverySite(functionName, source);
        cells.push({ story, faults: [{ site, nth, kind, reach: 'once' }] });
      }
    }
    if (source !== 'queue' || count === 0) continue;
    for (const kind of ['lagging', 'reversed', 'one-by-one'] as const) {
      cells.push({ story, faults: [], disorder: { functionName, kind } });
    }
  }
  return cells;
}

/** Faults that leave most to be found out afterwards: what pairs are made of. */
const pairable = (cell: Cell): boolean =>
  cell.faults.some(
    ({ kind, reach }) =>
      kind === 'killed-before' ||
      kind === 'killed-after' ||
      (reach === 'command' && (kind === 'refused' || kind === 'answer-lost' || kind === 'late')),
  );

/** Every two of them together. */
export function pairsOf(cells: Cell[]): Cell[] {
  const single = cells.filter(pairable);
  return single.flatMap((first, i) =>
    single
      .slice(i + 1)
      .filter(({ faults: [fault] }) => !isSamePlace(first.faults[0], fault))
      .map(({ story, faults }) => ({ story, faults: [...first.faults, ...faults] })),
  );
}

const isSamePlace = (a: Fault | undefined, b: Fault | undefined): boolean =>
  a?.site === b?.site && a?.nth === b?.nth;

/**
 * A part that has every kind of fault at every boundary once, with the reach that goes furthest into a function; and of
 * answers that get lost also a single one, which retries have to make up for.
 */
export function sampleOf(cells: Cell[]): Cell[] {
  const sample = new Map<string, Cell>();
  const preference = ['command', 'once', 'long'];
  const rank = ({ faults: [fault] }: Cell) => preference.indexOf(fault?.reach ?? 'once');
  for (const cell of cells) {
    const [fault] = cell.faults;
    const isSingle = fault?.kind === 'answer-lost' && fault.reach === 'once';
    // Only what follows on something can get in its way.
    const nth = fault?.kind === 'delivered-apart' ? fault.nth : '';
    if (cell.putBack) {
      // Of each story everything once: at its last point, to the half of the way.
      const { what, to, at } = cell.putBack;
      if (to === Math.floor(at / 2)) sample.set(`${cell.story} ${what}`, cell);
      continue;
    }
    const boundary = fault ? `${fault.site} ${fault.kind}${isSingle ? ' once' : nth}` : idOf(cell);
    const chosen = sample.get(boundary);
    if (!chosen || rank(cell) < rank(chosen)) sample.set(boundary, cell);
  }
  return [...sample.values()];
}

/**
 * A fault that the SDK's retries, or the next delivery, should make up for: nobody outside should notice. Not so for a
 * process that ends, or what the SDK does not repeat.
 */
export const isBlip = ({ faults: [fault], disorder }: Cell): boolean =>
  disorder === undefined &&
  fault?.reach === 'once' &&
  blips.includes(fault.kind) &&
  // A provider that is slow is not asked again: its outcome is unknown, and a clock finds out.
  !(fault.site.endsWith('payments-sandbox') && ['late', 'stalled'].includes(fault.kind)) &&
  // Nor is Stripe, whatever happens to a call.
  !(isAtStripe(fault.site) && fault.kind !== 'duplicated');

/** Whether a fault's site is a call to Stripe. */
export const isAtStripe = (site: string): boolean => / (GET|POST) stripe\//.test(site);

const blips: string[] = [
  ...['refused', 'answer-lost', 'answered-500', 'late', 'stalled', 'throttled', 'duplicated'],
  ...['delivered-twice', 'delivered-together', 'delivered-apart', 'response-lost', 'asked-together'],
];

/** A cell as text, such as `sale: billing.consumer BatchGetItem billing #0 refused (once)`. */
export const idOf = ({ story, faults, disorder, putBack, seed }: Cell): string =>
  `${story}${seed === undefined ? '' : `@${seed}`}: ${[
    ...faults.map(({ site, nth, kind, reach }) => `${site} #${nth} ${kind} (${reach})`),
    ...(disorder ? [`${disorder.functionName} ${disorder.kind}`] : []),
    ...(putBack ? [`${putBack.what} put back at #${putBack.at} to #${putBack.to}`] : []),
  ].join(' + ')}`;

/**
 * The cell that a text stands for.
 *
 * @throws when it is none
 */
export function cellFrom(id: string): Cell {
  const [, story = '', seed, rest = ''] = /^([a-z-]+)(?:@(\d+))?: (.*)$/.exec(id) ?? [];
  if (!(story in stories)) throw new Error(`Not a cell, as a report names it: ${id}`);
  const cell: Cell = { story, faults: [], ...(seed && { seed: Number(seed) }) };
  if (rest === '') return cell;
  for (const part of rest.split(' + ')) {
    const [, site, nth, kind, reach] = /^(.+) #(\d+) ([a-z0-9-]+) \((\w+)\)$/.exec(part) ?? [];
    const [, functionName, disorder] = /^([a-zA-Z.]+) (lagging|reversed|one-by-one)$/.exec(part) ?? [];
    const [, what, at, to] = /^(\w+) put back at #(\d+) to #(\d+)$/.exec(part) ?? [];
    if (what !== undefined && what in restorables) {
      cell.putBack = { what: what as Restorable, to: Number(to), at: Number(at) };
    } else if (site) {
      cell.faults.push({ site, nth: Number(nth), kind: kind as FaultKind, reach: reach as Fault['reach'] });
    } else if (functionName) {
      cell.disorder = { functionName, kind: disorder as NonNullable<Cell['disorder']>['kind'] };
    } else {
      throw new Error(`Not a cell, as a report names it: ${id}`);
    }
  }
  return cell;
}
