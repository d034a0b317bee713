/** When things happened that somebody may wait for, before or after. */
export class Moments {
  #happened = new Map<string, PromiseWithResolvers<number>>();

  /** Only the first time counts. */
  now(name: string): void {
    this.#of(name).resolve(performance.now());
  }

  of(name: string): Promise<number> {
    return this.#of(name).promise;
  }

  #of(name: string): PromiseWithResolvers<number> {
    const known = this.#happened.get(name) ?? Promise.withResolvers<number>();
    this.#happened.set(name, known);
    return known;
  }
}
