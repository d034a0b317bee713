import { type Entry, parseEntry } from './entry.ts';
import type { Findings } from './findings.ts';
import { Sequences } from './sequences.ts';

/** An event can be late, because of an outage or a redrive. Most are not later than this. */
const lateMs = 3_600_000;

/** The entries and the numbers that the events of each subject have: none twice, and none left out. */
export class Numbers {
  /** Whether every entry could be read, so that a missing number is really not in the log. */
  isComplete = true;
  readonly #findings: Findings;
  readonly #sequences: Sequences;
  #newestMs = 0;

  constructor(findings: Findings, maxSubjects: number) {
    this.#findings = findings;
    this.#sequences = new Sequences(maxSubjects);
  }

  read(index: number, bytes: Uint8Array): void {
    let entry: Entry;
    try {
      entry = parseEntry(bytes);
    } catch (error) {
      this.#findings.add('format', `entry ${index}`, (error as Error).message);
      this.isComplete = false;
      return;
    }
    const { subject, sequence, recordedtime } = entry;
    const recordedMs = Date.parse(recordedtime);
    this.#newestMs = Math.max(this.#newestMs, recordedMs);
    if (this.#sequences.add(subject, Number(sequence), recordedMs)) return;
    this.#findings.add(
      'sequence',
      `entry ${index}`,
      `subject ${subject} has the number ${Number(sequence)} twice`,
    );
  }

  report(warnings: string[]): void {
    const { notFollowed } = this.#sequences;
    if (notFollowed > 0) {
      warnings.push(
        `The numbers of ${notFollowed} entries were not checked: there are more subjects than are followed at once.`,
      );
    }
    if (!this.isComplete) {
      warnings.push('Whether numbers are missing was not checked: not every entry could be read.');
      return;
    }
    let [atBeginning, late] = [0, 0];
    for (const { subject, first, last, shownAtMs } of this.#sequences.gaps()) {
      if (first === 1) atBeginning++;
      else if (shownAtMs > this.#newestMs - lateMs) late++;
      else {
        const numbers = first === last ? `number ${first}` : `numbers ${first} to ${last}`;
        this.#findings.add('sequence', `subject ${subject}`, `has no ${numbers}, though it has greater ones`);
      }
    }
    if (atBeginning > 0) {
      warnings.push(
        `Of ${atBeginning} subjects the first numbers are not there: they are older than the log, or were left out.`,
      );
    }
    if (late > 0) {
      warnings.push(
        `${late} numbers or more were not there within an hour of the newest entry: they may still come. Verify again later.`,
      );
    }
  }
}
