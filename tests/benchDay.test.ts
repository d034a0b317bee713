import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { startContest } from '../bench/parts/contention/measure.ts';
import { latencyMs } from '../bench/parts/contention/network.ts';
import { type Flow, flowOf } from '../bench/parts/day/flow.ts';
import { dayOf } from '../bench/parts/day/loads.ts';
import { type Load, simulate } from '../bench/parts/day/simulation.ts';
import { measuredTimes, type Times } from '../bench/parts/day/times.ts';

const flow = await flowOf();
const steady = (perSecond: number, seconds: number, biggestShare = 0.5): Load => ({
  ...{ fromSecond: 0, toSecond: seconds, paymentsPerSecond: () => perSecond },
  ...{ biggestShare, otherMerchants: 100 },
});
const withBilling = (changes: Partial<Flow['consumers']['billing']>): Flow => ({
  ...flow,
  consumers: { ...flow.consumers, billing: { ...flow.consumers.billing, ...changes } },
});
const withApiLimit = (perSecond: number, of = flow): Flow => ({
  ...of,
  api: { ...of.api, requestsPerSecond: perSecond, burst: perSecond },
});

describe('a simulated day', () => {
  it('loses nothing, whenever it is stopped and however busy it is', () => {
    const busy = fc.record({
      perSecond: fc.integer({ min: 0, max: 800 }),
      seconds: fc.integer({ min: 1, max: 40 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      maximumConcurrency: fc.integer({ min: 1, max: 20 }),
      limit: fc.integer({ min: 1, max: 1000 }),
      maxReceives: fc.integer({ min: 1, max: 3 }),
      seed: fc.nat(),
    });
    let dead = 0;
    fc.assert(
      fc.property(busy, ({ perSecond, seconds, share, limit, seed, ...billing }) => {
        const { asked, refused, throttled, invoiced, recorded, noted, deadLettered, onTheWay } = simulate(
          withApiLimit(limit, withBilling(billing)),
          measuredTimes,
          steady(perSecond, seconds, share),
          seed,
        );
        const taken = asked - refused - throttled;
        expect(invoiced + deadLettered.billing + onTheWay.billing).toBe(taken);
        expect(recorded + deadLettered.audit + onTheWay.audit).toBe(taken + invoiced);
        expect(noted + onTheWay.payments).toBe(invoiced);
        dead += deadLettered.billing;
      }),
      { numRuns: 40, seed: 1 },
    );
    // Else nothing of what is given up was looked at.
    expect(dead).toBeGreaterThan(0);
  });

  it('is the same for the same seed, and another for another one', () => {
    const of = (seed: number) => simulate(flow, measuredTimes, steady(100, 20), seed);
    expect(of(1)).toEqual(of(1));
    expect(of(1).asked).not.toBe(of(2).asked);
  });

  it('with few payments keeps up, and a merchant has the invoice within two seconds', () => {
    const { refused, invoicedAfterMs, broke, onTheWay } = simulate(
      flow,
      measuredTimes,
      dayOf(10, 0.9, 11.75, 12.25),
      1,
    );
    expect({ refused, broke }).toEqual({ refused: 0, broke: [] });
    expect(invoicedAfterMs.p99).toBeLessThan(2000);
    expect(onTheWay.billing).toBeLessThan(50);
  });

  it('lets in what the API allows, and the rest of the flow keeps up with that, whoever the payments are for', () => {
    for (const share of [0.1, 0.9]) {
      const { asked, refused, broke } = simulate(flow, measuredTimes, steady(1000, 120, share), 1);
      expect(asked - refused).toBeLessThanOrEqual(flow.api.burst + flow.api.requestsPerSecond * 120);
      expect(broke.map(({ what }) => what)).toEqual(['API limit']);
    }
  });

  it('without that limit breaks at billing first when one merchant has most of a thousand payments a second', () => {
    const { broke } = simulate(withApiLimit(10_000), measuredTimes, steady(1000, 300, 0.9), 1);
    expect(broke.map(({ what }) => what)).toEqual(['billing', 'audit']);
  });

  it('says how long it takes until what waited is done, or that it is not done', () => {
    const drained = (seconds: number) =>
      simulate(flow, measuredTimes, { ...steady(0, seconds, 0), queued: { billing: 10_000 } }, 1).places
        .billing.drainedAfterMs;
    expect(drained(5)).toBeUndefined();
    // Some 800 a second.
    expect(drained(120)).toBeGreaterThan(5_000);
    expect(drained(120)).toBeLessThan(30_000);
  });

  it('never has more instances than the account', () => {
    const slow: Times = { ...measuredTimes, providerMs: 2000 };
    const { mostInstances, throttled } = simulate(withApiLimit(10_000), slow, steady(1000, 20), 1);
    expect(mostInstances).toBe(1000);
    expect(throttled).toBeGreaterThan(0);
  });
});

/** Slow enough for the processors of this machine, which here all consumers share, to be idle for most of the time. */
const slower = 8;

it('consumers who contend need as many transactions as is simulated, half a one for a batch more or less', async () => {
  const contest = await startContest(2);
  const needed: { real: number; simulated: number }[] = [];
  try {
    for (const { service, batchSize, merchants, batches } of [
      { service: 'billing', batchSize: 10, merchants: 'one', batches: 30 },
      { service: 'billing', batchSize: 10, merchants: 'many', batches: 30 },
      { service: 'audit', batchSize: 49, merchants: 'many', batches: 16 },
    ] as const) {
      const measure = (consumers: number, count: number = batches) =>
        contest.run({ service, merchants, consumers, batchSize, timesLatency: slower }, count * batchSize);
      await measure(2, 5); // warms up
      const [alone, together] = [await measure(1), await measure(2)];
      // Who writes one series meets others on the way, as DynamoDB has it.
      if (merchants === 'one') expect(together.overlaps).toBeGreaterThan(0);
      const callsMs = slower * (latencyMs.transaction + latencyMs.read * { billing: 1, audit: 2 }[service]);
      const workMs = (alone.seconds * 1000) / batches - callsMs;
      const simulated = simulate(
        {
          ...flow,
          consumers: {
            ...flow.consumers,
            [service]: { batchSize, windowMs: 0, maximumConcurrency: 2, memoryMb: 1769, maxReceives: 20 },
          },
        },
        {
          ...measuredTimes,
          mappingMs: 0,
          readMs: slower * latencyMs.read,
          transactionMs: slower * latencyMs.transaction,
          bill: { baseMs: workMs, perEventMs: 0 },
          seal: { baseMs: 0.7 * workMs, perEventMs: 0 },
          append: { baseMs: 0.3 * workMs, perEventMs: 0 },
        },
        {
          ...steady(0, 3600, merchants === 'one' ? 1 : 0),
          otherMerchants: 1000,
          queued: { [service]: 300 * batchSize },
        },
        1,
      ).contended[service];
      needed.push({
        real: together.transactions / together.batches,
        simulated: simulated.transactions / simulated.batches,
      });
    }
  } finally {
    await contest.stop();
  }
  // Not the rates: what else the machine does changes them by more than half, from one minute to the next.
  for (const { real, simulated } of needed) expect(Math.abs(real - simulated)).toBeLessThan(0.5);
  // And whoever has one series meets, as whoever has a thousand does not.
  const [one, many] = needed as [(typeof needed)[0], (typeof needed)[0]];
  expect(one.real - many.real).toBeGreaterThan(0.5);
  expect(one.simulated - many.simulated).toBeGreaterThan(0.5);
}, 180_000);
