import { BatchGetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { receivedOf } from '../record/receivedFixtures.ts';
import { dataKey, stubTables } from '../storeFixtures.ts';
import { itemOf } from './eventItems.ts';
import { loadTexts, readIndex } from './exports.ts';
import { dynamodb, inLog, isNotUp, isUp, itemAt, recordedAt } from './tableFixtures.ts';

describe('a part of the index', () => {
  const range = { read: 'index' as const, from: '2026-11-23', to: '2026-11-24' };
  const indexed = (position: number) =>
    marshall({ pk: `acme#pay_${position}`, sk: '0000000001', merchantId: 'acme', type: 'a.b.v1', position });
  const indexKey = (position: number) => ({ pk: 'acme#pay_1', sk: '1', merchantId: 'acme', position });

  it('is read until there is enough, and says where the next one begins', async () => {
    const page = Array.from({ length: 3000 }, (_, i) => indexed(i));
    dynamodb
      .on(ScanCommand)
      .resolvesOnce({ Items: page, LastEvaluatedKey: marshall(indexKey(1)) })
      .resolvesOnce({ Items: page, LastEvaluatedKey: marshall(indexKey(2)) });
    const { events, next } = await readIndex({ ...range, after: indexKey(0) }, isNotUp);
    expect(events).toHaveLength(6000);
    expect(events[7]).toEqual({ merchantId: 'acme', id: 'pay_7:1', type: 'a.b.v1', position: 7 });
    expect(next).toEqual(indexKey(2));
    const starts = dynamodb.commandCalls(ScanCommand).map(({ args }) => args[0].input.ExclusiveStartKey);
    expect(starts).toEqual([marshall(indexKey(0)), marshall(indexKey(1))]);
  });

  it('ends when time is up, although nothing was found', async () => {
    dynamodb.on(ScanCommand).resolves({ Items: [], LastEvaluatedKey: marshall(indexKey(3)) });
    expect(await readIndex(range, isUp)).toEqual({ events: [], next: indexKey(3) });
    expect(dynamodb.commandCalls(ScanCommand)).toHaveLength(1);
  });

  it('is the last one when nothing is left', async () => {
    dynamodb.on(ScanCommand).resolves({ Items: [indexed(1)] });
    expect(await readIndex(range, isUp)).not.toHaveProperty('next');
  });
});

describe('texts', () => {
  const asked = (...positions: number[]) =>
    positions.map((position) => ({ merchantId: 'acme', id: `pay_1:${position + 1}`, position }));

  it('that are too large for one answer are given as far as they go, in the order of the log', async () => {
    const large = (position: number) => {
      const received = { ...receivedOf('pay_1', position + 1), text: JSON.stringify('"'.repeat(700_000)) };
      return marshall(itemOf(received, dataKey, position, recordedAt));
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
