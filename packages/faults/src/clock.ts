import { setImmediate as nextTurn } from 'node:timers/promises';
import { createClock } from '@sinonjs/fake-timers';

/** When every run begins: the same time of the same day, so that a run that is repeated counts the same days. */
const beginning = Date.parse('2026-11-20T10:00:00Z');

/**
 * Time as functions and queues see it. It stands still while anything happens, and jumps to the next timer when nothing
 * does: minutes of retries take milliseconds, and no run depends on how busy the machine is.
 */
export class Clock {
  readonly #timers = createClock(beginning);
  /** Resolves when no call to an emulator is under way. */
  readonly #quiet: () => Promise<void>;
  readonly #isQuiet: () => boolean;

  constructor(traffic: { isQuiet: () => boolean; quiet: () => Promise<void> }) {
    this.#isQuiet = traffic.isQuiet;
    this.#quiet = traffic.quiet;
  }

  get now(): number {
    return this.#timers.now;
  }

  /** Begins again, without any timer. */
  restart(): void {
    this.#timers.reset();
  }

  /** Calls back after some time, unless that is taken back before. */
  after(delayMs: number, callback: () => void): () => void {
    const timer = this.#timers.setTimeout(callback, delayMs);
    return () => this.#timers.clearTimeout(timer);
  }

  /** Moves on. What is due fires on the way. */
  advance(durationMs: number): void {
    this.#timers.tick(durationMs);
  }

  /** Waits for something that depends on emulators and timers alone, and moves on whenever only timers are left. */
  async settle<Result>(result: Promise<Result>): Promise<Result> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    result.then(done, done);
    let idleSince = performance.now();
    for (let idleTurns = 0; !settled; ) {
      if (!this.#isQuiet()) {
        await this.#quiet();
        idleTurns = 0;
      }
      if (idleTurns === 0) idleSince = performance.now();
      idleTurns += 1;
      await nextTurn();
      const idleMs = performance.now() - idleSince;
      // Turns too, because a new instance keeps the thread busy for longer than that.
      if (settled || !this.#isQuiet() || idleTurns < patienceTurns || idleMs < patienceMs) continue;
      if (this.#timers.countTimers() > 0) {
        this.#timers.next();
        idleTurns = 0;
      } else if (idleMs > 10_000) {
        throw new Error('Nothing is under way and no timer is set, but something is still waited for');
      }
    }
    return result;
  }

  /**
   * What functions have in place of the globals of these names.
   *
   * @param guarded what is called in place of a timer's callback
   */
  globals(guarded: (callback: Callback) => Callback) {
    const timers = this.#timers;
    const setTimeout = (callback: Callback, delayMs?: number, ...values: unknown[]) =>
      timers.setTimeout(guarded(callback), delayMs ?? 0, ...values);
    return {
      Date: timers.Date,
      setTimeout,
      // The SDK also clears -1, where it set none.
      clearTimeout: (timer: unknown) => typeof timer === 'object' && timers.clearTimeout(timer as never),
      setInterval: (callback: Callback, delayMs?: number, ...values: unknown[]) =>
        timers.setInterval(guarded(callback), delayMs ?? 0, ...values),
      clearInterval: timers.clearInterval.bind(timers),
      /** In place of `AbortSignal.timeout`. */
      timeoutSignal: (delayMs: number): AbortSignal => {
        const aborting = new AbortController();
        const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError');
        setTimeout(() => aborting.abort(reason), delayMs);
        return aborting.signal;
      },
      /** In place of that of `node:timers/promises`. */
      delay: <Value>(delayMs: number, value?: Value, { signal }: { signal?: AbortSignal } = {}) =>
        new Promise<Value | undefined>((resolve, reject) => {
          const timer = setTimeout(() => resolve(value), delayMs);
          signal?.addEventListener('abort', () => {
            timers.clearTimeout(timer);
            reject(signal.reason);
          });
        }),
    };
  }
}

type Callback = (...values: unknown[]) => unknown;

/** How long nothing may happen, in real time and in turns of the event loop, before the clock moves on. */
const patienceMs = 1;
const patienceTurns = 25;
