import { DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareListings } from '../compare/listings.ts';
import { provideTables } from '../provisionFixtures.ts';
import { eventQuery } from '../query/eventQuery.ts';
import { comparableTime, type Received } from '../record/received.ts';
import { receivedOf } from '../record/receivedFixtures.ts';
import { record } from '../record/record.ts';
import { load } from './events.ts';
import { readIndex } from './exports.ts';
import { decodeListings, encodeListings, type Listing } from './listings.ts';
import { padded } from './log.ts';
import { mentionsSince } from './mentions.ts';
import { loadMerged, mergeListings, readUnmerged } from './mergedListings.ts';
import { find } from './queries.ts';
import { tableName } from './tables.ts';

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

type Item = Record<string, unknown>;

/** The log's table, as somebody with access to it could change it. */
const table = {
  async all(): Promise<Item[]> {
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: tableName() }));
    return Items.map((item) => unmarshall(item));
  },
  async put(item: Item): Promise<void> {
    await dynamodb.send(new PutItemCommand({ TableName: tableName(), Item: marshall(item) }));
  },
  async remove({ pk, sk }: Item): Promise<void> {
    await dynamodb.send(new DeleteItemCommand({ TableName: tableName(), Key: marshall({ pk, sk }) }));
  },
  /** Writes events that were appended together in the form of versions without listings. */
  async makeOld(index: number, count: number): Promise<void> {
    for (const item of await this.all()) {
      if (item.pk === 'entries' && item.sk === padded(index)) {
        const { listed: _, ...old } = item;
        await this.put(old);
      }
      const { position, correlationId, ...old } = item;
      if (!item.sealed || Number(position) < index || Number(position) >= index + count) continue;
      const merchantId = String(item.pk).split('#')[0];
      await this.put({ ...old, position, merchantId, correlation: `${merchantId}#${correlationId}` });
    }
  },
};

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
    for (const [i, each] of arrivals.entries()) {
      expect(await record([each, noise[i] as Received])).toEqual(new Map());
    }
  });

  /** What fits all of some filters comes in the order of arrival, each once, on pages of any size. */
  async function requireRightPages(): Promise<void> {
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
      { numRuns: 40 },
    );
    const day = { read: 'index' as const, from: '2026-11-23', to: '2026-11-24' };
    for (const merchantId of ['query', undefined]) {
      const { events } = await readIndex({ ...day, merchantId }, () => false);
      const own = events.filter((each) => each.merchantId === 'query').map(({ id }) => id);
      expect(own.sort()).toEqual(arrivals.map(({ event }) => event.id).sort());
    }
    const mentions: number[] = [];
    for await (const page of mentionsSince('query', '2026-11-23')) mentions.push(...page.map(({ n }) => n));
    expect(mentions.sort()).toEqual(arrivals.map(({ event }) => Number(event.sequence)).sort());
  }

  async function misplacedAnywhere(): Promise<number[]> {
    const all: number[] = [];
    let from = 0;
    do {
      const { misplaced, next } = await compareListings(from, 1000);
      all.push(...misplaced);
      from = next;
    } while (from > 0);
    return all;
  }

  it('finds what fits any filters among what was just recorded', async () => {
    await requireRightPages();
  });

  it('finds the same when the listings are merged, in pieces and in the batches since', async () => {
    expect(await mergeListings(31)).toBe(0);
    expect(await mergeListings(119, () => true)).toBe(0);
    const { batches } = await readUnmerged(-1, { merchantId: 'query' });
    expect(
      new Set(batches.flatMap(({ listings = [] }) => listings.map(({ merchantId }) => merchantId))),
    ).toEqual(new Set(['query']));
    expect(await mergeListings(119)).toBe(96);
    expect(await mergeListings(119)).toBe(0);
    await requireRightPages();
    expect(await misplacedAnywhere()).toEqual([]);
  });

  it('finds the same when the merge ended before it said how far it was, or stood still since, and is repeated', async () => {
    await table.put({ pk: 'entries', sk: 'merged', mergedFrom: 0, mergedUntil: 32, unlistedUntil: 0 });
    await requireRightPages();
    await table.put({ pk: 'entries', sk: 'merged', mergedFrom: 0, mergedUntil: 0, unlistedUntil: 0 });
    expect((await readUnmerged()).unread).toEqual({ from: 0, until: 58 });
    expect((await readUnmerged(50)).unread).toEqual({ from: 51, until: 58 });
    await requireRightPages();
    expect(await mergeListings(120)).toBe(96);
    await requireRightPages();
  });

  it('finds the same of what an earlier version recorded, and of what both did while the stage was updated', async () => {
    await table.remove({ pk: 'entries', sk: 'merged' });
    for (const item of await table.all()) if (String(item.pk).startsWith('listed:')) await table.remove(item);
    // The first two batches, and one that came in between.
    for (const index of [0, 2, 6]) await table.makeOld(index, 2);
    await requireRightPages();
    expect(await mergeListings(120)).toBe(96);
    const merged = await loadMerged();
    expect(merged).toEqual(expect.objectContaining({ mergedFrom: 4, mergedUntil: 100, unlistedUntil: 8 }));
    await requireRightPages();
    expect(await misplacedAnywhere()).toEqual([]);
  });

  it('whose listing somebody hides or changes is noticed', async () => {
    const pieces = (await table.all()).filter(({ pk }) => pk === 'listed:query');
    await table.remove(pieces[0] as Item);
    const { misplaced } = await compareListings(0, 1000);
    expect(misplaced).toEqual(expect.arrayContaining([4, 8, 10]));
    expect(misplaced.every((position) => position % 2 === 0)).toBe(true);
    await table.put(pieces[0] as Item);
    expect((await compareListings(0, 1000)).misplaced).toEqual([]);

    const batch = (await table.all()).find(({ pk, sk }) => pk === 'entries' && sk === padded(12)) as Item;
    const [first, ...rest] = decodeListings(batch.listed as Uint8Array);
    await table.put({ ...batch, listed: encodeListings(rest) });
    expect((await compareListings(0, 1000)).misplaced).toEqual([12]);
    await table.put({
      ...batch,
      listed: encodeListings([{ ...(first as Listing), type: 'a.b.v1' }, ...rest]),
    });
    expect((await compareListings(0, 1000)).misplaced).toEqual([12]);
    await table.put(batch);
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
