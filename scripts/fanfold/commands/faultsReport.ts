import type { MatrixReport, MutantReport, Violation } from '@fanfold/faults/matrix';

/** What a soak did. `violations` are shrunk: each with the fewest faults that still break it. */
export type SoakReport = {
  seed: number;
  episodes: number;
  faults: number;
  seconds: number;
  violations: { cell: string; breaches: string[]; reproduced: boolean }[];
};

export type FaultsReport = {
  /** The day of the run. */
  date: string;
  matrix?: MatrixReport;
  mutants?: MutantReport[];
  soak?: SoakReport;
  cell?: { cell: string; breaches: string[]; trace: string[] };
};

/** How many runs ended otherwise than they should. */
export const failuresIn = ({ matrix, mutants, soak, cell }: FaultsReport): number =>
  (matrix?.violations.length ?? 0) +
  (mutants?.filter(({ caughtBy }) => !caughtBy).length ?? 0) +
  (soak?.violations.length ?? 0) +
  (cell && cell.breaches.length > 0 ? 1 : 0);

/** A violation, and what repeats it. */
export const violationOf = ({ cell, breaches }: Violation): string[] => [
  '',
  cell,
  ...breaches.slice(0, 5).map((breach) => `  ${breach}`),
  `  again: ./fanfold faults --cell '${cell}'`,
];

/** What was found, for a terminal: each violation with what repeats it, then the sums. */
export function summaryOf({ matrix, mutants, soak, cell }: FaultsReport): string[] {
  return [
    ...(matrix ? [...matrix.violations.flatMap(violationOf), sumOf(matrix)] : []),
    ...(mutants
      ? [
          `${mutants.filter(({ caughtBy }) => caughtBy).length} of ${mutants.length} removed guards were noticed.`,
          ...mutants.filter(({ caughtBy }) => !caughtBy).map(({ name }) => `  nobody noticed: ${name}`),
        ]
      : []),
    ...(soak ? [...soak.violations.flatMap(violationOf), soakOf(soak)] : []),
    ...(cell
      ? [...cell.trace, ...(cell.breaches.length > 0 ? cell.breaches : ['Every promise was kept.'])]
      : []),
  ];
}

const count = (number: number): string => number.toLocaleString('en-US');

const sumOf = ({ cells, struck, changed, violations, seconds }: MatrixReport): string =>
  `${count(cells.run)} runs, of ${count(cells.single)} single faults and ${count(cells.pairs)} pairs, in ${count(seconds)} s. ` +
  `In ${count(struck)} all faults took effect, in ${count(changed)} the execution changed; ${violations.length} violations.`;

const soakOf = ({ seed, episodes, faults, seconds, violations }: SoakReport): string =>
  `Seed ${seed}: ${count(episodes)} episodes with ${count(faults)} faults in ${count(seconds)} s; ${violations.length} violations.`;

const places = ['matrix', 'mutants', 'soak'] as const;

/**
 * What stands between `<!-- matrix -->` and `<!-- /matrix -->` in a document, and likewise for the other parts of a report.
 *
 * @throws when one of them has no place
 */
export function placesIn(document: string): Record<(typeof places)[number], string> {
  const entries = places.map((name) => {
    const [, text] = new RegExp(`<!-- ${name} -->\n(.*?)<!-- /${name} -->`, 's').exec(document) ?? [];
    if (text === undefined)
      throw new Error(`It has no place between <!-- ${name} --> and <!-- /${name} -->.`);
    return [name, text];
  });
  return Object.fromEntries(entries);
}

/** A document with what a run found in its place. What the run did not look for stays as it was. */
export function withReport(document: string, { date, matrix, mutants, soak }: FaultsReport): string {
  const kept = placesIn(document);
  const found = {
    matrix: matrix && `${date}: ${sumOf(matrix)}\n\n${tableOf(matrix)}\n`,
    mutants: mutants && `${mutantTableOf(mutants)}\n`,
    soak: soak && `${date}: ${soakOf(soak)}\n`,
  };
  return places.reduce(
    (text, name) =>
      text.replace(
        `<!-- ${name} -->\n${kept[name]}<!-- /${name} -->`,
        () => `<!-- ${name} -->\n${found[name] ?? kept[name]}<!-- /${name} -->`,
      ),
    document,
  );
}

function tableOf({ table }: MatrixReport): string {
  const columns = [...new Set(Object.values(table).flatMap(Object.keys))].sort();
  const rows = Object.keys(table)
    .sort()
    .map((boundary) => [boundary, ...columns.map((column) => String(table[boundary]?.[column] ?? ''))]);
  return markdown([['Boundary', ...columns], ...rows]);
}

/** The runs that showed a guard the last time, by the guard's name, as a document's table of guards has them. */
export const shownIn = (document: string): Map<string, string> =>
  new Map(
    [...placesIn(document).mutants.matchAll(/^\| (.+) \| `(.+)` \|$/gm)].map(([, name = '', cell = '']) => [
      name,
      cell,
    ]),
  );

const mutantTableOf = (mutants: MutantReport[]): string =>
  markdown([
    ['Guard removed, so that…', 'First noticed in'],
    ...mutants.map(({ name, caughtBy }) => [name, caughtBy ? `\`${caughtBy}\`` : '**nobody**']),
  ]);

const markdown = ([head, ...rows]: string[][]): string =>
  [head, head?.map(() => '---'), ...rows].map((cells) => `| ${cells?.join(' | ')} |`).join('\n');
