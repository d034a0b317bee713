import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { contextWith } from '@fanfold/runtime/invocationFixtures';

/** What a function's first run takes, its import included. */
export type ColdStart = { wallMs: number; cpuMs: number };

/**
 * Loads a bundle and runs its handler once, in a process in which nothing ran before.
 *
 * @throws when it fails otherwise than because there is nothing in any table
 */
export async function startOnce(bundle: string, event: unknown): Promise<ColdStart> {
  // The witness waits for the log's publisher, which is no part of its start.
  timers.setTimeout = (async (_ms: number, value: unknown) => value) as typeof timers.setTimeout;
  if (bundle.includes('witness')) syncBuiltinESMExports();
  const context = contextWith();
  const startedAt = performance.now();
  const cpuAtStart = process.cpuUsage();
  const { handler } = await import(bundle);
  const outcome = await Promise.resolve(handler(event, context)).catch((error: Error) => error);
  const { user, system } = process.cpuUsage(cpuAtStart);
  const taken = { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1000 };
  const isExpected =
    outcome instanceof Error
      ? outcome.message.startsWith('Nothing is recorded')
      : [undefined, 200, 201, 404].includes(outcome?.statusCode) && !outcome?.batchItemFailures?.length;
  if (!isExpected) throw new Error(`The first run failed: ${outcome?.stack ?? JSON.stringify(outcome)}`);
  return taken;
}
