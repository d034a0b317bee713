import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { provideTables } from '../provisionFixtures.ts';
import { eventQuery } from '../query/eventQuery.ts';
import { comparableTime, type Received } from '../record/received.ts';
import { receivedOf } from '../record/receivedFixtures.ts';
import { record } from '../record/record.ts';
import { load } from './events.ts';
import { find } from './queries.ts';

let emulators: Emulators;
beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideTables(emulators.endpoints);
});
afterAll(() => emulators?.stop());

const types = ['payment.captured.v1', 'payment.refunded.v1', 'invoice.issued.v1'];
const times = [
  '2026-11-23T09:00:00Z',
  '2026-11-23T10:00:00Z',
  '2026-11-23T10:00:00.5Z',
  '2026-11-23T11:00:00Z',
];
const subjects = ['pay_1', 'pay_2', 'inv_1'];
const correlations = ['req_1', 'req_2', 'clock_1'];

/** Follows a query to its last page. */
async function pagesOf(merchantId: string, query: Record<string, string>): Promise<string[][]> {
  const pages: string[][] = [];
  for (let hasMore = true; hasMore; ) {
    const startingAfter = pages.at(-1)?.at(-1);
    const parsed = eventQuery.parse({ ...query, ...(startingAfter !== undefined && { startingAfter }) });
    const page = await find(merchantId, parsed, () => false);
    pages.push(page.items.map(({ id }) => id));
    ({ hasMore } = page);
  }
  return pages;
}

describe('a query', () => {
  /** Events in the order in which they arrive, which is neither that of their numbers nor that of their times. */
  const arrivals: Received[] = Array.from({ length: 60 }, (_, i) => {
    const pick = <T>(list: T[], step: number) => list[(i * step) % list.length] as T;
    const subject = pick(subjects, 1);
    return receivedOf(subject, 1 + ((i * 37) % 61), {
      merchantid: 'query',
      type: pick(types, 7),
      time: pick(times, 5),
      correlationid: correlations[Math.floor(i / 7) % 3] as string,
    });
  });
  const noise = arrivals.map(({ event: { subject, sequence, ...event } }) =>
    receivedOf(subject, Number(sequence), { ...event, subject, sequence, merchantid: 'another' }),
  );

  beforeAll(async () => {
    for (let i = 0; i < arrivals.length; i += 6) {
      const batch = [...arrivals.slice(i, i + 6), ...noise.slice(i, i + 6)];
      expect(await record(batch)).toEqual(new Map());
    }
  });

  it('by any filters gives what fits all of them, in the order of arrival, each once on pages of any size', async () => {
    const optional = (values: string[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
    const queries = fc.record({
      subject: optional([...subjects, 'nothing']),
      correlationId: optional([...correlations, 'nothing']),
      type: optional([...types, 'nothing.said.v1']),
      from: optional(times),
      to: optional(times),
      limit: fc.integer({ min: 1, max: 100 }).map(String),
    });
    await fc.assert(
      fc.asyncProperty(queries, async ({ limit, ...filters }) => {
        const given = Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
        fc.pre(eventQuery.safeParse(given).success);
        const { subject, correlationId, type, from, to } = filters;
        const expected = arrivals
          .map(({ event }) => event)
          .filter(
            (event) =>
              (subject ?? event.subject) === event.subject &&
              (correlationId ?? event.correlationid) === event.correlationid &&
              (type ?? event.type) === event.type &&
              comparableTime(from ?? event.time) <= comparableTime(event.time) &&
              (to === undefined || comparableTime(event.time) < comparableTime(to)),
          )
          .map(({ id }) => id);
        const pages = await pagesOf('query', { ...(given as Record<string, string>), limit });
        expect(pages.flat()).toEqual(expected);
        for (const page of pages.slice(0, -1)) expect(page).toHaveLength(Number(limit));
      }),
      { numRuns: 150 },
    );
  });

  it('of a merchant without events finds none', async () => {
    expect(await pagesOf('nobody', {})).toEqual([[]]);
    expect(await pagesOf('nobody', { subject: 'pay_1' })).toEqual([[]]);
  });

  it('cannot start after an event of another merchant', async () => {
    await record([receivedOf('pay_9', 1, { merchantid: 'another' })]);
    const query = eventQuery.parse({ startingAfter: 'pay_9:1' });
    await expect(find('query', query, () => false)).rejects.toMatchObject({ status: 404 });
    await expect(find('another', query, () => false)).resolves.toMatchObject({ items: [], hasMore: false });
  });
});

it('an event is found by its id, and only by its merchant', async () => {
  const entry = receivedOf('pay_1', 12, { merchantid: 'owner' });
  await record([entry]);
  expect(await load('owner', 'pay_1:12')).toEqual({
    id: 'pay_1:12',
    type: entry.event.type,
    subject: 'pay_1',
    merchantid: 'owner',
    time: '2026-11-23T10:00:00.000Z',
    sequence: '0000000012',
    correlationid: 'req_pay_1',
    text: entry.text,
    position: expect.any(Number),
    recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  });
  expect(await load('stranger', 'pay_1:12')).toBeUndefined();
  expect(await load('owner', 'pay_1:1')).toBeUndefined();
});
