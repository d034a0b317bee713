import { median } from '../reporting/statistics.ts';
import { startRunner, type Turn, type Workload } from './runner.ts';

/** A consumer's bundle, and what it is given. */
export type Variant = {
  name: string;
  bundle: string;
  workload: Workload;
  environment: Record<string, string>;
  /** Name of the variant with the same workload that it is compared with. */
  floor: string;
};

export type ConsumerCost = {
  workload: string;
  consumer: string;
  microsecondsPerEvent: number;
  /** Against the floor with the same events, round by round. */
  timesFloor: number;
};

export type Amount = {
  /** How often all variants are started anew. */
  sets: number;
  /** How often each is measured in a set, in turn with the others. */
  rounds: number;
  /** Events before it is measured, and each time that it is: batches follow from their size. */
  warmUpEvents: number;
  events: number;
};

/**
 * Measures variants in turn, so that what else the machine does befalls all of them: the same round of two is what can be
 * compared. Gives each one's cost, in their order.
 *
 * @param workloads path of the module that has the variants' workloads
 * @param onTurn is called after each turn, also those that warm up
 */
export async function interleave(
  variants: Variant[],
  workloads: string,
  { sets, rounds, warmUpEvents, events }: Amount,
  tell: (what: string) => void,
  onTurn: (variant: Variant, turn: Turn) => Promise<void> = async () => {},
): Promise<ConsumerCost[]> {
  const measured = new Map<Variant, number[]>(variants.map((variant) => [variant, []]));
  for (let set = 0; set < sets; set++) {
    tell(`${variants.length} consumers in new processes, ${set + 1} of ${sets}`);
    const runners = await Promise.all(
      variants.map(async (variant) => {
        const { bundle, workload, environment } = variant;
        return {
          variant,
          ...(await startRunner({ bundle, workloads, workload, environment })),
        };
      }),
    );
    for (let round = -1; round < rounds; round++) {
      for (const { variant, run } of runners) {
        const { size } = variant.workload;
        const warmUp = Math.ceil(warmUpEvents / size);
        const batches = Math.ceil(events / size);
        const turn = round < 0 ? { first: 0, batches: warmUp } : { first: warmUp + round * batches, batches };
        const { cpuMicroseconds } = await run(turn);
        await onTurn(variant, turn);
        if (round >= 0) {
          measured.get(variant)?.push(cpuMicroseconds / (turn.batches * variant.workload.size));
        }
      }
    }
    for (const { stop } of runners) await stop();
  }
  return variants.map((variant) => {
    const { name, workload, floor } = variant;
    const against = variants.find((each) => each.name === floor && each.workload === workload);
    const [own = [], floors = []] = [variant, against].map((each) => each && measured.get(each));
    return {
      workload: workload.name,
      consumer: name,
      microsecondsPerEvent: median(own),
      timesFloor: median(own.map((time, round) => time / (floors[round] ?? Number.NaN))),
    };
  });
}
