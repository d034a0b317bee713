import type { Part } from '../../part.ts';
import { table } from '../../reporting/table.ts';
import { type Flow, flowOf, type QueueName } from './flow.ts';
import { dayOf } from './loads.ts';
import { type Outcome, simulate } from './simulation.ts';
import { measuredTimes } from './times.ts';

/** A day that was simulated. */
type Day = { settings: string; peakPerSecond: number; biggestShare: number; hours: number; outcome: Outcome };

/** How many payments a second a part of the flow can keep up with, at the shares of the biggest merchant. */
type Ceiling = { part: string; bySharePerSecond: number[]; remedy: string };

type Result = { ceilings: Ceiling[]; days: Day[]; seed: number };

const shares = [0.1, 0.9];
const seed = 1;

export const dayPart: Part<Result> = {
  name: 'day',
  about: 'a simulated day with peaks: what waits, how long, and what breaks first',
  minutes: 4,

  async measure({ quick, tell }) {
    const flow = await flowOf();
    tell('what each part keeps up with');
    const ceilings = ceilingsOf(flow, quick ? 20 : 120);
    const days: Day[] = [];
    for (const { settings, flow: changed, peaks, hours } of plans(flow, quick)) {
      for (const peakPerSecond of peaks) {
        for (const biggestShare of shares) {
          tell(`${settings}: ${peakPerSecond} payments/s, ${biggestShare * 100} % of one merchant`);
          const [from, to] = hours(peakPerSecond);
          const outcome = simulate(
            changed,
            measuredTimes,
            dayOf(peakPerSecond, biggestShare, from, to),
            seed,
          );
          days.push({ settings, peakPerSecond, biggestShare, hours: to - from, outcome });
        }
      }
    }
    return { ceilings, days, seed };
  },

  report: ({
    ceilings,
    days,
    seed: used,
  }) => `What each part keeps up with, in payments a second, as it is set:

${table(
  ['part', ...shares.map((share) => `${share * 100} % of one merchant`), 'remedy beyond'],
  ceilings
    .toSorted((a, b) => Math.min(...a.bySharePerSecond) - Math.min(...b.bySharePerSecond))
    .map(({ part, bySharePerSecond, remedy }) => [part, ...bySharePerSecond.map(rounded), remedy]),
)}

Days by their highest peak (seed ${used}). Waiting is the most there ever was, and how old the oldest got. Limits of
single keys are in the table above and not simulated: a day may have more than one part keeps up with there:

${table(
  [
    'peak',
    'biggest',
    'hours',
    'refused',
    'instances',
    'billing waits',
    'audit waits',
    'to invoice p50 / p99',
    'to audit p50 / p99',
    'conflicts',
    'drained after',
    'invoices/s of one',
    'broke first',
  ],
  days.map(rowOf),
)}`,
};

/** The settings that are simulated, and with which peaks; of days with many payments, the hours around noon. */
function plans(flow: Flow, quick: boolean) {
  const aroundNoon: [number, number] = [11.25, 12.5];
  const some: [number, number] = [11.9, 12];
  const hours = (peak: number): [number, number] => (quick ? some : peak <= 10 ? [0, 24] : aroundNoon);
  const lifted: Flow = { ...flow, api: { ...flow.api, requestsPerSecond: 10_000, burst: 10_000 } };
  const mended: Flow = {
    ...lifted,
    seriesPerMerchant: 16,
    logs: 3,
    consumers: {
      ...flow.consumers,
      billing: { ...flow.consumers.billing, memoryMb: 1769, maximumConcurrency: 20 },
      audit: { ...flow.consumers.audit, memoryMb: 1769, maximumConcurrency: 6 },
    },
  };
  return [
    { settings: 'as set', flow, peaks: [1, 10, 100, 1000], hours },
    {
      settings: "without the API's limit",
      flow: lifted,
      peaks: quick ? [1000] : [300, 1000],
      hours,
    },
    { settings: 'with remedies, indexes sharded', flow: mended, peaks: [1000], hours },
  ];
}

/**
 * Billing, audit and payments' consumer are simulated with a queue that is never empty; the rest is reckoned from limits of
 * AWS. A key of a table or index takes 1,000 write units a second, of which a transaction takes two for each kilobyte.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
function ceilingsOf(flow: Flow, seconds: number): Ceiling[] {
  const keyUnits = 1000;
  const { billing, audit } = flow.consumers;
  const both = (perSecond: number) => shares.map(() => perSecond);
  const ofOne = (perSecond: number) => shares.map((share) => perSecond / share);
  const { api, publishers } = flow;
  const times = measuredTimes;
  const apiSeconds =
    (times.createPayment.baseMs * Math.max(1, 1769 / api.memoryMb) + times.providerMs + 2 * times.callMs) /
    1000;
  return [
    {
      part: "API's limit",
      bySharePerSecond: both(api.requestsPerSecond),
      remedy: 'ThrottlingRateLimit in packages/topology/api.yml',
    },
    {
      part: '1,000 instances of the account',
      bySharePerSecond: both(1000 / apiSeconds),
      remedy: 'a higher quota',
    },
    {
      part: "billing's consumers",
      bySharePerSecond: shares.map((share) => saturated(flow, 'billing', share, seconds)),
      remedy:
        'memory (less time in which others come first), then several series for a merchant, one for a batch, and as many consumers',
    },
    {
      part: "audit's log (2 events each)",
      bySharePerSecond: shares.map((share) => saturated(flow, 'audit', share, seconds) / 2),
      remedy: 'memory, then several logs, each with its queue and its head',
    },
    {
      part: "payments' consumers",
      bySharePerSecond: shares.map((share) => saturated(flow, 'payments', share, seconds)),
      remedy: 'maximumConcurrency',
    },
    {
      part: "a series' item",
      bySharePerSecond: ofOne((keyUnits / 2) * billing.batchSize),
      remedy: 'more series for a merchant',
    },
    {
      part: "a merchant in billing's and payments' indexes",
      bySharePerSecond: ofOne(keyUnits),
      remedy: "a shard in the index's key",
    },
    {
      part: "a merchant in audit's index (2 events each)",
      bySharePerSecond: ofOne(keyUnits / 2),
      remedy: "a shard in the index's key",
    },
    {
      part: "the log's head",
      bySharePerSecond: both(((keyUnits / 2) * audit.batchSize) / 2),
      remedy: 'several logs',
    },
    {
      part: "the log's entries, all under one key",
      bySharePerSecond: both(((keyUnits / entriesUnits) * audit.batchSize) / 2),
      remedy: 'several logs, or a key for each range of entries',
    },
    {
      part: 'a publisher in each of 4 shards',
      bySharePerSecond: both(
        (4 * publishers.payments.batchSize * 1000) /
          (times.mappingMs +
            (times.publish.baseMs + times.publish.perEventMs * publishers.payments.batchSize) *
              Math.max(1, 1769 / publishers.payments.memoryMb) +
            Math.ceil(publishers.payments.batchSize / 10) * times.callMs),
      ),
      remedy: 'none needed: shards grow with the table; ParallelizationFactor',
    },
  ];
}

/** Of a full batch: 49 entries of 330 bytes, compressed to a third, are six units, and twice that in a transaction. */
const entriesUnits = 12;

/**
 * How many events a second a queue's consumers handle when there are always more. Not until all are done: the last ones would
 * wait for what was given up to come again.
 */
function saturated(flow: Flow, queue: QueueName, biggestShare: number, seconds: number): number {
  const outcome = simulate(
    flow,
    measuredTimes,
    {
      ...{ fromSecond: 0, toSecond: seconds, paymentsPerSecond: () => 0, biggestShare, otherMerchants: 1000 },
      queued: { [queue]: seconds * 10_000 },
    },
    seed,
  );
  return outcome[({ billing: 'invoiced', audit: 'recorded', payments: 'noted' } as const)[queue]] / seconds;
}

const rounded = (perSecond: number): string => Number(perSecond.toPrecision(2)).toLocaleString('en');

const duration = (ms: number | undefined): string => {
  if (ms === undefined) return 'never';
  if (ms < 1000) return `${Math.round(ms / 10) * 10} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
};

const clock = (second: number): string => new Date(second * 1000).toISOString().slice(11, 16);

function rowOf({ settings, peakPerSecond, biggestShare, hours, outcome }: Day): string[] {
  const { asked, refused, places, contended, invoicedAfterMs, recordedAfterMs, broke } = outcome;
  const waits = ({ mostWaiting, oldestMs }: Outcome['places'][QueueName]) =>
    `${mostWaiting.toLocaleString('en')}, ${duration(oldestMs)}`;
  const part = ({ conflicts, transactions }: { conflicts: number; transactions: number }) =>
    `${((conflicts / Math.max(1, transactions)) * 100).toFixed(0)} %`;
  const drained = (['billing', 'audit'] as const).map((queue) => places[queue].drainedAfterMs);
  return [
    `${peakPerSecond}/s ${settings}`,
    `${biggestShare * 100} %`,
    String(Number(hours.toFixed(1))),
    `${((refused / Math.max(1, asked)) * 100).toFixed(0)} %`,
    String(outcome.mostInstances),
    waits(places.billing),
    waits(places.audit),
    `${duration(invoicedAfterMs.p50)} / ${duration(invoicedAfterMs.p99)}`,
    `${duration(recordedAfterMs.p50)} / ${duration(recordedAfterMs.p99)}`,
    `${part(contended.billing)}, ${part(contended.audit)}`,
    drained.includes(undefined) ? 'not by the end' : duration(Math.max(...drained.map((ms) => ms ?? 0))),
    rounded(outcome.mostInvoicesPerSecond),
    broke.map(({ what, atSecond }) => `${what} ${clock(atSecond)}`).join(', ') || 'nothing',
  ];
}
