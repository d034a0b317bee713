const step = 1.05;

/** How long many things took, each known to within 5 %. */
export class Latencies {
  readonly #counts: number[] = [];
  #total = 0;

  add(ms: number, count: number): void {
    const bin = Math.max(0, Math.ceil(Math.log(Math.max(1, ms)) / Math.log(step)));
    this.#counts[bin] = (this.#counts[bin] ?? 0) + count;
    this.#total += count;
  }

  /** What so large a part of them took at most, in milliseconds; undefined when there are none. */
  quantile(part: number): number | undefined {
    let seen = 0;
    for (const [bin, count = 0] of this.#counts.entries()) {
      seen += count;
      if (seen > 0 && seen >= part * this.#total) return step ** bin;
    }
    return undefined;
  }
}
