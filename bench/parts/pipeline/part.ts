import { join } from 'node:path';
import { bundle } from '../../measuring/bundle.ts';
import { startInstantAws } from '../../measuring/instantAws.ts';
import { type ConsumerCost, interleave, type Variant } from '../../measuring/interleave.ts';
import type { Part } from '../../part.ts';
import { table } from '../../reporting/table.ts';
import { workloads } from './workloads.ts';

const floor = 'JSON.parse and a switch';
const floorSending = 'the same, and bad messages sent';

export const pipelinePart: Part<{ rounds: number; pipelines: ConsumerCost[] }> = {
  name: 'pipeline',
  about: 'CPU time of parsing, validating and routing, without calls',
  minutes: 2,

  async measure({ quick, tell }) {
    tell('bundling');
    const aws = await startInstantAws();
    const variants = await variantsWith(aws.environment);
    const amount = quick
      ? { sets: 1, rounds: 1, warmUpEvents: 1000, events: 1000 }
      : { sets: 4, rounds: 4, warmUpEvents: 15_000, events: 5000 };
    const workloadsPath = join(import.meta.dirname, 'workloads.ts');
    const pipelines = await interleave(variants, workloadsPath, amount, tell);
    await aws.stop();
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

Where nothing is sent, a bad message's way to the dead-letter queue is all but the call. Where it is, the floor sends too what is cut off; what is against the schema it does not see.`,
};

async function variantsWith(environment: Record<string, string>): Promise<Variant[]> {
  const peer = (name: string) => join(import.meta.dirname, `../../peers/${name}.ts`);
  const fanfold = join(import.meta.dirname, 'fanfold.ts');
  const bundles = await bundle({
    'pipeline-floor': peer('bareParser'),
    'pipeline-floor-sending': peer('bareParserSending'),
    'pipeline-fanfold-sending': fanfold,
    'pipeline-toolkit': peer('powertoolsParser'),
  });
  const withoutCalls = await bundle(
    { 'pipeline-fanfold': fanfold },
    { alias: { '@aws-sdk/client-sqs': join(import.meta.dirname, 'noQueue.ts') } },
  );
  const alone = {
    [floor]: bundles['pipeline-floor'].path,
    Fanfold: withoutCalls['pipeline-fanfold'].path,
    'middy and Powertools batch, parser': bundles['pipeline-toolkit'].path,
  };
  const sending = {
    [floorSending]: bundles['pipeline-floor-sending'].path,
    'Fanfold, and bad messages sent': bundles['pipeline-fanfold-sending'].path,
  };
  const variantsOf = (paths: Record<string, string>, against: string, of: typeof workloads) =>
    of.flatMap((workload) =>
      Object.entries(paths).map(([name, path]) => ({
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
