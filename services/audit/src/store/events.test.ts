import {
  BatchGetItemCommand,
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { sequenceOf } from '@fanfold/contracts/event';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Mention } from '../compare/completeness.ts';
import { receivedOf } from '../record/receivedFixtures.ts';
import { asksFor, dataKey, stubTables } from '../storeFixtures.ts';
import { absentOf, find, itemOf, load, loadTexts, mentionsSince, readIndex } from './events.ts';

const dynamodb = mockClient(DynamoDBClient);

beforeEach(() => {
  dynamodb.reset();
  stubTables(dynamodb, ['acme#pay_1']);
});

/** What is asked of the log and not of the keys. */
const inLog = asksFor('audit');

const recordedAt = '2026-11-23T10:00:01.000Z';

/** An event as the table has it, and as an index points to it. */
const itemAt = (position: number) =>
  marshall(itemOf(receivedOf('pay_1', position + 1), dataKey, position, recordedAt));
const entryAt = (position: number) => marshall({ pk: 'acme#pay_1', sk: sequenceOf(position + 1), position });
const next = (position: number) => marshall({ position });

const positionsOf = ({ items }: { items: { position: number }[] }) => items.map(({ position }) => position);
const isNotUp = () => false;
const isUp = () => true;

describe('a page', () => {
  it('asks again for what DynamoDB left out, and stands in the order of the log', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [entryAt(1), entryAt(4), entryAt(7)] });
    dynamodb
      .on(BatchGetItemCommand, inLog)
      .resolvesOnce({
        Responses: { audit: [itemAt(7)] },
        UnprocessedKeys: { audit: { Keys: [{ pk: { S: 'acme#pay_1' }, sk: { S: '0000000005' } }] } },
      })
      .resolvesOnce({ Responses: { audit: [itemAt(4), itemAt(1)] } });
    expect(positionsOf(await find('acme', { limit: 10 }, isNotUp))).toEqual([1, 4, 7]);
    expect(dynamodb.commandCalls(BatchGetItemCommand)[1]?.args[0].input.RequestItems?.audit?.Keys).toEqual([
      { pk: { S: 'acme#pay_1' }, sk: { S: '0000000005' } },
    ]);
  });

  it('is looked for until it is full, also behind parts in which nothing matches', async () => {
    dynamodb
      .on(QueryCommand)
      .resolvesOnce({ Items: [], LastEvaluatedKey: next(999) })
      .resolvesOnce({ Items: [entryAt(1000), entryAt(1001)], LastEvaluatedKey: next(1999) })
      .resolvesOnce({ Items: [entryAt(2000)], LastEvaluatedKey: next(2999) });
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(1000), itemAt(1001)] } });
    const page = await find('acme', { limit: 2, type: 'payment.failed.v1' }, isNotUp);
    expect(positionsOf(page)).toEqual([1000, 1001]);
    expect(page.hasMore).toBe(true);
    expect(dynamodb.commandCalls(QueryCommand)[2]?.args[0].input.ExclusiveStartKey).toEqual(next(1999));
  });

  it.each([
    ['one in two', 2, [84]],
    ['one in ten', 10, [84, 336]],
    ['one in a hundred', 100, [84, 336, 1000, 1000]],
    ['none', Number.POSITIVE_INFINITY, [84, 336, 1000, 1000, 1000, 1000, 1000]],
  ])(
    'of which %s matches looks at few entries at first, and then at ever more',
    async (_which, everyNth, looked) => {
      let position = 0;
      dynamodb.on(QueryCommand).callsFake(({ Limit }) => {
        const Items = [];
        for (let i = 0; i < Limit && position < 5000; i++, position++) {
          if ((position + 1) % everyNth === 0) Items.push(entryAt(position));
        }
        return { Items, ...(position < 5000 && { LastEvaluatedKey: next(position) }) };
      });
      dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [] } });
      await find('acme', { limit: 20, type: 'payment.failed.v1' }, isNotUp);
      expect(dynamodb.commandCalls(QueryCommand).map(({ args }) => args[0].input.Limit)).toEqual(looked);
    },
  );

  it('of which all matches looks at no more than is on it, and whether there is another', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [] });
    await find('acme', { limit: 20, correlationId: 'req_1' }, isNotUp);
    await find('acme', { limit: 20, subject: 'pay_1', type: 'payment.failed.v1' }, isNotUp);
    const limits = dynamodb.commandCalls(QueryCommand).map(({ args }) => args[0].input.Limit);
    expect(limits).toEqual([21, undefined]);
  });

  it('is the last one when nothing is left, however much DynamoDB had looked at', async () => {
    dynamodb
      .on(QueryCommand)
      .resolvesOnce({ Items: [entryAt(1)], LastEvaluatedKey: next(1) })
      .resolvesOnce({ Items: [] });
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(1)] } });
    expect((await find('acme', { limit: 1 }, isNotUp)).hasMore).toBe(false);
  });

  it('that is not full when time is up is given as it is, and says that there may be more', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [entryAt(5)], LastEvaluatedKey: next(999) });
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(5)] } });
    const page = await find('acme', { limit: 2, type: 'payment.failed.v1' }, isUp);
    expect(positionsOf(page)).toEqual([5]);
    expect(page.hasMore).toBe(true);
  });

  it('on which nothing is when time is up cannot be gone on from: the query is too broad', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [], LastEvaluatedKey: next(999) });
    await expect(find('acme', { limit: 2, type: 'payment.failed.v1' }, isUp)).rejects.toMatchObject({
      status: 422,
      code: 'query_too_broad',
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

describe('an id', () => {
  it.each([
    '',
    'pay_1',
    'pay_1:',
    ':1',
    'pay_1:0',
    'pay_1:01',
    'pay_1:-1',
    'pay_1:1.0',
    'pay_1:12345678901',
    'pay 1:1',
  ])('that no event can have is not looked for: %o', async (id) => {
    expect(await load('acme', id)).toBeUndefined();
    expect(dynamodb.calls()).toHaveLength(0);
  });

  it('is the key, so that finding an event takes one read', async () => {
    dynamodb.on(GetItemCommand).resolves({ Item: itemAt(7) });
    expect(await load('acme', 'a:b:12')).toMatchObject({ position: 7, recordedAt });
    expect(dynamodb.commandCalls(GetItemCommand)[0]?.args[0].input).toMatchObject({
      Key: marshall({ pk: 'acme#a:b', sk: '0000000012' }),
      ConsistentRead: true,
    });
  });

  it('to start after that no event has is refused at its field', async () => {
    dynamodb.on(GetItemCommand).resolves({});
    await expect(find('acme', { limit: 2, startingAfter: 'pay_1:7' }, isNotUp)).rejects.toMatchObject({
      status: 404,
      errors: [{ pointer: '#/startingAfter' }],
    });
  });
});

describe('what was recorded since a day began', () => {
  const mentioned = (n: number, at: string) =>
    marshall({
      pk: 'acme#pay_1',
      sk: String(n).padStart(10, '0'),
      type: 'payment.captured.v1',
      time: at,
      recordedAt: at,
    });

  async function readAll(merchantId: string, date: string): Promise<Mention[]> {
    const mentions: Mention[] = [];
    for await (const page of mentionsSince(merchantId, date)) mentions.push(...page);
    return mentions;
  }

  it('is read from the newest on, until what was recorded before, with some minutes for clocks', async () => {
    dynamodb
      .on(QueryCommand)
      .resolvesOnce({ Items: [mentioned(3, '2026-11-24T01:00:00Z')], LastEvaluatedKey: next(3) })
      .resolvesOnce({ Items: [mentioned(2, '2026-11-22T23:55:01Z')], LastEvaluatedKey: next(2) })
      .resolvesOnce({ Items: [mentioned(1, '2026-11-22T23:54:59Z')], LastEvaluatedKey: next(1) })
      .rejects(new Error('read on'));
    const mentions = await readAll('acme', '2026-11-23');
    expect(mentions.map(({ n }) => n)).toEqual([3, 2, 1]);
    expect(mentions[0]).toEqual({
      subject: 'pay_1',
      n: 3,
      type: 'payment.captured.v1',
      time: '2026-11-24T01:00:00Z',
    });
    const [first, second] = dynamodb.commandCalls(QueryCommand).map(({ args: [{ input }] }) => input);
    expect(first).toMatchObject({ IndexName: 'ByMerchant', ScanIndexForward: false });
    expect(second?.ExclusiveStartKey).toEqual(next(3));
  });

  it('is too much to be read in time at a quarter of a million, and the message will never succeed', async () => {
    const Items = Array.from({ length: 5000 }, (_, i) => mentioned(i + 1, '2026-11-24T01:00:00Z'));
    dynamodb.on(QueryCommand).resolves({ Items, LastEvaluatedKey: next(1) });
    await expect(readAll('acme', '2026-11-23')).rejects.toMatchObject({
      name: 'Unprocessable',
      reason: 'too-many-events',
    });
  }, 30_000);
});

it('what is absent of more than fifty thousand numbers is not asked for, and the message will never succeed', async () => {
  const numbered = Array.from({ length: 50_001 }, (_, i) => ({ subject: `pay_${i}`, n: 2 }));
  await expect(absentOf('acme', numbered)).rejects.toMatchObject({
    name: 'Unprocessable',
    reason: 'too-many-events',
  });
  expect(dynamodb.calls()).toHaveLength(0);
});

it('what is absent of some numbers is asked for by key, a hundred at once, and again what was left out', async () => {
  const numbered = Array.from({ length: 101 }, (_, i) => ({ subject: `pay_${i}`, n: 2 }));
  const keyOf = (i: number) => marshall({ pk: `acme#pay_${i}`, sk: '0000000002' });
  dynamodb
    .on(BatchGetItemCommand, inLog)
    .resolvesOnce({ Responses: { audit: [keyOf(1)] }, UnprocessedKeys: { audit: { Keys: [keyOf(2)] } } })
    .resolves({ Responses: { audit: [keyOf(2), keyOf(100)] } });
  const absent = await absentOf('acme', numbered);
  expect(absent).toHaveLength(98);
  expect(absent.map(({ subject }) => subject)).not.toContain('pay_2');
  const asked = dynamodb
    .commandCalls(BatchGetItemCommand)
    .map(({ args: [{ input }] }) => input.RequestItems?.audit?.Keys);
  expect(asked.map((keys) => keys?.length)).toEqual([100, 2]);
  expect(asked[1]).toEqual([keyOf(2), keyOf(100)]);
});

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

  it('of events that are not there are an error, and not left out', async () => {
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(1)] } });
    await expect(loadTexts(asked(1, 2))).rejects.toThrow('does not have all');
  });
});

describe('an event that was erased', () => {
  it('is found, with what it is known by and without its text', async () => {
    stubTables(dynamodb, []);
    dynamodb.on(GetItemCommand).resolves({ Item: itemAt(7) });
    const recorded = await load('acme', 'pay_1:7');
    expect(recorded).toMatchObject({ subject: 'pay_1', type: 'payment.canceled.v1', position: 7 });
    expect(recorded).not.toHaveProperty('text');
  });

  it('stays so when its data subject has a new key', async () => {
    const item = itemOf(receivedOf('pay_1', 1), Buffer.alloc(32, 8), 7, recordedAt);
    dynamodb.on(GetItemCommand).resolves({ Item: marshall(item) });
    expect(await load('acme', 'pay_1:1')).not.toHaveProperty('text');
  });

  it('has no text to be sent again', async () => {
    stubTables(dynamodb, []);
    dynamodb.on(BatchGetItemCommand, inLog).resolves({ Responses: { audit: [itemAt(1)] } });
    const asked = [{ merchantId: 'acme', id: 'pay_1:2', position: 1 }];
    expect(await loadTexts(asked)).toEqual([{ position: 1, text: null }]);
  });
});

it('an event whose sealed text was changed is an error, and never shown as erased', async () => {
  const item = itemOf(receivedOf('pay_1', 1), dataKey, 7, recordedAt);
  const changed = Uint8Array.from(item.sealed, (byte, i) => (i === 20 ? byte ^ 1 : byte));
  dynamodb.on(GetItemCommand).resolves({ Item: marshall({ ...item, sealed: changed }) });
  await expect(load('acme', 'pay_1:1')).rejects.toThrow();
});
