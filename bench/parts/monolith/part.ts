import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { signToken } from '@fanfold/local-cloud/issuer';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { start, stop } from '../../../scripts/processes.ts';
import { memoryMbOf, processTree } from '../../measuring/processTree.ts';
import { runApart } from '../../measuring/runApart.ts';
import type { Part } from '../../part.ts';
import { median } from '../../reporting/statistics.ts';
import { table } from '../../reporting/table.ts';
import type { Load, LoadOptions } from '../dev/load.ts';
import { startDev } from '../dev/stack.ts';
import { countLines, type Lines } from './lines.ts';

type Round = Load & { readySeconds: number; memoryMb: number; cpuMsPerPayment: number };

type Result = { seconds: number; lines: Lines; subjects: { name: string; rounds: Round[] }[] };

const clients = 16;
const repository = join(import.meta.dirname, '../../..');

export const monolithPart: Part<Result> = {
  name: 'monolith',
  about: 'the same product as one process with one database, beside `pnpm dev`',
  minutes: 4,

  async measure({ quick, seconds = quick ? 2 : 30, tell, resources }) {
    const server = process.env.DATABASE_URL;
    const subjects: (Subject & { rounds: Round[] })[] = [
      {
        name: '`pnpm dev`',
        start: (base, resources) => startDev({ folder: repository }, base, resources),
        rounds: [],
      },
      {
        name: 'monolith, PGlite in process',
        start: (base, resources) => startAlone(base, undefined, resources),
        rounds: [],
      },
    ];
    if (server !== undefined) {
      subjects.push({
        name: 'monolith, PostgreSQL server',
        start: (base, resources) => startAlone(base, server, resources),
        rounds: [],
      });
    }
    // In turn, so that what else the machine does befalls all.
    for (let round = 1; round <= (quick ? 1 : 3); round++) {
      for (const subject of subjects) {
        tell(`${subject.name}, round ${round}: ${clients} clients for ${seconds} s`);
        subject.rounds.push(await measureRound(subject, seconds, `round ${round}`, resources));
      }
    }
    const lines = await countLines();
    return { seconds, lines, subjects: subjects.map(({ name, rounds }) => ({ name, rounds })) };
  },

  report: ({
    seconds,
    lines,
    subjects,
  }) => `${clients} clients for ${seconds} s, until all is invoiced; medians of ${subjects[0]?.rounds.length} rounds in turn:

${table(
  ['', 'ready', 'payments/s', 'POST p50 / p99', 'CPU per payment', 'memory under load'],
  subjects.map(({ name, rounds }) => {
    const of = (figure: (round: Round) => number) => median(rounds.map(figure));
    return [
      name,
      `${of(({ readySeconds }) => readySeconds).toFixed(1)} s`,
      of(({ paymentsPerSecond }) => paymentsPerSecond).toFixed(0),
      `${(of(({ postSeconds }) => postSeconds.p50) * 1000).toFixed(0)} / ${(of(({ postSeconds }) => postSeconds.p99) * 1000).toFixed(0)} ms`,
      `${of(({ cpuMsPerPayment }) => cpuMsPerPayment).toFixed(1)} ms`,
      `${of(({ memoryMb }) => memoryMb).toFixed(0)} MB`,
    ];
  }),
)}

Both have the same clients, rules and invoices. \`pnpm dev\` runs AWS besides: an emulator for each of its services, a proof of each
event, and each PDF.

Lines of code for what both do, without tests, comments and empty lines:

${table(
  ['', 'own', 'shared with the other'],
  [
    ['three services', lines.services.toLocaleString('en'), lines.shared.toLocaleString('en')],
    ['monolith', lines.monolith.toLocaleString('en'), lines.shared.toLocaleString('en')],
  ],
)}`,
};

type Running = {
  readySeconds: number;
  urls: { payments: string; billing: string };
  memoryMb(): number | undefined;
  cpuMs(): number | undefined;
  stop(): Promise<void>;
};

type Subject = { name: string; start(base: number, resources: AsyncDisposableStack): Promise<Running> };

async function measureRound(
  { start }: Subject,
  seconds: number,
  round: string,
  resources: AsyncDisposableStack,
): Promise<Round> {
  const base = await freeBasePort();
  const running = await start(base, resources);
  const tokens = await Promise.all(
    Array.from({ length: clients }, (_, n) =>
      signToken({
        issuer: `http://127.0.0.1:${base}`,
        subject: 'bench',
        merchantId: `bench-${n}`,
        scopes: ['payments:write', 'invoices:read'],
        expiresInSeconds: 3600,
      }),
    ),
  );
  const pay = (payers: string[], forSeconds: number, name: string) =>
    runApart<Load>(
      'The load',
      [join(import.meta.dirname, '../dev/load.ts'), 'payUnderLoad'],
      [{ urls: running.urls, tokens: payers, seconds: forSeconds, name } satisfies LoadOptions],
    );
  await pay(tokens.slice(0, 1), 0.001, `${round} first`);
  const cpuMsBefore = running.cpuMs() ?? 0;
  const load = await pay(tokens, seconds, round);
  const measured = {
    ...load,
    readySeconds: running.readySeconds,
    memoryMb: running.memoryMb() ?? 0,
    cpuMsPerPayment: ((running.cpuMs() ?? 0) - cpuMsBefore) / load.payments,
  };
  await running.stop();
  return measured;
}

/** The monolith in a process of its own. */
async function startAlone(
  base: number,
  databaseUrl: string | undefined,
  resources: AsyncDisposableStack,
): Promise<Running> {
  const startedAt = performance.now();
  const { DATABASE_URL: _, ...environment } = process.env;
  const child = start(process.execPath, [join(repository, 'bench/monolith/main.ts')], {
    env: { ...environment, PORT: String(base), ...(databaseUrl && { DATABASE_URL: databaseUrl }) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  resources.defer(() => stop(child));
  const printed: string[] = [];
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stderr as Readable }).on('line', (line) => {
      printed.push(line);
      if (line.startsWith('monolith is ready')) resolve();
    });
  });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`The monolith ended with ${code}:\n${printed.join('\n')}`);
  });
  ended.catch(() => {}); // Also when it is stopped, later.
  await Promise.race([ready, ended]);
  const url = `http://127.0.0.1:${base}`;
  const tree = () => processTree(child.pid as number);
  return {
    readySeconds: (performance.now() - startedAt) / 1000,
    urls: { payments: url, billing: url },
    memoryMb: () => tree().reduce((sum, each) => sum + memoryMbOf(each), 0),
    cpuMs: () => tree().reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    stop: () => stop(child),
  };
}
