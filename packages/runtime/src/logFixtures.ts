import { afterEach, beforeEach, type MockInstance, vi } from 'vitest';

type Line = Record<string, unknown>;

/** Captures what each test logs. Returns the structured lines of the current test. */
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
