import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Mutation, servicesUnderTest, templateUnderTest } from './functions.ts';
import type { Cell, Result } from './run.ts';
import type { Task } from './task.ts';

export type Ran = Result & { cell: Cell; durationMs: number };

/** With a guard taken out of the code, with faults that are drawn while the cell runs, and with calls that go through HTTP. */
type How = { mutation?: Mutation; isDrawn?: boolean; isOverHttp?: boolean };

/** Processes that run cells, each in a world of its own. */
export class Pool {
  readonly #idle: ChildProcess[] = [];
  readonly #all = new Set<ChildProcess>();
  #waiting: ((worker: ChildProcess) => void)[] = [];
  #isStopped = false;

  private constructor(size: number) {
    for (let i = 0; i < size; i++) this.#start();
  }

  /** Packages the services first: processes that did it beside each other would be in each other's way. */
  static async start(size: number): Promise<Pool> {
    await Promise.all(servicesUnderTest.map((service) => templateUnderTest(service, 'sandbox')));
    await templateUnderTest('payments', 'stripe');
    return new Pool(size);
  }

  /** Runs cells beside each other. Results come as they are ready; it ends early when the signal is given. */
  async *runAll(
    cells: Iterable<Cell>,
    { signal, ...how }: How & { signal?: AbortSignal } = {},
  ): AsyncGenerator<Ran> {
    const running = new Map<Cell, Promise<Ran>>();
    const next = cells[Symbol.iterator]();
    for (let { done, value } = next.next(); ; { done, value } = next.next()) {
      while (running.size >= this.#all.size || (running.size > 0 && (done || signal?.aborted))) {
        const ended = await Promise.race(running.values());
        running.delete(ended.cell);
        yield ended;
      }
      if (done || signal?.aborted) return;
      running.set(value as Cell, this.run(value as Cell, how));
    }
  }

  async run(cell: Cell, { mutation, isDrawn = false, isOverHttp = false }: How = {}): Promise<Ran> {
    const worker =
      this.#idle.pop() ?? (await new Promise<ChildProcess>((resolve) => this.#waiting.push(resolve)));
    const task: Task = { cell, mutation, isDrawn, isOverHttp };
    const started = performance.now();
    worker.send(task);
    const answered = new AbortController();
    try {
      const signal = AbortSignal.any([answered.signal, AbortSignal.timeout(runTimeoutMs)]);
      const died = once(worker, 'exit', { signal }).then(([code, by]) => {
        throw new Error(`the harness ended with ${by ?? code}`);
      });
      const [report] = await Promise.race([once(worker, 'message', { signal }), died]);
      this.#release(worker);
      return { ...report, durationMs: performance.now() - started, cell };
    } catch (error) {
      this.#all.delete(worker);
      worker.kill('SIGKILL');
      this.#start();
      const breaches = [`V3 ${(error as Error).message}`];
      return {
        breaches,
        struck: [],
        trace: [],
        places: [],
        deliveries: [],
        points: 0,
        isPutBack: false,
        seen: [],
        durationMs: runTimeoutMs,
        cell,
      };
    } finally {
      answered.abort();
    }
  }

  /** Ends all processes. What they run ends as if they had died. */
  stop(): void {
    this.#isStopped = true;
    for (const worker of this.#all) worker.disconnect();
  }

  #start(): void {
    if (this.#isStopped) return;
    const worker = fork(join(import.meta.dirname, 'worker.ts'), { serialization: 'advanced' });
    this.#all.add(worker);
    this.#release(worker);
  }

  #release(worker: ChildProcess): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(worker);
    else this.#idle.push(worker);
  }
}

/** A run takes a second, the first one of a world five, and on a machine that is busy many times that. */
const runTimeoutMs = 600_000;
