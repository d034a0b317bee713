import { safe } from '../terminal.ts';

/** Columns of equal width, as they are printed; the first one is right-aligned. */
export function table(cells: string[][]): string[] {
  const rows = cells.map((row) => row.map(safe));
  const widths = rows.reduce<number[]>(
    (all, row) => row.map((cell, i) => Math.max(all[i] ?? 0, cell.length)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
