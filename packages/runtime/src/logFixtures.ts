import { afterEach, beforeEach, vi } from 'vitest';

/** Takes what each test logs away from the terminal. Gives back the structured lines of the test that runs. */
export function captureLog(): () => Record<string, unknown>[] {
  let lines: string[] = [];
  beforeEach(() => {
    lines = [];
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk) => {
        lines.push(String(chunk));
        return true;
      });
    }
  });
  afterEach(() => {
    vi.mocked(process.stdout.write).mockRestore();
    vi.mocked(process.stderr.write).mockRestore();
  });
  return () => lines.map((line) => JSON.parse(line));
}
