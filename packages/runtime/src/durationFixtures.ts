/**
 * A limit for code that would take seconds if its time grew with the square of the input. Otherwise it takes a tenth
 * of the limit; the rest is for a busy machine.
 */
export const slowMs = 500;

/** The time that something takes on an idle machine, in milliseconds: the shortest of five runs. */
export function quickest(run: () => unknown): number {
  const durations = Array.from({ length: 5 }, () => {
    const started = performance.now();
    run();
    return performance.now() - started;
  });
  return Math.min(...durations);
}
