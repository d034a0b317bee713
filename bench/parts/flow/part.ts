import { join } from 'node:path';
import { runApart } from '../../measuring/runApart.ts';
import type { Part } from '../../part.ts';
import { medianOfEach } from '../../reporting/statistics.ts';
import { table } from '../../reporting/table.ts';
import type { Story } from './story.ts';

type Run = { clients: number; payments: number };

type Result = { rounds: number; runs: (Run & Story)[] };

const runs: Run[] = [
  { clients: 1, payments: 200 },
  { clients: 16, payments: 1500 },
  { clients: 32, payments: 1500 },
];

const quickRuns: Run[] = [
  { clients: 1, payments: 5 },
  { clients: 16, payments: 48 },
];

export const flowPart: Part<Result> = {
  name: 'flow',
  about: 'from a payment to its invoice and its record, through all services in one process',
  minutes: 3,

  async measure({ quick, tell }) {
    const [rounds, warmUp] = quick ? [1, 2] : [3, 30];
    const measured = (quick ? quickRuns : runs).map((run) => ({ run, stories: [] as Story[] }));
    for (let round = 1; round <= rounds; round++) {
      for (const { run, stories } of measured) {
        const what = `${run.clients} clients, ${run.payments} payments`;
        tell(`${what}: round ${round} of ${rounds}`);
        const story: [string, string] = [join(import.meta.dirname, 'story.ts'), 'measureStory'];
        stories.push(await runApart(what, story, [run.clients, run.payments, warmUp]));
      }
    }
    return { rounds, runs: measured.map(({ run, stories }) => ({ ...run, ...medianOfEach(stories) })) };
  },

  report: ({ rounds, runs: each }) => `${table(
    ['clients', 'payments', 'POST p50 / p99', 'to the invoice', 'to the record', 'invoices/s', 'recorded/s'],
    each.map(({ clients, payments, ...story }) => [
      String(clients),
      String(payments),
      ...[story.answeredMs, story.invoicedMs, story.auditedMs].map(
        ({ p50, p99 }) => `${p50.toFixed(1)} / ${p99.toFixed(1)} ms`,
      ),
      story.invoicesPerSecond.toFixed(0),
      story.auditedPerSecond.toFixed(0),
    ]),
  )}

One client waits for each invoice before it pays again: its payments a second follow from that. Locally audit gathers for a
second before it records. Medians of ${rounds} rounds.

Processor time for a payment, and memory:

${table(
  ['clients', 'functions and mappings', 'fauxqs and KMS', 'DynamoDB', 'memory'],
  each.map(({ clients, cpuMsPerPayment: { services, fauxqs, dynamodb }, rssMb }) => [
    String(clients),
    ...[services, fauxqs, dynamodb].map((cpuMs) => `${cpuMs.toFixed(1)} ms`),
    `${rssMb.toFixed(0)} MB`,
  ]),
)}`,
};
