import { vi } from 'vitest';
import { run } from '../fanfold.ts';

export type Ended = { code: number; stdout: string; stderr: string };

/**
 * Runs a command as `./fanfold` does, but in this process: one of its own takes a quarter to a half of a second of a processor.
 * Only one at a time. What it does with signals, pipes and a terminal needs a process.
 *
 * @param port FANFOLD_PORT
 */
export async function fanfold(args: string[], port: number | string = 4000): Promise<Ended> {
  const written = { stdout: '', stderr: '' };
  const environment = { FANFOLD_PORT: process.env.FANFOLD_PORT, NO_COLOR: process.env.NO_COLOR };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((text) => {
      written.stdout += `${text}\n`;
    }),
    vi.spyOn(console, 'error').mockImplementation((text) => {
      written.stderr += `${text}\n`;
    }),
    // Progress is on a stream.
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.stderr += text;
      return true;
    }),
  ];
  Object.assign(process.env, { FANFOLD_PORT: String(port), NO_COLOR: '1' });
  try {
    return { code: await run(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const [name, value] of Object.entries(environment)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
