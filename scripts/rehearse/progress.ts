import { styleText } from 'node:util';
import { startProgress } from '../progress.ts';

/** What a rehearsal tells while it runs, and at its end. */
export type Progress = {
  /** Runs a step and tells how long it took. What it finds is told with `found`. */
  step<Result>(title: string, work: () => Promise<Result>): Promise<Result>;
  /** Something that was checked and is right. */
  found(line: string): void;
  /** Something that could not be checked, and what was done instead. */
  notChecked(line: string): void;
  /** All that was found, and all that was not. */
  summary(): string[];
  /** Takes away the line that says how far it is. */
  end(): void;
};

/** @param count how many steps there are */
export function progressOf(count: number, print: (line: string) => void): Progress {
  const begun = performance.now();
  const line = startProgress('rehearsing, steps', count);
  const found: string[] = [];
  const notChecked: string[] = [];
  let number = 0;
  const secondsSince = (time: number) => ((performance.now() - time) / 1_000).toFixed(0);
  return {
    async step(title, work) {
      number += 1;
      const from = performance.now();
      print(styleText('bold', `${number}/${count} ${title} (at ${secondsSince(begun)} s)`));
      line.note(title);
      const result = await work();
      line.advance();
      print(styleText('dim', `    ${secondsSince(from)} s`));
      return result;
    },
    found(line) {
      found.push(line);
      print(`    ${styleText('green', '✓')} ${line}`);
    },
    notChecked(line) {
      if (notChecked.includes(line)) return;
      notChecked.push(line);
    },
    end: () => line.end(),
    summary: () => [
      `${found.length} checks passed in ${secondsSince(begun)} s.`,
      'Not checked on this endpoint:',
      ...notChecked.map((line) => `  - ${line}`),
    ],
  };
}
