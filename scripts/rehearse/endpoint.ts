import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@fanfold/local-cloud/ports';
import { start, stop } from '../processes.ts';

/** A permission that a caller needed, or a resource that CloudFormation handled for one: python/endpoint.py. */
export type Call =
  | { caller: string; action: string; resource: string; allowed: boolean }
  | { type: string; operation: 'create' | 'update' | 'delete'; region: string };

export type Endpoint = {
  port: number;
  url: string;
  /** All calls so far, oldest first. */
  calls(): Promise<Call[]>;
  stop(): Promise<void>;
};

/**
 * Starts an AWS endpoint on a free port of 127.0.0.1. It keeps nothing: account 000000000000 is empty each time.
 *
 * @param programs folder with its Python
 * @param folder where it may write
 * @param records folder for what it tells, functions' errors among it, and for the calls that it saw
 */
export async function startEndpoint(programs: string, folder: string, records: string): Promise<Endpoint> {
  const port = await freePort();
  const [log, calls] = [join(records, 'endpoint.log'), join(records, 'calls.jsonl')];
  const program = join(import.meta.dirname, 'python/endpoint.py');
  const child = start(join(programs, 'python'), [program, String(port), folder, calls], {
    // It runs functions with the first `node` that it finds.
    env: { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const file = createWriteStream(log);
  child.stdout?.pipe(file, { end: false });
  child.stderr?.pipe(file, { end: false });
  let stopping = false;
  const failed = once(child, 'close').then(async ([code]): Promise<never> => {
    if (stopping) return new Promise(() => {});
    throw new Error(`The AWS endpoint ended with ${code}:\n${await readFile(log, 'utf8')}`);
  });
  failed.catch(() => {}); // Reported while it starts; later, by whoever calls it.
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([answers(`${url}/_ministack/health`, child), failed]);
  return {
    port,
    url,
    async calls() {
      const lines = await readFile(calls, 'utf8');
      return lines
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    },
    async stop() {
      stopping = true;
      await stop(child);
      file.end();
    },
  };
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await delay(100);
  }
}
