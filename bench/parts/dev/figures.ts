import { table } from '../../reporting/table.ts';

/** What is aimed at: at least or at most so many times the other commit's value, and at most so much. */
export type Target = { timesAtLeast?: number; timesAtMost?: number; atMost?: number };

type Shown = { title: string; unit: 's' | 'MB' | 'ms of CPU' | 'a second'; target?: Target };

/** What is measured of a checkout, in the order of the table. Targets are ratios to commit 218b6da. */
export const figures = {
  paymentsPerSecond: { title: 'dev: payments', unit: 'a second', target: { timesAtLeast: 3 } },
  postP50Seconds: { title: 'dev: POST, p50 under that load', unit: 's', target: { timesAtMost: 0.33 } },
  postP99Seconds: { title: 'dev: POST, p99 under that load', unit: 's', target: { timesAtMost: 0.33 } },
  cpuMsPerPayment: { title: 'dev: a payment', unit: 'ms of CPU' },
  readyMb: { title: 'dev: memory when ready', unit: 'MB', target: { timesAtMost: 0.5 } },
  loadMb: { title: 'dev: memory under that load', unit: 'MB', target: { timesAtMost: 0.5 } },
  readySeconds: { title: 'dev: ready, warm', unit: 's', target: { timesAtMost: 0.5 } },
  handlerEditSeconds: { title: 'edit of a handler → new answer', unit: 's', target: { atMost: 1 } },
  sharedEditSeconds: { title: 'edit of a shared package → new answer', unit: 's', target: { atMost: 2 } },
  storyPerSecond: {
    title: 'story in process, payments',
    unit: 'a second',
    target: { timesAtLeast: 2 },
  },
  testSeconds: { title: 'pnpm test, wall', unit: 's', target: { timesAtMost: 0.2, atMost: 300 } },
  testCpuSeconds: { title: 'pnpm test, CPU', unit: 's', target: { timesAtMost: 0.2 } },
  ciSeconds: { title: '.ci/run, wall', unit: 's', target: { timesAtMost: 0.5 } },
} satisfies Record<string, Shown>;

export type Figure = keyof typeof figures;

/** What was measured: what could not be is absent. */
export type Figures = Partial<Record<Figure, number>>;

/** A row of the table: `met` is absent where there is no target, or something that it needs. */
export type Compared = {
  figure: Figure;
  own?: number;
  against?: number;
  times?: number;
  met?: boolean;
};

/** @param against of the commit that it is compared with; without it only targets that are no ratios can be met */
export function compare(own: Figures, against: Figures = {}): Compared[] {
  return (Object.keys(figures) as Figure[])
    .filter((figure) => own[figure] !== undefined || against[figure] !== undefined)
    .map((figure) => {
      const [ours, theirs] = [own[figure], against[figure]];
      const times = ours === undefined || theirs === undefined ? undefined : ours / theirs;
      const { target }: Shown = figures[figure];
      const met = target && isMet(target, ours, times);
      return {
        figure,
        ...(ours !== undefined && { own: ours }),
        ...(theirs !== undefined && { against: theirs }),
        ...(times !== undefined && { times }),
        ...(met !== undefined && { met }),
      };
    });
}

/** Undefined where a number that the target is about was not measured. */
function isMet({ timesAtLeast, timesAtMost, atMost }: Target, own?: number, times?: number) {
  const parts = [
    ...(timesAtLeast === undefined ? [] : [times === undefined ? undefined : times >= timesAtLeast]),
    ...(timesAtMost === undefined ? [] : [times === undefined ? undefined : times <= timesAtMost]),
    ...(atMost === undefined ? [] : [own === undefined ? undefined : own <= atMost]),
  ];
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

/** @param name of the other commit, when there is one */
export const comparison = (compared: Compared[], name?: string): string =>
  table(
    ['', ...(name ? [name] : []), 'this', ...(name ? ['ratio'] : []), 'target', ''],
    compared.map(({ figure, own, against, times, met }) => {
      const { title, unit, target }: Shown = figures[figure];
      const value = (of?: number) => (of === undefined ? '–' : `${shown(of)} ${unit}`);
      return [
        title,
        ...(name ? [value(against)] : []),
        value(own),
        ...(name ? [times === undefined ? '–' : `${times.toFixed(2)} ×`] : []),
        target ? targetText(target, unit) : '',
        met === undefined ? '' : met ? 'met' : 'missed',
      ];
    }),
  );

const targetText = ({ timesAtLeast, timesAtMost, atMost }: Target, unit: string): string =>
  [
    ...(timesAtLeast === undefined ? [] : [`≥ ${timesAtLeast} ×`]),
    ...(timesAtMost === undefined ? [] : [`≤ ${timesAtMost} ×`]),
    ...(atMost === undefined ? [] : [`≤ ${atMost} ${unit}`]),
  ].join(', ');

/** Three digits. */
const shown = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString();
