import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { findStack } from '@fanfold/local-cloud/stack';

/** A stack as `pnpm dev` starts it, in a process of its own. */
export type RunningStack = {
  base: number;
  /** What it printed so far. */
  output: string[];
  process: ChildProcess;
  /** Presses Ctrl-C and waits for the end. */
  stop(): Promise<number | null>;
};

/** Starts `pnpm dev` and waits for its last line of the start, `fanfold is ready …`. */
export async function startDev(
  base: number,
  environment: Record<string, string> = {},
  checkout: string | URL = new URL('..', import.meta.url),
): Promise<RunningStack> {
  const child = spawn(process.execPath, ['scripts/dev.ts'], {
    cwd: checkout,
    env: { ...process.env, ...environment, FANFOLD_PORT: String(base) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        output.push(line);
        if (line.startsWith('fanfold is ready')) resolve();
      });
    }
    child.once('exit', (code) => reject(new Error(`pnpm dev ended with ${code}:\n${output.join('\n')}`)));
  });
  await ready;
  return {
    base,
    output,
    process: child,
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      const [code] = await ended;
      return code;
    },
  };
}

/** Runs a function now, as its schedule would. */
export async function invoke(base: number, service: string, functionKey: string): Promise<void> {
  const description = await findStack(base);
  const name = `fanfold-${service}-local-${functionKey}`;
  const response = await fetch(
    `${description?.services[service]?.lambdaUrl}/2015-03-31/functions/${name}/invocations`,
    {
      method: 'POST',
      body: '{}',
    },
  );
  const text = await response.text();
  if (response.headers.get('x-amz-function-error')) throw new Error(`${name} failed: ${text}`);
}

/** Publishes what the log has, and has the witness cosign it, without waiting for their schedules. */
export async function signLog({ base }: Pick<RunningStack, 'base'>): Promise<void> {
  for (const functionKey of ['publishLog', 'witness']) await invoke(base, 'audit', functionKey);
}
