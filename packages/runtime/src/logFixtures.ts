import { afterEach, beforeEach, type MockInstance, vi } from 'vitest';

type Line = Record<string, unknown>;

/** Takes what each test logs away from the terminal. Gives back the structured lines of the test that runs. */
export const captureLog = (): (() => Line[]) => captureOutput().logged;

/** The same, and what the test measures: lines in CloudWatch's embedded metric format. */
export function captureOutput(): { logged: () => Line[]; measured: () => Line[] } {
  const lines = captureLines();
  return {
    logged: () => lines().filter((line) => !('_aws' in line)),
    measured: () => lines().filter((line) => '_aws' in line),
  };
}

function captureLines(): () => Line[] {
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
