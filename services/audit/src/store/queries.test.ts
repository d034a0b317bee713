import { BatchGetItemCommand, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { dataKey } from '../storeFixtures.ts';
import { find } from './queries.ts';
import {
  batchItem,
  dynamodb,
  inLog,
  isNotUp,
  isUp,
  itemAt,
  listingAt,
  next,
  stubListings,
} from './tableFixtures.ts';

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

  it('cannot be given when what is not merged is too much to read: merging has stood still for hours, and an alarm says so', async () => {
    const items = [batchItem([listingAt(7)])];
    dynamodb.on(QueryCommand).resolves({ Items: items, LastEvaluatedKey: next(7) });
    await expect(find('acme', { limit: 2 }, isUp)).rejects.toMatchObject({ code: 'query_too_broad' });
    expect(dynamodb.commandCalls(QueryCommand)).toHaveLength(1);
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

it('an id to start after that no event has is refused at its field', async () => {
  dynamodb.on(GetItemCommand).resolves({});
  await expect(find('acme', { limit: 2, startingAfter: 'pay_1:7' }, isNotUp)).rejects.toMatchObject({
    status: 404,
    errors: [{ pointer: '#/startingAfter' }],
  });
});
