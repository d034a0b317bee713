import { DynamoDBClient, GetItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { startCloud } from '../../measuring/cloud.ts';
import { processTree } from '../../measuring/processTree.ts';
import { type Services, serviceNames, startServices } from '../../measuring/services.ts';
import { quantile } from '../../reporting/statistics.ts';

export type Story = {
  /** From the request to its answer, to the invoice, and to the recording of that. */
  answeredMs: Times;
  invoicedMs: Times;
  auditedMs: Times;
  /** From the first request to the last invoice, and to the last recording. */
  invoicesPerSecond: number;
  auditedPerSecond: number;
  /** Processor time of functions and mappings, of fauxqs (SNS, SQS, S3) with KMS, and of DynamoDB's emulator. */
  cpuMsPerPayment: Cpu;
  /** Memory of all processes at the end. */
  rssMb: number;
  /** What is in the tables at the end, of these payments. */
  invoices: number;
  events: number;
};

type Times = { p50: number; p99: number };
type Cpu = { services: number; fauxqs: number; dynamodb: number };

/**
 * All functions and mappings in this process, which this takes as a whole, and the emulators in others. A payment is invoiced when
 * the run of billing's consumer that had it has ended, and audited when that of audit's consumer has that had the invoice. What
 * it takes of processors includes its invoice's PDF, for which it waits in the end.
 *
 * One client waits for each invoice before it pays again. Several pay again as soon as they are answered, each as a merchant
 * of its own.
 *
 * @param warmUp how many payments are made before
 */
export async function measureStory(clients: number, payments: number, warmUp: number): Promise<Story> {
  const cloud = await startCloud();
  const invoiced = new Moments();
  const audited = new Moments();
  const drawn = new Moments();
  const services = await startServices(cloud.endpoints, cloud.endpoints, async (service, key, run, event) => {
    const answer = await run();
    if (key !== 'consumer' || service === 'payments') return answer;
    const { batchItemFailures } = answer as SQSBatchResponse;
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { messageId, body } of (event as SQSEvent).Records) {
      const { type, data } = JSON.parse(body);
      if (failed.has(messageId)) continue;
      if (service === 'billing') invoiced.now(data.paymentId);
      if (service === 'audit' && type === 'invoice.issued.v1') audited.now(data.paymentId);
      if (service === 'audit' && type === 'invoice.rendered.v1') drawn.now(data.paymentId);
    }
    return answer;
  });
  const mappings = await Promise.all(serviceNames.map((service) => services.startMappings(service)));
  const pay = async (merchants: string, payers: number, count: number) => {
    let next = 0;
    const client = async (_: unknown, number: number) => {
      const paid: Promise<{ at: number; answeredAt: number; invoicedAt: number; auditedAt: number }>[] = [];
      const merchantId = `${merchants}${number}`;
      while (next < count) {
        const at = performance.now();
        const id = await services.pay(merchantId, next++);
        const answeredAt = performance.now();
        const moments = Promise.all([invoiced.of(id), audited.of(id), drawn.of(id)]);
        paid.push(moments.then(([invoicedAt, auditedAt]) => ({ at, answeredAt, invoicedAt, auditedAt })));
        if (payers === 1) await invoiced.of(id);
      }
      return Promise.all(paid);
    };
    return (await Promise.all(Array.from({ length: payers }, client))).flat();
  };
  await pay('warm', 1, warmUp);
  const countBefore = await count(services, cloud.endpoints.dynamodb);
  const cpuBefore = cpuOf(cloud.pid);
  const startedAt = performance.now();
  const made = await pay('m', clients, payments);
  const cpuAfter = cpuOf(cloud.pid);
  const countAfter = await count(services, cloud.endpoints.dynamodb);
  const rssMb = processTree(process.pid).reduce((sum, each) => sum + each.rssMb, 0);
  await Promise.all(mappings.map((mapping) => mapping.stop()));
  services.stop();
  await cloud.stop();
  const timesOf = (until: 'answeredAt' | 'invoicedAt' | 'auditedAt'): Times => {
    const times = made.map((payment) => payment[until] - payment.at);
    return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  };
  const perSecond = (ends: number[]) => (payments * 1000) / (Math.max(...ends) - startedAt);
  return {
    answeredMs: timesOf('answeredAt'),
    invoicedMs: timesOf('invoicedAt'),
    auditedMs: timesOf('auditedAt'),
    invoicesPerSecond: perSecond(made.map(({ invoicedAt }) => invoicedAt)),
    auditedPerSecond: perSecond(made.map(({ auditedAt }) => auditedAt)),
    cpuMsPerPayment: {
      services: (cpuAfter.services - cpuBefore.services) / payments,
      fauxqs: (cpuAfter.fauxqs - cpuBefore.fauxqs) / payments,
      dynamodb: (cpuAfter.dynamodb - cpuBefore.dynamodb) / payments,
    },
    rssMb,
    invoices: countAfter.invoices - countBefore.invoices,
    events: countAfter.events - countBefore.events,
  };
}

function cpuOf(emulatorsPid: number): Cpu {
  const cpu = { services: 0, fauxqs: 0, dynamodb: 0 };
  for (const { pid, command, cpuMs } of processTree(process.pid)) {
    const whose = command === 'dynoxide' ? 'dynamodb' : pid === emulatorsPid ? 'fauxqs' : 'services';
    cpu[whose] += cpuMs;
  }
  return cpu;
}

/** What billing and audit have in their tables. */
async function count({ resources }: Services, endpoint: string) {
  const dynamodb = new DynamoDBClient(clientConfiguration(endpoint));
  const tableOf = (service: 'billing' | 'audit') => String(resources[service].Table?.Properties.TableName);
  let invoices = 0;
  const pages = paginateScan(
    { client: dynamodb },
    { TableName: tableOf('billing'), FilterExpression: 'attribute_exists(invoice)', Select: 'COUNT' },
  );
  for await (const { Count = 0 } of pages) invoices += Count;
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableOf('audit'), Key: marshall({ pk: 'head', sk: 'head' }) }),
  );
  dynamodb.destroy();
  return { invoices, events: Number(Item?.size?.N ?? 0) };
}

/** When things happened that somebody may wait for, before or after. */
class Moments {
  #happened = new Map<string, PromiseWithResolvers<number>>();

  /** Only the first time counts. */
  now(name: string): void {
    this.#of(name).resolve(performance.now());
  }

  of(name: string): Promise<number> {
    return this.#of(name).promise;
  }

  #of(name: string): PromiseWithResolvers<number> {
    const known = this.#happened.get(name) ?? Promise.withResolvers<number>();
    this.#happened.set(name, known);
    return known;
  }
}
