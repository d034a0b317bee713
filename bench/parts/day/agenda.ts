/** What will happen, in the order of time; at the same time, in the order in which it was planned. */
export class Agenda {
  #times: number[] = [];
  #orders: number[] = [];
  #happenings: (() => void)[] = [];
  #planned = 0;

  get size(): number {
    return this.#times.length;
  }

  plan(time: number, happening: () => void): void {
    let i = this.#times.length;
    const order = this.#planned++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if ((this.#times[parent] as number) <= time) break;
      this.#move(parent, i);
      i = parent;
    }
    this.#put(i, time, order, happening);
  }

  /** Takes what comes next. */
  next(): { time: number; happening: () => void } | undefined {
    const [time] = this.#times;
    const [happening] = this.#happenings;
    if (time === undefined || happening === undefined) return undefined;
    const lastTime = this.#times.pop() as number;
    const lastOrder = this.#orders.pop() as number;
    const last = this.#happenings.pop() as () => void;
    const size = this.#times.length;
    if (size > 0) {
      let i = 0;
      for (;;) {
        let child = 2 * i + 1;
        if (child >= size) break;
        if (child + 1 < size && this.#isBefore(child + 1, child)) child += 1;
        const childTime = this.#times[child] as number;
        if (lastTime < childTime || (lastTime === childTime && lastOrder < (this.#orders[child] as number)))
          break;
        this.#move(child, i);
        i = child;
      }
      this.#put(i, lastTime, lastOrder, last);
    }
    return { time, happening };
  }

  #isBefore(a: number, b: number): boolean {
    const [timeA, timeB] = [this.#times[a] as number, this.#times[b] as number];
    return timeA < timeB || (timeA === timeB && (this.#orders[a] as number) < (this.#orders[b] as number));
  }

  #move(from: number, to: number): void {
    this.#put(
      to,
      this.#times[from] as number,
      this.#orders[from] as number,
      this.#happenings[from] as () => void,
    );
  }

  #put(at: number, time: number, order: number, happening: () => void): void {
    this.#times[at] = time;
    this.#orders[at] = order;
    this.#happenings[at] = happening;
  }
}
