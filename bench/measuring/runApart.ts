import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/**
 * Calls what a module exports in a process of its own, so that nothing else takes time there and nothing is warmed up by what was
 * measured before, and gives its answer. What is logged there goes nowhere.
 *
 * @param what it is, for the error when it ends without an answer
 * @param path of the module
 * @param values what the export is called with: JSON
 */
export async function runApart<Answer>(
  what: string,
  [path, name]: [path: string, name: string],
  values: unknown[],
  env = process.env,
): Promise<Answer> {
  const process = join(import.meta.dirname, 'runApartProcess.ts');
  const child = fork(process, [path, name, JSON.stringify(values)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env,
  });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`${what} ended with ${code}`);
  });
  const [answer] = await Promise.race([once(child, 'message'), ended]);
  await ended.catch(() => undefined);
  return answer;
}

/** A process that goes on until it is stopped, or until this one ends. */
export type Apart<Ready> = { child: ChildProcess; ready: Ready; stop(): Promise<void> };

/**
 * Starts a module in a process of its own, which sends a message when it is ready, and has to end when it is disconnected.
 *
 * @param first sent to it at once, if anything
 */
export async function startApart<Ready>(
  path: string,
  { args = [], first, ...options }: ForkOptions & { args?: string[]; first?: object } = {},
): Promise<Apart<Ready>> {
  const child = fork(path, args, options);
  if (first) child.send(first);
  const ended = once(child, 'exit');
  const [ready] = await Promise.race([
    once(child, 'message'),
    ended.then(([code]): never => {
      throw new Error(`${path} ended with ${code}`);
    }),
  ]);
  return {
    child,
    ready,
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
