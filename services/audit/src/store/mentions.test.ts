import { BatchGetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import type { Mention } from '../compare/completeness.ts';
import { absentOf, mentionsSince } from './mentions.ts';
import { dynamodb, inLog, next } from './tableFixtures.ts';

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
