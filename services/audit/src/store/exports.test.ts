import { BatchGetItemCommand, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { sequenceOf } from '@fanfold/contracts/event';
import { describe, expect, it } from 'vitest';
import { receivedOf } from '../record/receivedFixtures.ts';
import { dataKey, stubTables } from '../storeFixtures.ts';
import { itemOf, storedEvent } from './eventItems.ts';
import { loadTexts, readIndex } from './exports.ts';
import {
  batchItem,
  dynamodb,
  inLog,
  isNotUp,
  isUp,
  itemAt,
  listingAt,
  recordedAt,
  stubListings,
} from './tableFixtures.ts';

describe('a part of the index', () => {
  const range = { read: 'index' as const, from: '2026-11-23', to: '2026-11-24' };
  const indexKey = (position: number) => ({ pk: 'acme#pay_1', sk: '1', merchantId: 'acme', position });
  const first = listingAt(0);
  const perBatch = 500;
  const batches = (count: number) =>
    dynamodb
      .on(QueryCommand, { KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last' })
      .callsFake(({ ExpressionAttributeValues }) => {
        const start = Number(ExpressionAttributeValues[':first'].S);
        const listings = Array.from({ length: perBatch }, (_, i) => ({
          ...first,
          position: start + i,
          sk: sequenceOf(start + i + 1),
        }));
        return { Items: start < count ? [batchItem(listings)] : [] };
      });
  const day = { ...range, to: '2026-12-24' };

  it('is read until there is enough, and says where the next one begins', async () => {
    stubListings({});
    batches(9000);
    const { events, next } = await readIndex(day, isNotUp);
    expect(events).toHaveLength(5000);
    expect(events[7]).toEqual({ merchantId: 'acme', id: 'pay_1:8', type: first.type, position: 7 });
    expect(next).toEqual({ position: 4999 });
    const rest = await readIndex({ ...day, after: { position: 4999 } }, isNotUp);
    expect(rest.events.map(({ position }) => position)).toEqual(
      Array.from({ length: 4000 }, (_, i) => 5000 + i),
    );
    expect(rest).not.toHaveProperty('next');
  });

  it('ends with what only the index finds, where that goes on', async () => {
    stubListings({ indexed: [[listingAt(1)], [listingAt(2)]] });
    batches(0);
    dynamodb
      .on(ScanCommand)
      .resolvesOnce({ Items: [], LastEvaluatedKey: marshall(indexKey(3)) })
      .resolvesOnce({ Items: [] });
    expect(await readIndex(day, isUp)).toEqual({ events: [], next: indexKey(3) });
    expect(dynamodb.commandCalls(ScanCommand)).toHaveLength(1);
    expect(await readIndex({ ...day, after: indexKey(3) }, isUp)).toEqual({ events: [] });
    expect(dynamodb.commandCalls(ScanCommand)[1]?.args[0].input.ExclusiveStartKey).toEqual(
      marshall(indexKey(3)),
    );
  });

  it('of a merchant goes on behind the last position that was looked at', async () => {
    stubListings({ merged: [[[listingAt(1), listingAt(2)]], [[listingAt(3)]]] });
    const other = { ...day, merchantId: 'acme', type: 'payment.failed.v1' };
    expect(await readIndex(other, isUp)).toEqual({ events: [], next: { position: 2 } });
    const { events, next } = await readIndex({ ...day, merchantId: 'acme', after: { position: 1 } }, isNotUp);
    expect(events.map(({ position }) => position)).toEqual([2, 3]);
    expect(next).toBeUndefined();
  });

  it('of a merchant cannot be read when what waits to be merged takes all the time: reading on would begin there again', async () => {
    const others = (position: number) => [[listingAt(position, { merchantId: 'globex' })]];
    stubListings({ unread: [others(2), others(3)], recent: [[listingAt(4)]], mergedUntil: 2 });
    await expect(readIndex({ ...day, merchantId: 'acme' }, isUp)).rejects.toThrow('publishLog');
  });
});

describe('texts', () => {
  const asked = (...positions: number[]) =>
    positions.map((position) => ({ merchantId: 'acme', id: `pay_1:${position + 1}`, position }));

  it('that are too large for one answer are given as far as they go, in the order of the log', async () => {
    const large = (position: number) => {
      const received = { ...receivedOf('pay_1', position + 1), text: JSON.stringify('"'.repeat(700_000)) };
      return storedEvent(itemOf(received, dataKey, position, recordedAt));
    };
    dynamodb
      .on(BatchGetItemCommand, inLog)
      .resolves({ Responses: { audit: [large(3), large(1), large(2)] } });
    const texts = await loadTexts(asked(3, 2, 1));
    expect(texts.map(({ position }) => position)).toEqual([1]);
  });

  it('are found by the ids of their events alone, where nobody knows the positions', async () => {
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(2), itemAt(1)] } });
    const events = asked(1, 2).map((event) => ({ ...event, position: 0 }));
    expect((await loadTexts(events)).map(({ position }) => position)).toEqual([1, 2]);
  });

  it('of events that are not there are an error, and not left out', async () => {
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(1)] } });
    await expect(loadTexts(asked(1, 2))).rejects.toThrow('does not have all');
  });
});

it('an event that was erased has no text to be sent again', async () => {
  stubTables(dynamodb, []);
  dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(1)] } });
  const asked = [{ merchantId: 'acme', id: 'pay_1:2', position: 1 }];
  expect(await loadTexts(asked)).toEqual([{ position: 1, text: null }]);
});
