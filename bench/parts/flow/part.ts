import { join } from 'node:path';
import { runApart } from '../../measuring/runApart.ts';
import type { Part } from '../../part.ts';
import { median } from '../../reporting/statistics.ts';
import { table } from '../../reporting/table.ts';
import type { Flow } from './flow.ts';

type Run = { place: 'in process' | 'dev'; clients: number; payments: number; rounds: number };

type Result = { runs: (Run & Flow)[] };

const runs: Run[] = [
  { place: 'in process', clients: 1, payments: 200, rounds: 3 },
  { place: 'in process', clients: 16, payments: 1500, rounds: 3 },
  { place: 'in process', clients: 32, payments: 1500, rounds: 3 },
  { place: 'dev', clients: 1, payments: 100, rounds: 1 },
  { place: 'dev', clients: 16, payments: 500, rounds: 1 },
];

const quickRuns: Run[] = [
  { place: 'in process', clients: 1, payments: 5, rounds: 1 },
  { place: 'in process', clients: 16, payments: 48, rounds: 1 },
];

export const flowPart: Part<Result> = {
  name: 'flow',
  about: 'from a payment to its invoice and its record, through all services',
  minutes: 3,

  async measure({ quick, tell }) {
    const wanted = quick ? quickRuns : runs;
    const measured = new Map<Run, Flow[]>(wanted.map((run) => [run, []]));
    for (let round = 1; round <= Math.max(...wanted.map(({ rounds }) => rounds)); round++) {
      for (const run of wanted.filter(({ rounds }) => round <= rounds)) {
        tell(
          `${run.place}, ${run.clients} clients, ${run.payments} payments: round ${round} of ${run.rounds}`,
        );
        measured.get(run)?.push(await inProcess(run));
      }
    }
    return {
      runs: [...measured].map(([run, flows]) => ({ ...run, ...medianOf(flows) })),
    };
  },

  report: ({ runs: each }) => `${table(
    [
      '',
      'clients',
      'payments',
      'POST p50 / p99',
      'to the invoice',
      'to the record',
      'invoices/s',
      'recorded/s',
    ],
    each.map(({ place, clients, payments, ...flow }) => [
      place,
      String(clients),
      String(payments),
      ...[flow.answeredMs, flow.invoicedMs, flow.auditedMs].map(
        ({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`,
      ),
      flow.invoicesPerSecond.toFixed(0),
      flow.auditedPerSecond.toFixed(0),
    ]),
  )}

One client waits for each invoice before it pays again: its payments a second follow from that. Locally audit gathers for a
second before it records. The median of ${Math.max(...each.map(({ rounds }) => rounds))} rounds in process, one under \`pnpm dev\`.

Processor time for a payment, and memory:

${table(
  ['', 'clients', 'functions and mappings', 'fauxqs and KMS', 'DynamoDB', 'memory'],
  each.map(({ place, clients, cpuMsPerPayment: { services, fauxqs, dynamodb }, rssMb }) => [
    place,
    String(clients),
    ...[services, fauxqs, dynamodb].map((cpuMs) => `${cpuMs.toFixed(1)} ms`),
    `${rssMb.toFixed(0)} MB`,
  ]),
)}`,
};

const inProcess = ({ place, clients, payments }: Run): Promise<Flow> =>
  runApart(`A run of ${clients} clients`, join(import.meta.dirname, 'measureFlow.ts'), [
    place,
    String(clients),
    String(payments),
  ]);

/** Of each number on its own. */
function medianOf<T>(values: T[]): T {
  const [first] = values;
  if (typeof first === 'number') return median(values as number[]) as T;
  return Object.fromEntries(
    Object.keys(first as object).map((key) => [key, medianOf(values.map((value) => value[key as keyof T]))]),
  ) as T;
}
