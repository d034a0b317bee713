import type { Part } from '../../part.ts';
import { median } from '../../reporting/statistics.ts';
import { table } from '../../reporting/table.ts';
import type { Merchants } from './events.ts';
import { type Contest, type Run, type Setting, startContest } from './measure.ts';
import { latencyMs } from './network.ts';

/** What came of one setting: all its rounds together, and the median of their rates. */
export type Contended = Setting & { rounds: number; eventsPerSecond: number; total: Run };

type Result = { contended: Contended[] };

const crowds = [1, 2, 5, 10];

/**
 * In AWS each consumer has a processor of its own; here they share this machine's. Calls that are so many times slower leave
 * it idle for most of the time, as functions wait for their calls there.
 */
const slower = 8;

/** What is contended for, and how many events a batch of it has: as in the templates, and of billing more. */
const contests: Pick<Setting, 'service' | 'merchants' | 'batchSize' | 'timesLatency'>[] = [
  ...(['one', 'most', 'many'] as const).map((merchants) => ({
    ...{ service: 'billing' as const, merchants, batchSize: 10, timesLatency: slower },
  })),
  { service: 'billing', merchants: 'one', batchSize: 40, timesLatency: slower },
  { service: 'audit', merchants: 'many', batchSize: 49, timesLatency: slower },
  // What conflicts look like where calls take no time, and what is contended for is the machine.
  { service: 'billing', merchants: 'one', batchSize: 10, timesLatency: 0 },
  { service: 'audit', merchants: 'many', batchSize: 49, timesLatency: 0 },
];

export const contentionPart: Part<Result> = {
  name: 'contention',
  about: "consumers that number one merchant's invoices, or one log's entries, at the same time",
  minutes: 5,

  async measure({ quick, tell }) {
    const contest = await startContest(quick ? 2 : Math.max(...crowds));
    const settings = (quick ? contests.filter(({ timesLatency }) => timesLatency === 0) : contests).flatMap(
      (each) => (quick ? [1, 2] : crowds).map((consumers): Setting => ({ ...each, consumers })),
    );
    try {
      return { contended: await measureAll(contest, settings, quick ? 1 : 2, quick ? 6 : 16, tell) };
    } finally {
      await contest.stop();
    }
  },

  report({ contended }) {
    const crowdsSeen = [...new Set(contended.map(({ consumers }) => consumers))];
    const rows = contests.map((contest) => ({
      contest,
      runs: contended.filter((run) => isOf(run, contest)),
    }));
    return `Rate beside one consumer, transactions for each batch, and events that came again, by the number of consumers. Calls
take ${latencyMs.read * slower} ms for a read and ${latencyMs.transaction * slower} ms for a transaction, where they are slowed:

${table(
  ['contest, by the number of consumers', ...crowdsSeen.map(String)],
  rows
    .filter(({ runs }) => runs.length > 0)
    .map(({ contest, runs }) => [
      titleOf(contest),
      ...runs.map((run) => resultOf(run, runs[0] as Contended)),
    ]),
)}`;
  },
};

/** Rounds are interleaved, so that what else the machine does slows all settings. */
async function measureAll(
  contest: Contest,
  settings: Setting[],
  rounds: number,
  batches: number,
  tell: (what: string) => void,
): Promise<Contended[]> {
  const runs = settings.map((): Run[] => []);
  tell('warming up');
  for (const setting of settings.filter(({ timesLatency }) => timesLatency === 0)) {
    await contest.run(setting, setting.consumers * setting.batchSize);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const [i, setting] of settings.entries()) {
      tell(
        `round ${round} of ${rounds}: ${setting.service}, ${merchantsOf[setting.merchants]}, ${setting.consumers} at once`,
      );
      runs[i]?.push(await contest.run(setting, batches * setting.batchSize));
    }
  }
  return settings.map((setting, i) => ({
    ...setting,
    rounds,
    eventsPerSecond: median((runs[i] ?? []).map(({ events, seconds }) => events / seconds)),
    total: sumOf(runs[i] ?? []),
  }));
}

const sumOf = (runs: Run[]): Run =>
  runs.reduce(
    (sum, run) =>
      Object.fromEntries(
        Object.entries(run).map(([key, value]) => [key, value + sum[key as keyof Run]]),
      ) as Run,
  );

const isOf = (setting: Setting, of: (typeof contests)[0]): boolean =>
  Object.entries(of).every(([key, value]) => setting[key as keyof Setting] === value);

const merchantsOf: Record<Merchants, string> = {
  one: 'all of one merchant',
  most: '90 % of one merchant',
  many: 'of a thousand merchants',
};

const titleOf = ({ service, merchants, batchSize, timesLatency }: (typeof contests)[0]): string =>
  [
    service === 'billing' ? `invoices, ${merchantsOf[merchants]}` : 'entries of the log',
    `by ${batchSize}`,
    ...(timesLatency === 0 ? ['calls not slowed'] : []),
  ].join(', ');

function resultOf({ eventsPerSecond, total }: Contended, alone: Contended): string {
  // Transactions that so many events take when nobody else is there.
  const needed = (total.events / alone.total.events) * alone.total.transactions;
  return [
    `${(eventsPerSecond / alone.eventsPerSecond).toFixed(2)} ×`,
    (total.transactions / needed).toFixed(2),
    `${((total.cameAgain / total.events) * 100).toFixed(0)} %`,
  ].join(', ');
}
