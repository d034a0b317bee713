import { join } from 'node:path';
import { eventSourceMapping } from '@fanfold/local-cloud/eventSourceMapping';
import { anyParameters, packageService } from '@fanfold/local-cloud/packagedTemplates';
import { type Resource, resolveTemplate } from '@fanfold/local-cloud/template';

export type QueueName = 'billing' | 'audit' | 'payments';
export type StreamName = 'payments' | 'billing';

/** How events flow, as the services' templates say. */
export type Flow = {
  api: { requestsPerSecond: number; burst: number; memoryMb: number };
  publishers: Record<StreamName, { batchSize: number; memoryMb: number }>;
  consumers: Record<QueueName, ConsumerSettings>;
  /** Series that a merchant's invoices are numbered in, and logs that events are recorded in. Not in templates: it is one. */
  seriesPerMerchant: number;
  logs: number;
};

export type ConsumerSettings = {
  batchSize: number;
  windowMs: number;
  maximumConcurrency: number;
  memoryMb: number;
  maxReceives: number;
};

/** Reads it from the templates of a deployed stage: on a laptop audit gathers for a shorter time. */
export async function flowOf(): Promise<Flow> {
  const [payments, billing, audit] = await Promise.all(['payments', 'billing', 'audit'].map(templateOf));
  if (!payments || !billing || !audit) throw new Error('A service has no template');
  const { DefaultRouteSettings } = Object(payments.HttpApiStage?.Properties) as {
    DefaultRouteSettings: { ThrottlingRateLimit: number; ThrottlingBurstLimit: number };
  };
  return {
    api: {
      requestsPerSecond: DefaultRouteSettings.ThrottlingRateLimit,
      burst: DefaultRouteSettings.ThrottlingBurstLimit,
      memoryMb: memoryMbOf(payments, 'CreatePayment'),
    },
    publishers: { payments: publisherOf(payments), billing: publisherOf(billing) },
    consumers: { billing: consumerOf(billing), audit: consumerOf(audit), payments: consumerOf(payments) },
    seriesPerMerchant: 1,
    logs: 1,
  };
}

type Resources = Record<string, Resource>;

async function templateOf(service: string): Promise<Resources> {
  const folder = join(import.meta.dirname, '../../../services', service);
  return resolveTemplate(await packageService(folder, 'production', anyParameters));
}

const memoryMbOf = (resources: Resources, name: string): number =>
  Number(resources[`${name}LambdaFunction`]?.Properties.MemorySize);

const mappingOf = (resources: Resources, name: string) => {
  const found = Object.entries(resources).find(([id]) => id.startsWith(`${name}EventSourceMapping`));
  if (!found) throw new Error(`${name} has no event source mapping`);
  return eventSourceMapping(found[1].Properties);
};

const publisherOf = (resources: Resources) => ({
  batchSize: mappingOf(resources, 'Publisher').batchSize,
  memoryMb: memoryMbOf(resources, 'Publisher'),
});

function consumerOf(resources: Resources): ConsumerSettings {
  const mapping = mappingOf(resources, 'Consumer');
  if (mapping.source !== 'queue') throw new Error('A consumer is fed by a queue');
  const { maxReceiveCount } = Object(resources.EventsQueue?.Properties.RedrivePolicy) as {
    maxReceiveCount: number;
  };
  return {
    batchSize: mapping.batchSize,
    windowMs: mapping.batchingWindowSeconds * 1000,
    maximumConcurrency: mapping.maximumConcurrency,
    memoryMb: memoryMbOf(resources, 'Consumer'),
    maxReceives: maxReceiveCount,
  };
}
