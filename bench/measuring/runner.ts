import { once } from 'node:events';
import { join } from 'node:path';
import { startApart } from './runApart.ts';

/** What a queue's consumer is given. */
export type Workload = {
  name: string;
  about: string;
  /** Messages of one batch. */
  size: number;
  /** The messages of the n-th batch. */
  batch(n: number): string[];
  /** Of a batch, the messages that no consumer can handle. */
  bad?: number;
};

/** What is run: so many batches, from the n-th on. */
export type Turn = { first: number; batches: number };

/** User and system time of the process, garbage collection included. */
export type Taken = { cpuMicroseconds: number };

/** A consumer's bundle in a process of its own, so that none is warmed up by another. */
export type Runner = { run(turn: Turn): Promise<Taken>; stop(): Promise<void> };

/**
 * @param workloads path of the module that exports `workloads`, and among them the workload
 * @throws in `run`, when the consumer failed or reported more failures than there were bad messages
 */
export async function startRunner(options: {
  bundle: string;
  workloads: string;
  workload: Workload;
  environment: Record<string, string>;
}): Promise<Runner> {
  const { bundle, workloads, workload, environment } = options;
  const { child, stop } = await startApart(join(import.meta.dirname, 'runnerProcess.ts'), {
    args: [bundle, workloads, workload.name],
    // What handlers log goes nowhere: Lambda takes it from them. Where nothing is bad, a warning says why this failed.
    stdio: ['ignore', 'ignore', workload.bad ? 'ignore' : 'inherit', 'ipc'],
    env: { ...process.env, POWERTOOLS_SERVICE_NAME: 'bench', ...environment },
  });
  const endedEarly = once(child, 'exit').then(() => {
    throw new Error(`${bundle} ended while it was measured with ${workload.name}`);
  });
  endedEarly.catch(() => {});
  return {
    async run(turn) {
      const answered = once(child, 'message');
      child.send(turn);
      const [taken] = (await Promise.race([answered, endedEarly])) as [Taken | { error: string }];
      if ('error' in taken) throw new Error(taken.error);
      return taken;
    },
    stop,
  };
}
