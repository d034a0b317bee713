import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import { contextWith } from '@fanfold/runtime/invocationFixtures';

/** What a function's first run takes, its import included. */
export type ColdStart = { wallMs: number; cpuMs: number };

const [bundle = '', event = ''] = process.argv.slice(2);

// The witness waits for the log's publisher, which is no part of its start.
timers.setTimeout = (async (_ms: number, value: unknown) => value) as typeof timers.setTimeout;
if (bundle.includes('witness')) syncBuiltinESMExports();

const context = contextWith();
const input = JSON.parse(event);
const startedAt = performance.now();
const cpuAtStart = process.cpuUsage();
const { handler } = await import(bundle);
const outcome = await Promise.resolve(handler(input, context)).catch((error: Error) => error);
const { user, system } = process.cpuUsage(cpuAtStart);
const taken: ColdStart = { wallMs: performance.now() - startedAt, cpuMs: (user + system) / 1000 };

const isExpected =
  outcome instanceof Error
    ? outcome.message.startsWith('Nothing is recorded')
    : [undefined, 200, 201, 404].includes(outcome?.statusCode) && !outcome?.batchItemFailures?.length;
process.send?.(isExpected ? taken : { error: outcome?.stack ?? JSON.stringify(outcome) });
process.disconnect?.();
// Sockets are kept for further runs.
process.exit(0);
