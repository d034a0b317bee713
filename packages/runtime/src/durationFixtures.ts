/**
 * What would take seconds if the time grew with the square of the input, and a tenth of this when it does not: the
 * rest is for a machine that has other things to do.
 */
export const slowMs = 500;

/** How long something takes when the machine has time for it, in milliseconds: the quickest of five runs. */
export function quickest(run: () => unknown): number {
  const durations = Array.from({ length: 5 }, () => {
    const started = performance.now();
    run();
    return performance.now() - started;
  });
  return Math.min(...durations);
}
