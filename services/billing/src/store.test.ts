import { readFileSync } from 'node:fs';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Finding } from '@fanfold/runtime/finding';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { captured } from './eventFixtures.ts';
import type { Difference } from './reconciliation.ts';
import { booksAt, documentsFor, eventsOf, issuedOn, type Pages, saveFinding } from './store.ts';

const table = mockClient(DynamoDBClient);

beforeEach(() => {
  table.reset();
  vi.stubEnv('BILLING_TABLE_NAME', 'billing');
});

const queries = () => table.commandCalls(QueryCommand).map(({ args: [{ input }] }) => input);

/** An entry of the index: issued and captured on days of November 2026. */
const entry = (issuedOn: number, happenedOn = issuedOn) => {
  const dayOf = (day: number) => `2026-11-${String(day).padStart(2, '0')}`;
  return marshall({
    pk: 'acme#inv_1',
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

  it('are not looked for behind those of two days before', async () => {
    table
      .on(QueryCommand)
      .resolvesOnce({ Items: [entry(23), entry(22)], LastEvaluatedKey: next })
      .resolvesOnce({ Items: [entry(22), entry(21)], LastEvaluatedKey: next })
      .rejects(new Error('read on'));
    expect(await documentsFor('acme', 'invoice', '2026-11-23')).toHaveLength(1);
    expect(queries()).toHaveLength(2);
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

describe('a finding', () => {
  const sum = { captures: 1, refunds: 0, totals: { EUR: { captured: 100, refunded: 0 } } };
  const finding: Finding<Difference> = {
    merchantId: 'acme',
    date: '2026-11-23',
    difference: { expected: sum, found: { captures: 0, refunds: 0, totals: {} } },
    n: 1,
    foundAt: '2026-11-24T00:30:00.000Z',
    trace: {
      correlationid: 'clock_1',
      causationid: 'clock_1',
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    },
    mendedAt: null,
  };

  it('is written over what was known of its day, and over nothing else', async () => {
    table.on(PutItemCommand).resolves({});
    await saveFinding({ finding, isNews: true }, undefined);
    await saveFinding({ finding: { ...finding, mendedAt: 'now' }, isNews: false }, finding);
    expect(table.commandCalls(PutItemCommand).map(({ args: [{ input }] }) => input)).toMatchObject([
      {
        Item: { pk: { S: 'acme#rec_2026-11-23_acme' }, said: { BOOL: true } },
        ConditionExpression: 'attribute_not_exists(pk)',
      },
      {
        Item: { said: { BOOL: false } },
        ConditionExpression: 'finding.n = :n AND finding.mendedAt = :mendedAt',
        ExpressionAttributeValues: { ':n': { N: '1' }, ':mendedAt': { NULL: true } },
      },
    ]);
  });

  it('that another consumer wrote first is an error, so that the day is compared again', async () => {
    table.on(PutItemCommand).rejects(new ConditionalCheckFailedException({ $metadata: {}, message: 'no' }));
    await expect(saveFinding({ finding, isNews: true }, undefined)).rejects.toThrow('no');
  });

  it('that nobody could read is never written', async () => {
    table.on(PutItemCommand).resolves({});
    const unreadable = { ...finding, date: 'yesterday' };
    await expect(saveFinding({ finding: unreadable, isNews: true }, undefined)).rejects.toThrow();
    expect(table.calls()).toHaveLength(0);
  });
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

it('a series that was stored with the day of its last number goes on from that day', () => {
  const stored = {
    pk: 'acme#INV-2026',
    merchantId: 'acme',
    name: 'INV-2026',
    count: 7,
    lastIssueDate: '2026-11-25',
  };
  const books = booksAt(new Map([[stored.pk, stored]]) as Pages, new Date('2026-11-24T23:59:59.999Z'));
  books.hear(captured());
  const { accounts, series } = books.entries();
  const createdAt = '2026-11-25T00:00:00.000Z';
  expect(accounts).toMatchObject([
    { account: { invoice: { number: 'INV-2026-000008', issueDate: '2026-11-25', createdAt } } },
  ]);
  expect(series).toMatchObject([{ series: { count: 8, lastIssuedAt: createdAt }, countBefore: 7 }]);
});

/** Items as they were written once, with what they said: a line for each. Lines are added and never changed. */
const stored = readFileSync(new URL('../fixtures/stored.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { item: Record<string, unknown>; events: { type: string }[] });

it.each(stored.map(({ item, events }) => [item.pk, events.map(({ type }) => type).join(', '), item, events]))(
  'what %s said (%s) is for ever the same to the letter, whatever becomes of the code',
  (_pk, _types, item, events) => {
    expect(eventsOf(marshall(item)).map((event) => JSON.stringify(event))).toEqual(
      (events as unknown[]).map((event) => JSON.stringify(event)),
    );
  },
);
