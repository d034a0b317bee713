import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { type Endpoints, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import type { Resource } from '@fanfold/local-cloud/template';
import { unpackedItem } from '@fanfold/runtime/packed';
import type { Batch, Outcome } from './consumer.ts';
import { capturedPayments, type Merchants } from './events.ts';
import { type Asked, startNetwork } from './network.ts';

/** How events are handled in one measurement. */
export type Setting = {
  service: Batch['service'];
  merchants: Merchants;
  consumers: number;
  batchSize: number;
  /** How many times as long as in AWS a call to the table takes; 0: as long as it takes here. */
  timesLatency: number;
};

/** What it came to. */
export type Run = Asked & {
  events: number;
  seconds: number;
  /** Batches that were taken, those with events that had come again included. */
  batches: number;
  /** Events that were given up and came again. */
  cameAgain: number;
  /** Of the processor, in all. */
  cpuMs: number;
};

export type Contest = {
  /** Lets consumers handle so many events, on empty tables. */
  run(setting: Setting, events: number): Promise<Run>;
  stop(): Promise<void>;
};

/**
 * Consumers with the code of billing and audit, each in a thread of its own, on emulators.
 *
 * @throws when an event was lost or came twice, or numbers have gaps: nothing is measured that is wrong
 */
export async function startContest(consumers: number): Promise<Contest> {
  const network = await startNetwork();
  const tables = { billing: await tablesOf('billing'), audit: await tablesOf('audit') };
  const env = environmentOf(tables);
  useEndpoints({ aws: network.url, dynamodb: network.url, kms: network.url });
  const threads = Array.from(
    { length: consumers },
    () => new Worker(join(import.meta.dirname, 'consumer.ts'), { env: { ...process.env, ...env } }),
  );
  return {
    async run(setting, count) {
      // New ones for each: what is in the tables would make a later run slower than an earlier one.
      const emulators = await startEmulators();
      try {
        await provision(tables[setting.service], emulators.endpoints);
        network.lead(emulators.endpoints.dynamodb, setting.timesLatency);
        network.take();
        const events = capturedPayments(count, setting.merchants);
        const handled = await handleAll(setting, events, threads.slice(0, setting.consumers));
        const asked = network.take();
        checkNumbers(await numbersIn(emulators.endpoints, nameOf(tables[setting.service].Table)), count);
        return { ...handled, ...asked, events: count };
      } finally {
        await emulators.stop();
      }
    },
    async stop() {
      await Promise.all(threads.map((thread) => thread.terminate()));
      network.stop();
    },
  };
}

/** Each consumer takes the next events as soon as it is done with those before, until none are left. */
async function handleAll({ service, batchSize }: Setting, events: Event[], threads: Worker[]) {
  const left = [...events];
  const sum = { batches: 0, cameAgain: 0, cpuMs: 0 };
  const startedAt = performance.now();
  await Promise.all(
    threads.map(async (thread) => {
      while (left.length > 0) {
        const batch = left.splice(0, batchSize);
        thread.postMessage({ service, events: batch } satisfies Batch);
        const [{ failed, cpuMs }] = (await once(thread, 'message')) as [Outcome];
        sum.batches += 1;
        sum.cameAgain += failed.length;
        sum.cpuMs += cpuMs;
        left.push(...failed.map((i) => batch[i] as Event));
      }
    }),
  );
  return { ...sum, seconds: (performance.now() - startedAt) / 1000 };
}

/** A service's tables without their streams: in AWS a stream slows no write down, in the emulator each record does. */
async function tablesOf(service: string): Promise<Record<string, Resource>> {
  const resources = Object.entries(await templateOf(service)).flatMap(([logicalId, { Type, Properties }]) => {
    const { StreamSpecification: _, ...table } = Properties;
    return Type === 'AWS::DynamoDB::Table' ? [[logicalId, { Type, Properties: table }] as const] : [];
  });
  return Object.fromEntries(resources);
}

const nameOf = (table?: Resource): string => String(table?.Properties.TableName);

const environmentOf = ({ billing, audit }: Record<Batch['service'], Record<string, Resource>>) => ({
  BILLING_TABLE_NAME: nameOf(billing.Table),
  AUDIT_TABLE_NAME: nameOf(audit.Table),
  AUDIT_KEYS_TABLE_NAME: nameOf(audit.KeysTable),
});

type Numbered = { merchantId: string; invoice?: { number: string }; position?: number };

/** The numbers that each series has given: those of a merchant's invoices, or the log's positions, counted from 1. */
async function numbersIn({ dynamodb }: Endpoints, tableName: string): Promise<number[][]> {
  const client = new DynamoDBClient(clientConfiguration(dynamodb));
  const series = new Map<string, number[]>();
  for await (const { Items = [] } of paginateScan({ client }, { TableName: tableName })) {
    for (const item of Items) {
      const { merchantId, invoice, position } = (
        item.invoice ? unpackedItem(item) : unmarshall(item)
      ) as Numbered;
      if (!invoice && position === undefined) continue;
      const name = invoice ? merchantId : 'log';
      const number = invoice ? Number(invoice.number.split('-').at(-1)) : Number(position) + 1;
      series.set(name, [...(series.get(name) ?? []), number]);
    }
  }
  client.destroy();
  return [...series.values()];
}

function checkNumbers(series: number[][], count: number): void {
  const isGapless = (numbers: number[]) =>
    numbers.toSorted((a, b) => a - b).every((number, i) => number === i + 1);
  if (!series.every(isGapless)) throw new Error('There are gaps or doubles in what consumers numbered');
  const given = series.reduce((sum, { length }) => sum + length, 0);
  if (given !== count) throw new Error(`${count} events were handled, and ${given} are numbered`);
}
