import { DynamoDBClient, QueryCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { documentsFor, issuedOn } from './days.ts';

const table = mockClient(DynamoDBClient);

beforeEach(() => {
  table.reset();
  vi.stubEnv('BILLING_TABLE_NAME', 'billing');
});

const queries = () => table.commandCalls(QueryCommand).map(({ args: [{ input }] }) => input);

/** An entry of the index: issued and captured on days of November 2026. */
const entry = (issuedOn: number, happenedOn = issuedOn, number = 'INV-2026-000000000001') => {
  const dayOf = (day: number) => `2026-11-${String(day).padStart(2, '0')}`;
  return marshall({
    pk: 'acme#inv_1',
    number,
    issueDate: dayOf(issuedOn),
    happenedOn: dayOf(happenedOn),
    currency: 'EUR',
    amount: 100,
  });
};
const next = { pk: { S: 'next' } };

describe('the documents of a day', () => {
  it('are looked for from the newest on, whenever they were issued, and by when they happened', async () => {
    table
      .on(QueryCommand)
      .resolvesOnce({ Items: [entry(25, 25), entry(25, 23), entry(24, 24)], LastEvaluatedKey: next })
      .resolves({ Items: [entry(23), entry(23, 22), entry(22, 23)] });
    expect(await documentsFor('acme', 'credit-note', '2026-11-23')).toHaveLength(3);
    expect(queries()).toMatchObject([
      { ScanIndexForward: false, ExpressionAttributeValues: { ':documents': { S: 'acme#credit-note' } } },
      { ExclusiveStartKey: next },
    ]);
  });

  it('are not looked for behind those of two days before with the same prefix', async () => {
    table
      .on(QueryCommand)
      .resolvesOnce({ Items: [entry(23), entry(22)], LastEvaluatedKey: next })
      .resolvesOnce({ Items: [entry(22), entry(21)], LastEvaluatedKey: next })
      .resolvesOnce({
        Items: [entry(24, 23, 'ACME-INV-2026-000000000001'), entry(21, 21, 'ACME-INV-2026-000000000000')],
      })
      .resolvesOnce({ Items: [] })
      .rejects(new Error('read on'));
    expect(await documentsFor('acme', 'invoice', '2026-11-23')).toHaveLength(2);
    const passed = queries().map(
      ({ ExpressionAttributeValues }) => ExpressionAttributeValues?.[':passed']?.S,
    );
    expect(passed).toEqual([undefined, undefined, 'INV-', 'ACME-INV-']);
  });

  it('are too many to be read in time at half a million, and the message will never succeed', async () => {
    const Items = Array.from({ length: 5000 }, () => entry(23));
    table.on(QueryCommand).resolves({ Items, LastEvaluatedKey: next });
    await expect(documentsFor('acme', 'invoice', '2026-11-23')).rejects.toMatchObject({
      name: 'Unprocessable',
      reason: 'too-many-documents',
    });
    expect(queries()).toHaveLength(100);
  }, 30_000);
});

describe('what was issued on a day', () => {
  it('is looked for in the whole index, page by page, of one merchant or of all', async () => {
    table
      .on(ScanCommand)
      .resolvesOnce({ Items: [{ pk: { S: 'acme#inv_1' } }], LastEvaluatedKey: next })
      .resolvesOnce({ Items: [], LastEvaluatedKey: next })
      .resolves({ Items: [{ pk: { S: 'acme#cn_1' } }] });
    const pages: { id: string }[][] = [];
    for await (const page of issuedOn('2026-11-23', 'acme')) pages.push(page);
    for await (const page of issuedOn('2026-11-23')) pages.push(page);
    // A page without any is one too: meanwhile time may be up.
    expect(pages).toEqual([[{ id: 'acme#inv_1' }], [], [{ id: 'acme#cn_1' }], [{ id: 'acme#cn_1' }]]);
    const scans = table.commandCalls(ScanCommand).map(({ args: [{ input }] }) => input);
    expect(scans.map(({ FilterExpression }) => FilterExpression)).toEqual([
      ...Array(3).fill('issueDate = :date AND begins_with(pk, :merchant)'),
      'issueDate = :date',
    ]);
    expect(scans[2]?.ExclusiveStartKey).toEqual(next);
    expect(scans[0]?.ExpressionAttributeValues).toEqual(
      marshall({ ':date': '2026-11-23', ':merchant': 'acme#' }),
    );
  });
});
