import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { findStack } from '@fanfold/local-cloud/stack';
import { type Checkout, pnpmCommand } from '../../../scripts/checkout.ts';
import { start, stop } from '../../../scripts/processes.ts';
import { memoryMbOf, processTree } from '../../measuring/processTree.ts';

/** A stack that `pnpm dev` runs in some checkout. */
export type DevStack = {
  /** From the command to its line that it is ready. */
  readySeconds: number;
  /** Base URL of payments and of billing. */
  urls: { payments: string; billing: string };
  /** Of `dev` and all its processes, without pnpm; undefined where there is no /proc. */
  memoryMb(): number | undefined;
  cpuMs(): number | undefined;
  stop(): Promise<void>;
};

/**
 * Starts it as a developer would, whichever commit it is: only what README promises is used.
 *
 * @param base the port that its others are counted from
 * @throws when it ends before it is ready, with what it printed
 */
export async function startDev(
  { folder }: Pick<Checkout, 'folder'>,
  base: number,
  resources: AsyncDisposableStack,
): Promise<DevStack> {
  const startedAt = performance.now();
  const { FANFOLD_DATA_FOLDER: _, ...environment } = process.env;
  const [command = '', ...leading] = pnpmCommand();
  const child = start(command, [...leading, 'dev'], {
    cwd: folder,
    env: { ...environment, FANFOLD_PORT: String(base) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let pid: number | undefined;
  const stopDev = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    // As Ctrl-C does. pnpm ends when `dev` has ended.
    if (pid !== undefined) process.kill(pid, 'SIGINT');
    const patience = setTimeout(() => stop(child), pid === undefined ? 0 : 60_000);
    await exited;
    clearTimeout(patience);
  };
  resources.defer(stopDev);
  const printed: string[] = [];
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr] as Readable[]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (pid === undefined) printed.push(line);
        if (line.startsWith('fanfold is ready')) resolve();
      });
    }
  });
  const ended = exited.then(([code]): never => {
    throw new Error(`pnpm dev in ${folder} ended with ${code}:\n${printed.join('\n')}`);
  });
  ended.catch(() => {}); // Also when it is stopped, later.
  await Promise.race([ready, ended]);
  const readySeconds = (performance.now() - startedAt) / 1000;
  const stack = await findStack(base);
  if (!stack) throw new Error(`Nothing answers on port ${base}`);
  pid = stack.pid;
  const tree = () => processTree(stack.pid);
  const sumOf = (values: number[]) =>
    values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
  return {
    readySeconds,
    urls: { payments: `http://127.0.0.1:${base + 1}`, billing: `http://127.0.0.1:${base + 2}` },
    memoryMb: () => sumOf(tree().map(memoryMbOf)),
    cpuMs: () => sumOf(tree().map(({ cpuMs }) => cpuMs)),
    stop: stopDev,
  };
}
