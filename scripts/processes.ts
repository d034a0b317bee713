import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What a command said, and its exit code: `null` when a signal ended it. */
export type Ended = { code: number | null; output: string };

const running = new Set<ChildProcess>();

/**
 * Starts a command in a process group of its own, so that all that it starts can be ended with it, and so that Ctrl-C
 * reaches only who started it, who then ends the others in turn.
 */
export function start(command: string, commandArguments: string[], options: SpawnOptions): ChildProcess {
  const child = spawn(command, commandArguments, { ...options, detached: true });
  running.add(child);
  for (const end of ['exit', 'error']) child.once(end, () => running.delete(child));
  return child;
}

/** Runs a command to its end. */
export async function run(
  command: string,
  commandArguments: string[],
  options: SpawnOptions = {},
): Promise<Ended> {
  const child = start(command, commandArguments, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout?.on('data', (chunk) => output.push(chunk));
  child.stderr?.on('data', (chunk) => output.push(chunk));
  const [code] = await once(child, 'close');
  return { code, output: Buffer.concat(output).toString() };
}

/** Ends a process and all that it started. */
export async function stop(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return;
  const exited = once(child, 'exit');
  signal(child, 'SIGTERM');
  const patience = setTimeout(() => signal(child, 'SIGKILL'), 5_000);
  await exited;
  clearTimeout(patience);
  // What ignored the signal that its parent obeyed.
  signal(child, 'SIGKILL');
}

/** Ends all that was started. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map(stop));
}

function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
