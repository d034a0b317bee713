import { processTree } from '../../measuring/processTree.ts';
import { quantile } from '../../reporting/statistics.ts';
import type { Stage } from './stage.ts';

export type Flow = {
  clients: number;
  payments: number;
  /** From the request to its answer, to the invoice, and to the recording of that. */
  answeredMs: Times;
  invoicedMs: Times;
  auditedMs: Times;
  /** From the first request to the last invoice, and to the last recording. */
  invoicesPerSecond: number;
  auditedPerSecond: number;
  /** Processor time of functions and mappings, of fauxqs (SNS, SQS, S3) with KMS, and of DynamoDB's emulator. */
  cpuMsPerPayment: { services: number; fauxqs: number; dynamodb: number };
  /** Memory of all processes at the end. */
  rssMb: number;
  /** What is in the tables at the end, of these payments. */
  invoices: number;
  events: number;
};

type Times = { p50: number; p99: number };

const warmUp = 30;

/**
 * One client waits for each invoice before it pays again. Several pay again as soon as they are answered, each as a
 * merchant of its own.
 */
export async function runFlow(stage: Stage, clients: number, payments: number): Promise<Flow> {
  const before = await pay(stage, 'warm', 1, warmUp);
  await Promise.all(before.map(({ audited }) => audited));
  const countBefore = await stage.count();
  const cpuBefore = cpuOf(stage);
  const startedAt = performance.now();
  const made = await Promise.all(
    (await pay(stage, 'm', clients, payments)).map(async ({ at, answeredAt, ...watched }) => {
      const [invoicedAt, auditedAt] = await Promise.all([watched.invoiced, watched.audited]);
      return { at, answeredAt, invoicedAt, auditedAt };
    }),
  );
  const cpuAfter = cpuOf(stage);
  const countAfter = await stage.count();
  const timesOf = (until: (payment: (typeof made)[number]) => number): Times => {
    const times = made.map((payment) => until(payment) - payment.at);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  };
  const perSecond = (ends: number[]) => (payments * 1000) / (Math.max(...ends) - startedAt);
  return {
    clients,
    payments,
    answeredMs: timesOf(({ answeredAt }) => answeredAt),
    invoicedMs: timesOf(({ invoicedAt }) => invoicedAt),
    auditedMs: timesOf(({ auditedAt }) => auditedAt),
    invoicesPerSecond: perSecond(made.map(({ invoicedAt }) => invoicedAt)),
    auditedPerSecond: perSecond(made.map(({ auditedAt }) => auditedAt)),
    cpuMsPerPayment: {
      services: (cpuAfter.services - cpuBefore.services) / payments,
      fauxqs: (cpuAfter.fauxqs - cpuBefore.fauxqs) / payments,
      dynamodb: (cpuAfter.dynamodb - cpuBefore.dynamodb) / payments,
    },
    rssMb: processTree(stage.rootPid).reduce((sum, { rssMb }) => sum + rssMb, 0),
    invoices: countAfter.invoices - countBefore.invoices,
    events: countAfter.events - countBefore.events,
  };
}

type Made = { at: number; answeredAt: number } & ReturnType<Stage['watch']>;

async function pay(stage: Stage, merchants: string, clients: number, payments: number): Promise<Made[]> {
  const made: Made[] = [];
  let next = 0;
  const client = async (_: unknown, number: number) => {
    const merchantId = `${merchants}${number}`;
    while (next < payments) {
      const at = performance.now();
      const id = await stage.pay(merchantId, next++);
      const watched = stage.watch(merchantId, id);
      made.push({ at, answeredAt: performance.now(), ...watched });
      if (clients === 1) await watched.invoiced;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return made;
}

function cpuOf({ rootPid, emulatorsPid }: Stage): Flow['cpuMsPerPayment'] {
  const cpu = { services: 0, fauxqs: 0, dynamodb: 0 };
  for (const { pid, command, cpuMs } of processTree(rootPid)) {
    const whose = command === 'dynoxide' ? 'dynamodb' : pid === emulatorsPid ? 'fauxqs' : 'services';
    cpu[whose] += cpuMs;
  }
  return cpu;
}
