import { join } from 'node:path';
import { bundle } from '../../measuring/bundle.ts';
import type { Calls } from '../../measuring/calls.ts';
import { startInstantAws } from '../../measuring/instantAws.ts';
import { type ConsumerCost, interleave, type Variant } from '../../measuring/interleave.ts';
import type { Part } from '../../part.ts';
import { table } from '../../reporting/table.ts';
import { existingItems, workloads } from './workloads.ts';

type Consumer = ConsumerCost & { callsPerBatch: Calls };

const bare = 'bare SDK';

export const consumerPart: Part<{ rounds: number; consumers: Consumer[] }> = {
  name: 'consumer',
  about: 'CPU time and calls of a consumer for an event',
  minutes: 2,

  async measure({ quick, tell }) {
    tell('bundling');
    const aws = await startInstantAws(existingItems(new Date().getUTCFullYear()));
    const variants = await variantsWith(aws.environment);
    const amount = quick
      ? { sets: 1, rounds: 1, warmUpEvents: 10, events: 20 }
      : { sets: 2, rounds: 7, warmUpEvents: 3000, events: 200 };
    const calls = new Map<Variant, Calls>();
    const workloadsPath = join(import.meta.dirname, 'workloads.ts');
    const costs = await interleave(variants, workloadsPath, amount, tell, async (variant, { batches }) => {
      const made = Object.entries(await aws.takeCalls());
      calls.set(variant, Object.fromEntries(made.map(([call, count]) => [call, count / batches])));
    });
    await aws.stop();
    const consumers = costs.map((cost, i) => ({
      ...cost,
      callsPerBatch: calls.get(variants[i] as Variant) ?? {},
    }));
    return { rounds: amount.sets * amount.rounds, consumers };
  },

  report: ({ rounds, consumers }) => `CPU per event, warm, medians of ${rounds} interleaved rounds:

${table(
  ['events', 'consumer', 'µs per event', '× bare SDK', 'calls per batch'],
  consumers.map(({ workload, consumer, microsecondsPerEvent, timesFloor, callsPerBatch }) => [
    workload,
    consumer,
    microsecondsPerEvent.toFixed(0),
    timesFloor.toFixed(2),
    Object.entries(callsPerBatch)
      .map(([call, count]) => `${count} ${call.replace('DynamoDB ', '')}`)
      .join(', '),
  ]),
)}

${workloads.map(({ name, about }) => `- ${name}: ${about}`).join('\n')}`,
};

/** For each workload, those whose CPU is compared. */
async function variantsWith(environment: Record<string, string>): Promise<Variant[]> {
  const other = (name: string) => join(import.meta.dirname, `../../peers/${name}.ts`);
  const fanfold = (service: string) =>
    join(import.meta.dirname, `../../../services/${service}/src/functions/consumer.ts`);
  const bundles = await bundle({
    'consumer-bare': other('bareConsumer'),
    'consumer-payments': fanfold('payments'),
    'consumer-billing': fanfold('billing'),
    'consumer-audit': fanfold('audit'),
    'consumer-toolkit': other('powertoolsConsumer'),
  });
  const paths: Record<string, string> = {
    [bare]: bundles['consumer-bare'].path,
    'Fanfold payments': bundles['consumer-payments'].path,
    'Fanfold billing': bundles['consumer-billing'].path,
    'Fanfold audit': bundles['consumer-audit'].path,
    'middy and Powertools': bundles['consumer-toolkit'].path,
  };
  return workloads.flatMap((workload) => {
    const service = workload.name.split(' ')[0];
    const names = [bare, `Fanfold ${service}`, 'middy and Powertools'];
    return names.map((name) => ({ name, bundle: paths[name] ?? '', workload, environment, floor: bare }));
  });
}
