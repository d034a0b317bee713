import { join } from 'node:path';
import { bundle } from '../bundle.ts';
import { startInstantAws } from '../instantAws.ts';
import { interleave, type Variant } from '../interleave.ts';
import { median } from '../median.ts';
import type { Part } from '../part.ts';
import { table } from '../table.ts';
import { workloads } from './workloads.ts';

export type PipelineCost = {
  workload: string;
  consumer: string;
  microsecondsPerEvent: number;
  /** Against the floor with the same messages, round by round. */
  timesFloor: number;
};

type Compared = Variant & { floor: string };

const floor = 'JSON.parse and a switch';
const floorSending = 'the same, and bad messages sent';

export const pipelinePart: Part<{ rounds: number; pipelines: PipelineCost[] }> = {
  name: 'pipeline',
  about: 'what parsing, validating and routing takes, beside calls',

  async measure({ quick, tell }) {
    tell('bundling');
    const aws = await startInstantAws();
    const variants = await variantsWith({
      ...aws.environment,
      EVENTS_QUEUE_URL: `${aws.url}/000000000000/events`,
      EVENTS_DEAD_LETTER_QUEUE_URL: `${aws.url}/000000000000/dead-letters`,
    });
    const amount = quick
      ? { sets: 1, rounds: 1, warmUp: 100, batches: 100 }
      : { sets: 4, rounds: 4, warmUp: 1500, batches: 500 };
    const times = await interleave(variants, join(import.meta.dirname, 'workloads.ts'), amount, tell);
    await aws.stop();
    const pipelines = variants.map((variant) => {
      const own = times.get(variant) ?? [];
      const against = variants.find(
        ({ name, workload }) => name === variant.floor && workload === variant.workload,
      );
      const floorTimes = (against && times.get(against)) ?? [];
      return {
        workload: variant.workload.name,
        consumer: variant.name,
        microsecondsPerEvent: median(own),
        timesFloor: median(own.map((time, round) => time / (floorTimes[round] ?? Number.NaN))),
      };
    });
    return { rounds: amount.sets * amount.rounds, pipelines };
  },

  report: ({ rounds, pipelines }) => `CPU per event, warm, medians of ${rounds} interleaved rounds:

${table(
  ['messages', 'consumer', 'µs per event', '× floor'],
  pipelines.map(({ workload, consumer, microsecondsPerEvent, timesFloor }) => [
    workload,
    consumer,
    microsecondsPerEvent.toFixed(2),
    timesFloor.toFixed(2),
  ]),
)}

${workloads.map(({ name, about }) => `- ${name}: ${about}`).join('\n')}

Where nothing is sent, a bad message's way to the dead-letter queue is all but the call. Where it is, the floor sends it too.`,
};

async function variantsWith(environment: Record<string, string>): Promise<Compared[]> {
  const handler = async (name: string, noQueue = false) => {
    const entry = join(import.meta.dirname, `handlers/${name}.ts`);
    const options = noQueue && {
      alias: { '@aws-sdk/client-sqs': join(import.meta.dirname, 'noQueue.ts') },
    };
    return (await bundle(entry, `pipeline-${name}${noQueue ? '-no-queue' : ''}`, options || {})).path;
  };
  const alone = {
    [floor]: await handler('floor'),
    Fanfold: await handler('fanfold', true),
    'middy and Powertools batch, parser': await handler('toolkit'),
  };
  const sending = {
    [floorSending]: await handler('floorQuarantine'),
    'Fanfold, and bad messages sent': await handler('fanfold'),
  };
  const variantsOf = (bundles: Record<string, string>, against: string, of: typeof workloads) =>
    of.flatMap((workload) =>
      Object.entries(bundles).map(([name, path]) => ({
        name,
        bundle: path,
        workload,
        environment,
        floor: against,
      })),
    );
  return [
    ...variantsOf(alone, floor, workloads),
    ...variantsOf(
      sending,
      floorSending,
      workloads.filter(({ bad }) => bad),
    ),
  ];
}
