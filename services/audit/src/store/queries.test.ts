import {
  type AttributeValue,
  BatchGetItemCommand,
  GetItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import type { EventQuery } from '../query/eventQuery.ts';
import { dataKey } from '../storeFixtures.ts';
import { encodeListings, type Listing } from './listings.ts';
import { find } from './queries.ts';
import { dynamodb, inLog, isNotUp, isUp, itemAt, listingAt, next, stubListings } from './tableFixtures.ts';

const positionsOf = ({ items }: { items: { position: number }[] }) => items.map(({ position }) => position);

const listingsAt = (...positions: number[]) => positions.map((position) => listingAt(position));
const failed = (position: number) => listingAt(position, { type: 'payment.failed.v1' });
const stubEvents = (...positions: number[]) =>
  dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: positions.map(itemAt) } });

describe('a page', () => {
  it('has what is merged and what came since, in the order of the log, by three calls', async () => {
    stubListings({ merged: [[listingsAt(1, 4), listingsAt(7)]], recent: [listingsAt(8), listingsAt(9, 10)] });
    dynamodb
      .on(BatchGetItemCommand, inLog)
      .resolvesOnce({
        Responses: { audit: [itemAt(7), itemAt(10)] },
        UnprocessedKeys: { audit: { Keys: [{ pk: { S: 'acme#pay_1' }, sk: { S: '0000000005' } }] } },
      })
      .resolvesOnce({ Responses: { audit: [4, 1, 9, 8].map(itemAt) } });
    expect(positionsOf(await find('acme', { limit: 10 }, isNotUp))).toEqual([1, 4, 7, 8, 9, 10]);
    const [first, again] = dynamodb.commandCalls(BatchGetItemCommand).map(({ args }) => args[0].input);
    // The keys of their data subjects are read by the same call.
    expect(first?.RequestItems?.audit?.Keys).toHaveLength(6);
    expect(first?.RequestItems?.keys?.Keys).toEqual([{ pk: { S: 'acme#pay_1' } }]);
    expect(again?.RequestItems?.audit?.Keys).toEqual([{ pk: { S: 'acme#pay_1' }, sk: { S: '0000000005' } }]);
    expect(dynamodb.commandCalls(QueryCommand)).toHaveLength(2);
  });

  it('has texts where the keys were read with the events', async () => {
    stubListings({ recent: [listingsAt(1)] });
    dynamodb
      .on(BatchGetItemCommand, inLog)
      .resolves({ Responses: { audit: [itemAt(1)], keys: [marshall({ pk: 'acme#pay_1', dataKey })] } });
    const { items } = await find('acme', { limit: 10 }, isNotUp);
    expect(items[0]?.text).toContain('"id":"pay_1:2"');
    expect(dynamodb.commandCalls(BatchGetItemCommand)).toHaveLength(1);
  });

  it('asks no index of a stage whose events all have listings, and no piece of one that has none', async () => {
    stubListings({ recent: [listingsAt(1)] });
    stubEvents(1);
    await find('acme', { limit: 10 }, isNotUp);
    expect(dynamodb.commandCalls(QueryCommand)).toHaveLength(1);
  });

  it('has what only the index finds among the rest, each once', async () => {
    stubListings({ merged: [[listingsAt(2, 3)]], recent: [listingsAt(4)], indexed: [listingsAt(0, 1, 3)] });
    stubEvents(0, 1, 2, 3, 4);
    expect(positionsOf(await find('acme', { limit: 10 }, isNotUp))).toEqual([0, 1, 2, 3, 4]);
  });

  it('ends where the log ended when it was asked for, also when what came later is merged in part', async () => {
    stubListings({ merged: [[listingsAt(1), listingsAt(9)]], mergedUntil: 2, recent: [listingsAt(2, 3)] });
    stubEvents(1, 2, 3, 9);
    expect(positionsOf(await find('acme', { limit: 10 }, isNotUp))).toEqual([1, 2, 3]);
  });

  it('has an event that was recorded again only where it is now', async () => {
    stubListings({ merged: [[listingsAt(1, 2)]], recent: [[listingAt(9, { sk: listingAt(1).sk })]] });
    const moved = { ...itemAt(1), position: { N: '9' } };
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [moved, itemAt(2)] } });
    expect(positionsOf(await find('acme', { limit: 10 }, isNotUp))).toEqual([2, 9]);
  });

  it('is looked for until it is full, also behind parts in which nothing matches', async () => {
    stubListings({
      merged: [[listingsAt(999)], [[failed(1000), failed(1001)]], [[failed(2000)]], [[failed(3000)]]],
    });
    stubEvents(1000, 1001);
    const page = await find('acme', { limit: 2, type: 'payment.failed.v1' }, isNotUp);
    expect(page.hasMore).toBe(true);
    const asked = dynamodb.commandCalls(QueryCommand).map(({ args }) => args[0].input.ExclusiveStartKey);
    expect(asked).toEqual([undefined, undefined, next(0), next(1)]);
  });

  it('looks at few pieces at first, and then at ever more', async () => {
    stubListings({ merged: Array.from({ length: 5 }, (_, i) => [listingsAt(i)]) });
    stubEvents();
    await find('acme', { limit: 20, type: 'payment.failed.v1' }, isNotUp);
    await find('acme', { limit: 20 }, isNotUp);
    const limits = dynamodb.commandCalls(QueryCommand).map(({ args }) => args[0].input.Limit);
    expect(limits).toEqual([32, 84, 336, 1000, 1000, 1000, 32, 21, 84, 336, 1000, 1000]);
  });

  it('is the last one when nothing is left, however much DynamoDB had looked at', async () => {
    stubListings({ merged: [[listingsAt(1)], []] });
    stubEvents(1);
    expect((await find('acme', { limit: 1 }, isNotUp)).hasMore).toBe(false);
  });

  it('that is not full when time is up is given as it is, and says that there may be more', async () => {
    stubListings({ merged: [[[failed(5)]], [[failed(6)]]], recent: [[failed(7)]] });
    stubEvents(5);
    const page = await find('acme', { limit: 2, type: 'payment.failed.v1' }, isUp);
    expect(positionsOf(page)).toEqual([5]);
    expect(page.hasMore).toBe(true);
  });

  it('on which nothing is when time is up cannot be gone on from: the query is too broad', async () => {
    stubListings({ merged: [[listingsAt(5)], [listingsAt(6)]] });
    await expect(find('acme', { limit: 2, type: 'payment.failed.v1' }, isUp)).rejects.toMatchObject({
      status: 422,
      code: 'query_too_broad',
    });
  });

  it('has what would have been merged long ago, read from its beginning and no further than the page needs', async () => {
    stubListings({
      merged: [[listingsAt(1)]],
      unread: [[listingsAt(2, 3), listingsAt(4)], [listingsAt(5)]],
      recent: [listingsAt(6)],
    });
    stubEvents(1, 2, 3, 4, 5, 6);
    expect(positionsOf(await find('acme', { limit: 10 }, isNotUp))).toEqual([1, 2, 3, 4, 5, 6]);
    dynamodb.resetHistory();
    const page = await find('acme', { limit: 2 }, isUp);
    expect(positionsOf(page)).toEqual([1, 2]);
    expect(page.hasMore).toBe(true);
    // The end of the log, the index of what may have no listing, pieces, and one part of what is between.
    expect(dynamodb.commandCalls(QueryCommand)).toHaveLength(4);
  });

  it('that is cut among what would have been merged long ago is gone on from', async () => {
    stubListings({ unread: [[listingsAt(2)], [listingsAt(3)]], recent: [listingsAt(4)], mergedUntil: 2 });
    stubEvents(2, 3, 4);
    const page = await find('acme', { limit: 10 }, isUp);
    expect([positionsOf(page), page.hasMore]).toEqual([[2], true]);
  });

  it('on which nothing is when time is up there has to be asked for again: merging goes on meanwhile', async () => {
    stubListings({ unread: [[[failed(2)]], [[failed(3)]]], recent: [listingsAt(4)], mergedUntil: 2 });
    await expect(find('acme', { limit: 2, type: 'payment.captured.v1' }, isUp)).rejects.toMatchObject({
      status: 503,
      code: 'list_behind',
      headers: { 'Retry-After': '60' },
    });
  });

  it('of a subject is read to its end, because events of one may have come in any order', async () => {
    dynamodb
      .on(QueryCommand)
      .resolvesOnce({ Items: [itemAt(9), itemAt(3)], LastEvaluatedKey: next(3) })
      .resolvesOnce({ Items: [itemAt(1)] });
    const page = await find('acme', { limit: 2, subject: 'pay_1' }, isUp);
    expect(positionsOf(page)).toEqual([1, 3]);
    expect(page.hasMore).toBe(true);
    expect(dynamodb.commandCalls(BatchGetItemCommand, inLog)).toHaveLength(0);
  });
});

describe('a page of a merchant with a million events takes no more calls than with an index', () => {
  const events = 1_000_000;
  const limit = 20;
  const isCaptured = (position: number) => position % 4 === 0;
  const typeAt = (position: number) => (isCaptured(position) ? 'payment.captured.v1' : 'payment.failed.v1');
  const base = listingAt(0);
  const madeAt = (position: number, type = typeAt(position)): Listing => ({ ...base, position, type });

  /** The calls of a page found by an index, as versions without listings made them: of the index, of events and of keys. */
  function callsWithIndex(isFiltered: boolean, fits: (position: number) => boolean, count = events): number {
    let [calls, read, found] = [0, 0, 0];
    for (let Limit = isFiltered ? 4 * (limit + 1) : limit + 1; ; Limit = Math.min(4 * Limit, 1000)) {
      calls += 1;
      for (const end = Math.min(read + Limit, count); read < end; read++) if (fits(read)) found += 1;
      if (found > limit || read === count) return found > 0 ? calls + 2 : calls;
    }
  }

  /** Sixteen batches that wait to be merged and eight of the last minute; and pieces, in answers of a megabyte at most. */
  function stubMillion(listingsOf: (piece: number) => Listing[], pieces: number, pieceBytes: number): void {
    stubListings({
      mergedUntil: events,
      recent: Array.from({ length: 24 }, (_, i) => [madeAt(events + i, 'payment.failed.v1')]),
    });
    dynamodb
      .on(QueryCommand, { KeyConditionExpression: 'pk = :pk AND sk >= :first' })
      .callsFake(({ Limit = Number.POSITIVE_INFINITY, ExclusiveStartKey }) => {
        const from = ExclusiveStartKey ? Number(ExclusiveStartKey.position.N) : 0;
        const until = Math.min(pieces, from + Limit, from + Math.floor(1_048_576 / pieceBytes));
        const Items = Array.from({ length: until - from }, (_, i) => pieceOf(listingsOf(from + i)));
        return { Items, ...(until < pieces && { LastEvaluatedKey: next(until) }) };
      });
    stubEvents();
  }
  const made = new WeakMap<Listing[], Record<string, AttributeValue>>();
  function pieceOf(listings: Listing[]): Record<string, AttributeValue> {
    const known = made.get(listings) ?? marshall({ listed: encodeListings(listings) });
    made.set(listings, known);
    return known;
  }
  const full = (piece: number) => Array.from({ length: 64 }, (_, i) => madeAt(64 * piece + i));

  async function callsOf(query: Partial<EventQuery>): Promise<number> {
    dynamodb.resetHistory();
    await find('acme', { limit, ...query }, isNotUp);
    return dynamodb.calls().length;
  }

  it('of all, of a type that many events have, and from a time on: three', async () => {
    stubMillion(full, events / 64, 3000);
    expect([await callsOf({}), callsWithIndex(false, () => true)]).toEqual([3, 3]);
    const ofType = await callsOf({ type: 'payment.captured.v1' });
    expect([ofType, callsWithIndex(true, isCaptured)]).toEqual([3, 3]);
    const fromThen = await callsOf({ from: base.time });
    expect([fromThen, callsWithIndex(true, () => true)]).toEqual([3, 3]);
  });

  it('of a correlation: three', async () => {
    stubMillion(() => [madeAt(5), madeAt(6), madeAt(7)], 1, 200);
    const { correlationId } = base;
    expect([await callsOf({ correlationId }), callsWithIndex(false, () => true, 3)]).toEqual([3, 3]);
  });

  it('of a subject: two, as ever', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [itemAt(1), itemAt(2)] });
    expect(await callsOf({ subject: 'pay_1' })).toBe(2);
  });

  it('of a type or a time that no event has: one for a megabyte of pieces, where the index took one for a thousand events', async () => {
    // Only how large pieces are decides how many calls it takes: one event stands for the 64 of each.
    const none = [madeAt(0)];
    stubMillion(() => none, events / 64, 3000);
    expect([await callsOf({ type: 'a.b.v1' }), callsWithIndex(true, () => false)]).toEqual([47, 1002]);
  });

  it('but one more where nothing is found and each piece has one event: what is not merged is read besides', async () => {
    const none = [madeAt(0)];
    stubMillion(() => none, 10_000, 150);
    const calls = await callsOf({ type: 'a.b.v1' });
    expect(calls - callsWithIndex(true, () => false, 10_000)).toBe(1);
  });
});

it('an id to start after that no event has is refused at its field', async () => {
  dynamodb.on(GetItemCommand).resolves({});
  await expect(find('acme', { limit: 2, startingAfter: 'pay_1:7' }, isNotUp)).rejects.toMatchObject({
    status: 404,
    errors: [{ pointer: '#/startingAfter' }],
  });
});
