import { join } from 'node:path';
import { bundle } from '../bundle.ts';
import type { Calls } from '../calls.ts';
import { startInstantAws } from '../instantAws.ts';
import { interleave, type Variant } from '../interleave.ts';
import { median } from '../median.ts';
import type { Part } from '../part.ts';
import { table } from '../table.ts';
import { existingItems, workloads } from './workloads.ts';

export type ConsumerCost = {
  workload: string;
  consumer: string;
  microsecondsPerEvent: number;
  /** Against the bare consumer with the same events, round by round. */
  timesBare: number;
  callsPerBatch: Calls;
};

const bare = 'bare SDK';

export const consumerPart: Part<{ rounds: number; consumers: ConsumerCost[] }> = {
  name: 'consumer',
  about: 'what an event takes a consumer, with its calls',

  async measure({ quick, tell }) {
    tell('bundling');
    const aws = await startInstantAws(existingItems(new Date().getUTCFullYear()));
    const variants = await variantsWith({
      ...aws.environment,
      PAYMENTS_TABLE_NAME: 'payments',
      BILLING_TABLE_NAME: 'billing',
      AUDIT_TABLE_NAME: 'audit',
      AUDIT_KEYS_TABLE_NAME: 'audit-keys',
      EVENTS_QUEUE_URL: `${aws.url}/000000000000/events`,
      EVENTS_DEAD_LETTER_QUEUE_URL: `${aws.url}/000000000000/dead-letters`,
    });
    const amount = quick
      ? { sets: 1, rounds: 1, warmUp: 2, batches: 3 }
      : { sets: 4, rounds: 5, warmUp: 100, batches: 20 };
    const calls = new Map<Variant, Calls>();
    const times = await interleave(
      variants,
      join(import.meta.dirname, 'workloads.ts'),
      amount,
      tell,
      async (variant, { batches }) => {
        const made = Object.entries(await aws.takeCalls());
        calls.set(variant, Object.fromEntries(made.map(([call, count]) => [call, count / batches])));
      },
    );
    await aws.stop();
    const consumers = variants.map((variant) => {
      const { name, workload } = variant;
      const floor = variants.find((each) => each.name === bare && each.workload === workload) ?? variant;
      const own = times.get(variant) ?? [];
      return {
        workload: workload.name,
        consumer: name,
        microsecondsPerEvent: median(own),
        timesBare: median(own.map((time, round) => time / (times.get(floor)?.[round] ?? Number.NaN))),
        callsPerBatch: calls.get(variant) ?? {},
      };
    });
    return { rounds: amount.sets * amount.rounds, consumers };
  },

  report: ({ rounds, consumers }) => `CPU per event, warm, medians of ${rounds} interleaved rounds:

${table(
  ['events', 'consumer', 'µs per event', '× bare SDK', 'calls per batch'],
  consumers.map(({ workload, consumer, microsecondsPerEvent, timesBare, callsPerBatch }) => [
    workload,
    consumer,
    microsecondsPerEvent.toFixed(0),
    timesBare.toFixed(2),
    Object.entries(callsPerBatch)
      .map(([call, count]) => `${count} ${call.replace('DynamoDB ', '')}`)
      .join(', '),
  ]),
)}

${workloads.map(({ name, about }) => `- ${name}: ${about}`).join('\n')}`,
};

/** For each workload, those whose CPU is compared. */
async function variantsWith(environment: Record<string, string>): Promise<Variant[]> {
  const other = async (name: string) =>
    (await bundle(join(import.meta.dirname, `handlers/${name}.ts`), `consumer-${name}`)).path;
  const fanfold = async (service: string) => {
    const entry = join(import.meta.dirname, `../../services/${service}/src/functions/consumer.ts`);
    return (await bundle(entry, `${service}-consumer`)).path;
  };
  const toolkit = await other('toolkit');
  const bundles: Record<string, string> = {
    [bare]: await other('bare'),
    'Fanfold payments': await fanfold('payments'),
    'Fanfold billing': await fanfold('billing'),
    'Fanfold audit': await fanfold('audit'),
    'middy and Powertools': toolkit,
    'the same, innerSchema': await other('toolkitInnerSchema'),
  };
  return workloads.flatMap((workload) => {
    const service = workload.name.split(' ')[0];
    const names = [bare, `Fanfold ${service}`, 'middy and Powertools'];
    if (service === 'payments') names.push('the same, innerSchema');
    return names.map((name) => ({ name, bundle: bundles[name] ?? '', workload, environment }));
  });
}
