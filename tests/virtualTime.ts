import { vi } from 'vitest';

const tickMs = 1000;
const tickTakesMs = 5;

/**
 * Time that passes two hundred times as fast, and stands still while a function runs: ten minutes take seconds, however
 * slow the machine. `Date` has it, which fauxqs reads to see what is visible again; timers have what waits for it.
 */
class VirtualTime {
  #nowMs = Date.parse('2026-11-25T10:00:00Z');
  #running = 0;
  #clock: NodeJS.Timeout | undefined;
  readonly #waiting = new Set<{ untilMs: number; resolve: () => void }>();

  start(): void {
    this.#clock = setInterval(() => this.#tick(), tickTakesMs);
  }

  stop(): void {
    clearInterval(this.#clock);
    vi.useRealTimers();
  }

  async standStillDuring<Result>(run: () => Promise<Result>): Promise<Result> {
    this.#running += 1;
    try {
      return await run();
    } finally {
      this.#running -= 1;
    }
  }

  /** Resolves when so much of it has passed; rejects when the signal is given before. */
  wait(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const waiting = { untilMs: this.#nowMs + durationMs, resolve };
      this.#waiting.add(waiting);
      signal?.addEventListener('abort', () => {
        this.#waiting.delete(waiting);
        reject(signal.reason);
      });
    });
  }

  #tick(): void {
    if (this.#running > 0) return;
    this.#nowMs += tickMs;
    vi.setSystemTime(this.#nowMs);
    for (const waiting of this.#waiting) {
      if (waiting.untilMs > this.#nowMs) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }
}

export const virtualTime = new VirtualTime();
