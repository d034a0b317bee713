/** In the place of `node:timers/promises`, which Vitest's clock does not reach: waits by that clock. */
export const setTimeout = <Value>(
  delayMs: number,
  value?: Value,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Value | undefined> =>
  new Promise((resolve, reject) => {
    const timer = globalThis.setTimeout(() => resolve(value), delayMs);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop);
  });
