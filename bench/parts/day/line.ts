/** Events that were said of payments taken at the same moment. */
export type Cohort = {
  count: number;
  type: 'captured' | 'invoiced';
  /** When the payments were asked for. */
  paidAtMs: number;
  /** How often they were taken from a queue and given up. */
  givenUp: number;
};

/** Events that wait, the longest waiting first. */
export class Line {
  #waiting: (Cohort & { sinceMs: number })[] = [];
  #first = 0;
  count = 0;

  join(cohort: Cohort, nowMs: number): void {
    if (cohort.count === 0) return;
    this.#waiting.push({ ...cohort, sinceMs: nowMs });
    this.count += cohort.count;
  }

  take(most: number): Cohort[] {
    const taken: Cohort[] = [];
    let left = most;
    for (let cohort = this.#waiting[this.#first]; cohort && left > 0; cohort = this.#waiting[this.#first]) {
      const count = Math.min(left, cohort.count);
      taken.push({ ...cohort, count });
      left -= count;
      this.count -= count;
      cohort.count -= count;
      if (cohort.count === 0) this.#first += 1;
    }
    if (this.#first > 1000 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first);
      this.#first = 0;
    }
    return taken;
  }

  /** Since when the first one waits. */
  get sinceMs(): number | undefined {
    return this.#waiting[this.#first]?.sinceMs;
  }
}

export const countOf = (cohorts: Cohort[]): number => cohorts.reduce((sum, { count }) => sum + count, 0);
