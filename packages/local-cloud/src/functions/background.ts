// Runs of functions that compute for long give way to those that somebody may wait for.

let running = 0;
let waiting: (() => void)[] = [];

/** So that a run in the background comes to its turn while requests never end. */
const longestPostponementMs = 1_000;

/** Whether nothing runs in the foreground. */
export const isAtRest = (): boolean => running === 0;

/** Runs what others give way to. */
export async function inForeground<Result>(run: () => Promise<Result>): Promise<Result> {
  running += 1;
  try {
    return await run();
  } finally {
    running -= 1;
    if (isAtRest()) for (const resolve of waiting.splice(0)) resolve();
  }
}

/** Resolves when nothing runs in the foreground, or after a second. */
export async function atRest(): Promise<void> {
  if (isAtRest()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  waiting.push(resolve);
  const timer = setTimeout(resolve, longestPostponementMs);
  await promise;
  clearTimeout(timer);
  waiting = waiting.filter((each) => each !== resolve);
}
