import { afterEach, beforeEach, type MockInstance, vi } from 'vitest';

/** Takes what each test logs away from the terminal. Gives back the structured lines of the test that runs. */
export function captureLog(): () => Record<string, unknown>[] {
  let lines: string[] = [];
  let terminal: MockInstance[] = [];
  beforeEach(() => {
    lines = [];
    terminal = [process.stdout, process.stderr].map((stream) =>
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        lines.push(String(chunk));
        return true;
      }),
    );
  });
  afterEach(() => {
    for (const spy of terminal) spy.mockRestore();
  });
  return () => lines.map((line) => JSON.parse(line));
}
