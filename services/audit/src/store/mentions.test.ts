import { BatchGetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import type { Mention } from '../compare/completeness.ts';
import { absentOf, mentionsSince } from './mentions.ts';
import { dynamodb, inLog, listingAt, stubListings } from './tableFixtures.ts';

describe('what was recorded since a day began', () => {
  const mentioned = (position: number, at: string) => listingAt(position, { time: at, recordedAt: at });

  async function readAll(merchantId: string, date: string): Promise<Mention[]> {
    const mentions: Mention[] = [];
    for await (const page of mentionsSince(merchantId, date, Number.POSITIVE_INFINITY))
      mentions.push(...page);
    return mentions;
  }

  it('is read from the newest on, until what was recorded before, with some minutes for clocks', async () => {
    stubListings({
      merged: [
        [[mentioned(1, '2026-11-22T23:54:59Z'), mentioned(2, '2026-11-22T23:54:01Z')]],
        [[mentioned(0, '2026-11-22T23:53:59Z')]],
        [[mentioned(0, 'read on')]],
      ],
      recent: [[mentioned(3, '2026-11-24T01:00:00Z')]],
    });
    const mentions = await readAll('acme', '2026-11-23');
    expect(mentions.map(({ n }) => n)).toEqual([4, 3, 2]);
    expect(mentions[0]).toEqual({
      subject: 'pay_1',
      n: 4,
      type: listingAt(3).type,
      time: '2026-11-24T01:00:00Z',
    });
    const asked = dynamodb.commandCalls(QueryCommand).map(({ args: [{ input }] }) => input);
    expect(asked.map(({ ScanIndexForward }) => ScanIndexForward)).toEqual([false, false, false]);
  });

  it('has once what is merged while it is read: two of it would be an event too many', async () => {
    const recent = [mentioned(2, '2026-11-24T00:30:00Z'), mentioned(3, '2026-11-24T01:00:00Z')];
    stubListings({
      merged: [[[mentioned(1, '2026-11-24T00:00:00Z'), ...recent]]],
      mergedUntil: 2,
      recent: [recent],
    });
    expect((await readAll('acme', '2026-11-23')).map(({ n }) => n)).toEqual([4, 3, 2]);
  });

  it('has what only the index finds, too', async () => {
    stubListings({
      indexed: [[mentioned(2, '2026-11-24T00:30:00Z'), mentioned(1, '2026-11-22T23:00:00Z')]],
      recent: [[mentioned(3, '2026-11-24T01:00:00Z')]],
    });
    expect((await readAll('acme', '2026-11-23')).map(({ n }) => n)).toEqual([4, 3]);
  });

  it('has once what came back after a restoration, which a piece from before that may have as well', async () => {
    const again = [mentioned(1, '2026-11-24T00:10:00Z'), mentioned(2, '2026-11-24T00:30:00Z')];
    stubListings({
      merged: [[again]],
      indexed: [again.toReversed()],
      recent: [[mentioned(3, '2026-11-24T01:00:00Z')]],
    });
    expect((await readAll('acme', '2026-11-23')).map(({ n }) => n)).toEqual([4, 3, 2]);
  });

  it('is read among what would have been merged long ago only as long as there is time: then the day waits', async () => {
    const at = (position: number) => mentioned(position, '2026-11-24T01:00:00Z');
    stubListings({ merged: [[[at(0)]]], unread: [[[at(2)]], [[at(1)]]], recent: [[at(3)]] });
    expect((await readAll('acme', '2026-11-23')).map(({ n }) => n)).toEqual([4, 3, 2, 1]);
    const reading = mentionsSince('acme', '2026-11-23', 0);
    await expect(reading.next()).rejects.toMatchObject({ name: 'NotYet' });
  });

  it('is too much to be read in time at a quarter of a million, and the message will never succeed', async () => {
    const piece = Array.from({ length: 5000 }, (_, i) => mentioned(i, '2026-11-24T01:00:00Z'));
    stubListings({ merged: Array.from({ length: 51 }, () => [piece]) });
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
