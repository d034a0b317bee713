import { appendFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { CellReport } from '@fanfold/faults/matrix';
import { UsageError } from '../errors.ts';

/** What a long run of the matrix has done so far, in a file: it goes on there when it is stopped or its process ends. */
export type FaultsState = {
  /** How cells ended, by their ids. */
  known: Map<string, CellReport>;
  add(ended: CellReport): void;
  /** There is nothing left to go on with. */
  forget(): Promise<void>;
};

/**
 * Opens the file or makes it: a line that says which code is run, and one for each cell that ended.
 *
 * @throws UsageError when it is of other code, of which what ended says nothing about this one
 */
export async function openState(file: string, codeHash: string): Promise<FaultsState> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  // Of a line that does not end the process was ended while it wrote.
  const [head, ...lines] = text?.split('\n').slice(0, -1) ?? [];
  if (head === undefined) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${codeHash}\n`);
  } else if (head !== codeHash) {
    throw new UsageError(
      `The run that was stopped, with ${lines.length} cells done, was of other code. To begin again, delete ${file}`,
    );
  } else if (!text?.endsWith('\n')) {
    await writeFile(file, [head, ...lines, ''].join('\n'));
  }
  return {
    known: new Map(lines.map((line) => JSON.parse(line) as CellReport).map((ended) => [ended.cell, ended])),
    add: (ended) => appendFileSync(file, `${JSON.stringify(ended)}\n`),
    forget: () => rm(file, { force: true }),
  };
}
