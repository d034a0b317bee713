import { randomFrom } from '@fanfold/faults/random';
import TinyQueue from 'tinyqueue';
import type { ConsumerSettings, Flow, QueueName, StreamName } from './flow.ts';
import { Latencies } from './latencies.ts';
import { type Cohort, countOf, Line } from './line.ts';
import type { Times, Work } from './times.ts';

/** What is asked of Fanfold. */
export type Load = {
  fromSecond: number;
  toSecond: number;
  paymentsPerSecond: (second: number) => number;
  /** The part of the payments that the biggest merchant has; the others have equal parts. */
  biggestShare: number;
  otherMerchants: number;
  /** Events that are in the queues from the beginning. */
  queued?: Partial<Record<QueueName, number>>;
};

export type Place = QueueName | `${StreamName} stream`;

/** What came of it. */
export type Outcome = {
  /** Payments that were asked for, of which some were refused by the API's limit, or found no instance of the function. */
  asked: number;
  refused: number;
  throttled: number;
  invoiced: number;
  recorded: number;
  noted: number;
  /** Events that were given up so often that they are dead letters. */
  deadLettered: Record<QueueName, number>;
  /** Events, and payments that are to become events, that were still on their way to a consumer in the end. */
  onTheWay: Record<QueueName, number>;
  /** The most that waited, how old the oldest got, and how long it took from the most until few waited: undefined if never. */
  places: Record<Place, { mostWaiting: number; oldestMs: number; drainedAfterMs: number | undefined }>;
  contended: Record<
    'billing' | 'audit',
    { batches: number; transactions: number; conflicts: number; givenUp: number }
  >;
  invoicedAfterMs: { p50: number | undefined; p99: number | undefined };
  recordedAfterMs: { p50: number | undefined; p99: number | undefined };
  /** Of the biggest merchant, in the busiest minute. */
  mostInvoicesPerSecond: number;
  mostInstances: number;
  /** What could not keep up, in the order in which it was first seen. */
  broke: { what: Place | 'API limit' | 'account concurrency'; atSecond: number }[];
};

/** The subscribers of each stream of events (services/billing/subscriptions.js and those of the other services). */
const subscribersOf = { payments: ['billing', 'audit'], billing: ['payments', 'audit'] } as const;

/** New on-demand tables have four partitions, a stream has a shard for each, and a shard one run of the publisher at a time. */
const shardsPerStream = 4;
/** How often Lambda looks into a shard in which there was nothing. https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
const pollMs = 250;
/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const accountConcurrency = 1000;
/** A function has a share of a processor by its memory. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const wholeProcessorMb = 1769;
/** Payments are asked for in groups, each of one such moment. */
const momentMs = 100;
/** Whoever waits so long is behind. */
const behindMs = 60_000;
/** As many as are there at any time when nothing is behind. */
const fewWaiting = 100;
/** Tries of billing and audit when others come first (services/billing/src/bill.ts, services/audit/src/record/record.ts). */
const tries = 10;

/**
 * A day in virtual time, the same for the same seed: every batch of every function and every transaction happens on its
 * own; payments and events are counted in groups of the same tenth of a second. Not simulated: limits of a table's or an
 * index's single keys, transactions that DynamoDB refuses because another is under way, cold starts, and failures.
 */
export function simulate(flow: Flow, times: Times, load: Load, seed: number): Outcome {
  const random = randomFrom(seed);
  // In the order of time; at the same time, in the order in which it was planned.
  const agenda = new TinyQueue<{ time: number; order: number; happening: () => void }>(
    [],
    (a, b) => a.time - b.time || a.order - b.order,
  );
  let planned = 0;
  const plan = (time: number, happening: () => void) => agenda.push({ time, order: planned++, happening });
  let nowMs = load.fromSecond * 1000;
  const endMs = load.toSecond * 1000;
  const after = (ms: number, happening: () => void) => plan(nowMs + ms, happening);
  /** Nothing takes the same time twice: consumers that did would take turns and never meet. */
  const afterAbout = (ms: number, happening: () => void) => after(ms * (0.5 + random()), happening);
  const workMs = ({ baseMs, perEventMs }: Work, events: number, memoryMb: number): number =>
    (baseMs + perEventMs * events) * Math.max(1, wholeProcessorMb / memoryMb);

  let [asked, refused, throttled] = [0, 0, 0];
  let [invoiced, recorded, noted] = [0, 0, 0];
  const deadLettered = { billing: 0, audit: 0, payments: 0 };
  const moving = { billing: 0, audit: 0, payments: 0 };
  const move = (to: readonly QueueName[], count: number) => {
    for (const queue of to) moving[queue] += count;
  };
  let [instances, mostInstances] = [0, 0];
  const broke: Outcome['broke'] = [];
  const sawBroken = (what: Outcome['broke'][0]['what']) => {
    if (!broke.some((each) => each.what === what)) broke.push({ what, atSecond: Math.floor(nowMs / 1000) });
  };
  const untilInvoiced = new Latencies();
  const untilRecorded = new Latencies();
  const invoicesPerMinute = new Map<number, number>();

  const lines: Record<QueueName, Line> = { billing: new Line(), audit: new Line(), payments: new Line() };
  const shards = (): Line[] => Array.from({ length: shardsPerStream }, () => new Line());
  const streams: Record<StreamName, Line[]> = { payments: shards(), billing: shards() };

  const begin = (): boolean => {
    if (instances >= accountConcurrency) {
      sawBroken('account concurrency');
      return false;
    }
    instances += 1;
    mostInstances = Math.max(mostInstances, instances);
    return true;
  };
  const end = () => {
    instances -= 1;
  };

  // The API.
  let tokens = flow.api.burst;
  const apiMs = workMs(times.createPayment, 1, flow.api.memoryMb) + 2 * times.callMs + times.providerMs;
  const moment = () => {
    const count = poisson((load.paymentsPerSecond(nowMs / 1000) * momentMs) / 1000, random);
    tokens = Math.min(flow.api.burst, tokens + (flow.api.requestsPerSecond * momentMs) / 1000);
    const admitted = Math.min(count, Math.floor(tokens));
    const running = Math.min(admitted, accountConcurrency - instances);
    tokens -= admitted;
    asked += count;
    refused += count - admitted;
    throttled += admitted - running;
    if (admitted < count) sawBroken('API limit');
    if (running < admitted) sawBroken('account concurrency');
    if (running > 0) {
      instances += running;
      mostInstances = Math.max(mostInstances, instances);
      move(subscribersOf.payments, running);
      const paidAtMs = nowMs;
      afterAbout(apiMs, () => {
        instances -= running;
        move(subscribersOf.payments, -running);
        say('payments', { count: running, type: 'captured', paidAtMs, givenUp: 0 });
      });
    }
    if (nowMs + momentMs < endMs) after(momentMs, moment);
  };

  // Streams and their publishers. Keys are hashes: every shard gets the same part.
  const idle: Record<StreamName, boolean[]> = { payments: [], billing: [] };
  let nextShard = 0;
  function say(name: StreamName, cohort: Cohort): void {
    let left = cohort.count;
    for (let i = shardsPerStream; i > 0 && left > 0; i--) {
      const count = Math.ceil(left / i);
      left -= count;
      nextShard = (nextShard + 1) % shardsPerStream;
      streams[name][nextShard]?.join({ ...cohort, count }, nowMs);
      wake(name, nextShard);
    }
  }
  function wake(name: StreamName, shard: number): void {
    if (idle[name][shard] === false) return;
    idle[name][shard] = false;
    after(random() * pollMs, () => publish(name, shard));
  }
  function publish(name: StreamName, shard: number): void {
    const line = streams[name][shard] as Line;
    if (line.count === 0) {
      idle[name][shard] = true;
      return;
    }
    if (!begin()) {
      after(1000, () => publish(name, shard));
      return;
    }
    const { batchSize, memoryMb } = flow.publishers[name];
    const batch = line.take(batchSize);
    const count = countOf(batch);
    move(subscribersOf[name], count);
    afterAbout(
      times.mappingMs + workMs(times.publish, count, memoryMb) + Math.ceil(count / 10) * times.callMs,
      () => {
        end();
        move(subscribersOf[name], -count);
        for (const queue of subscribersOf[name]) deliver(queue, batch);
        publish(name, shard);
      },
    );
  }
  function deliver(queue: QueueName, batch: Cohort[]): void {
    move([queue], countOf(batch));
    afterAbout(times.deliveryMs, () => {
      move([queue], -countOf(batch));
      for (const cohort of batch) lines[queue].join(cohort, nowMs);
      receive(queue);
    });
  }

  // Queues and their consumers.
  const running: Record<QueueName, number> = { billing: 0, audit: 0, payments: 0 };
  const windowEnds: Partial<Record<QueueName, number>> = {};
  function receive(queue: QueueName): void {
    const { batchSize, windowMs, maximumConcurrency } = flow.consumers[queue];
    const line = lines[queue];
    while (line.count > 0 && running[queue] < maximumConcurrency) {
      const windowEndMs = (line.sinceMs as number) + windowMs;
      if (line.count < batchSize && nowMs < windowEndMs) {
        if ((windowEnds[queue] ?? 0) > nowMs) return;
        windowEnds[queue] = windowEndMs;
        plan(windowEndMs, () => receive(queue));
        return;
      }
      if (!begin()) {
        after(1000, () => receive(queue));
        return;
      }
      running[queue] += 1;
      const batch = line.take(batchSize);
      move([queue], countOf(batch));
      handle[queue](batch, flow.consumers[queue]);
    }
  }
  function done(queue: QueueName, batch: Cohort[]): void {
    move([queue], -countOf(batch));
    afterAbout(times.mappingMs, () => {
      running[queue] -= 1;
      end();
      receive(queue);
    });
  }

  const biggest = Math.max(1, flow.seriesPerMerchant);
  const series = new Int32Array(biggest + load.otherMerchants);
  const logs = new Int32Array(flow.logs);
  const contended = {
    billing: { batches: 0, transactions: 0, conflicts: 0, givenUp: 0 },
    audit: { batches: 0, transactions: 0, conflicts: 0, givenUp: 0 },
  };

  const handle: Record<QueueName, (batch: Cohort[], settings: ConsumerSettings) => void> = {
    billing(batch, { memoryMb }) {
      const count = countOf(batch);
      // One for the batch: of a batch that took numbers of several series, each could have a conflict.
      const ofBiggestMerchant = Math.floor(random() * biggest);
      const taken = Array.from({ length: count }, () =>
        random() < load.biggestShare
          ? ofBiggestMerchant
          : biggest + Math.floor(random() * load.otherMerchants),
      );
      contend('billing', batch, {
        keys: taken,
        counters: series,
        readMs: times.readMs,
        decideMs: workMs(times.bill, count, memoryMb),
        longestWaitMs: 200,
        written() {
          invoiced += count;
          const ofBiggest = taken.filter((key) => key < biggest).length;
          const minute = Math.floor(nowMs / 60_000);
          invoicesPerMinute.set(minute, (invoicesPerMinute.get(minute) ?? 0) + ofBiggest);
          for (const cohort of batch) {
            untilInvoiced.add(nowMs - cohort.paidAtMs, cohort.count);
            say('billing', { ...cohort, type: 'invoiced', givenUp: 0 });
          }
        },
      });
    },
    audit(batch, { memoryMb }) {
      const count = countOf(batch);
      afterAbout(times.readMs + workMs(times.seal, count, memoryMb), () =>
        contend('audit', batch, {
          keys: [Math.floor(random() * flow.logs)],
          counters: logs,
          readMs: times.readMs,
          decideMs: workMs(times.append, count, memoryMb),
          longestWaitMs: 1000,
          written() {
            recorded += count;
            for (const { type, paidAtMs, count } of batch) {
              if (type === 'captured') untilRecorded.add(nowMs - paidAtMs, count);
            }
          },
        }),
      );
    },
    payments(batch, { memoryMb }) {
      const count = countOf(batch);
      afterAbout(workMs(times.notePayment, count, memoryMb) + times.callMs, () => {
        noted += count;
        done('payments', batch);
      });
    },
  };

  type Contest = {
    /** What is counted on, by one each, on condition that nobody else has counted meanwhile. */
    keys: number[];
    counters: Int32Array;
    readMs: number;
    decideMs: number;
    longestWaitMs: number;
    written(): void;
  };
  function contend(queue: 'billing' | 'audit', batch: Cohort[], contest: Contest): void {
    const { keys, counters, readMs, decideMs, longestWaitMs, written } = contest;
    const counts = contended[queue];
    counts.batches += 1;
    const seen = () => keys.map((key) => counters[key] as number);
    const read = (attempt: number) =>
      afterAbout(readMs / 2, () => {
        const known = seen();
        afterAbout(readMs / 2 + decideMs + times.transactionMs / 2, () => write(attempt, known));
      });
    const write = (attempt: number, known: number[]) => {
      counts.transactions += 1;
      if (keys.every((key, i) => counters[key] === known[i])) {
        for (const key of new Set(keys)) counters[key] = (counters[key] as number) + 1;
        afterAbout(times.transactionMs / 2, () => {
          written();
          done(queue, batch);
        });
        return;
      }
      counts.conflicts += 1;
      const givenBack = seen();
      after(times.transactionMs / 2, () => {
        if (attempt === tries) giveUp(queue, batch);
        else if (attempt % 2 === 1)
          afterAbout(decideMs + times.transactionMs / 2, () => write(attempt + 1, givenBack));
        else after(random() * Math.min(20 * 2 ** (attempt / 2), longestWaitMs), () => read(attempt + 1));
      });
    };
    read(1);
  }
  /** They come again as `packages/runtime/src/failure.ts` says of what failed for its own sake. */
  function giveUp(queue: 'billing' | 'audit', batch: Cohort[]): void {
    contended[queue].givenUp += countOf(batch);
    done(queue, batch);
    for (const cohort of batch) {
      const givenUp = cohort.givenUp + 1;
      if (givenUp === flow.consumers[queue].maxReceives) {
        deadLettered[queue] += cohort.count;
        continue;
      }
      move([queue], cohort.count);
      after(Math.max(1, random() * Math.min(5 * 2 ** (givenUp - 1), 1800)) * 1000, () => {
        move([queue], -cohort.count);
        lines[queue].join({ ...cohort, givenUp }, nowMs);
        receive(queue);
      });
    }
  }

  // What is seen of it, every second.
  const placeLines: [Place, Line[]][] = [
    ['payments stream', streams.payments],
    ['billing', [lines.billing]],
    ['billing stream', streams.billing],
    ['payments', [lines.payments]],
    ['audit', [lines.audit]],
  ];
  const places = Object.fromEntries(
    placeLines.map(([place]) => [
      place,
      { mostWaiting: 0, oldestMs: 0, drainedAfterMs: 0 as number | undefined },
    ]),
  ) as Outcome['places'];
  const mostAtMs = new Map<Place, number>();
  const look = () => {
    for (const [place, waiting] of placeLines) {
      const seen = places[place];
      const count = waiting.reduce((sum, line) => sum + line.count, 0);
      const ageMs = Math.max(...waiting.map(({ sinceMs = nowMs }) => nowMs - sinceMs));
      seen.oldestMs = Math.max(seen.oldestMs, ageMs);
      if (count > seen.mostWaiting) {
        seen.mostWaiting = count;
        seen.drainedAfterMs = undefined;
        mostAtMs.set(place, nowMs);
      } else if (seen.drainedAfterMs === undefined && count <= fewWaiting) {
        seen.drainedAfterMs = nowMs - (mostAtMs.get(place) ?? nowMs);
      }
      if (ageMs > behindMs) sawBroken(place);
    }
    if (nowMs + 1000 < endMs) after(1000, look);
  };

  for (const [queue, count] of Object.entries(load.queued ?? {}) as [QueueName, number][]) {
    lines[queue].join({ count, type: 'captured', paidAtMs: nowMs, givenUp: 0 }, nowMs);
    receive(queue);
  }
  after(0, moment);
  after(0, look);
  for (let next = agenda.pop(); next && next.time < endMs; next = agenda.pop()) {
    nowMs = next.time;
    next.happening();
  }

  for (const [name, queues] of Object.entries(subscribersOf) as [StreamName, readonly QueueName[]][]) {
    for (const { count } of streams[name]) move(queues, count);
  }
  for (const [queue, { count }] of Object.entries(lines) as [QueueName, Line][]) move([queue], count);
  return {
    ...{ asked, refused, throttled, invoiced, recorded, noted, deadLettered, onTheWay: moving },
    ...{ places, contended, mostInstances, broke },
    invoicedAfterMs: { p50: untilInvoiced.quantile(0.5), p99: untilInvoiced.quantile(0.99) },
    recordedAfterMs: { p50: untilRecorded.quantile(0.5), p99: untilRecorded.quantile(0.99) },
    mostInvoicesPerSecond: Math.max(0, ...invoicesPerMinute.values()) / 60,
  };
}

/** How many things happen of which there are so many on average. */
function poisson(mean: number, random: () => number): number {
  if (mean > 30) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count += 1;
  return count;
}
