import { BatchGetItemCommand, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from 'vitest';
import type { Payment } from '../payment/payment.ts';
import { captured, paymentId } from '../payment/paymentFixtures.ts';
import { activeOn, dueFor, list } from './queries.ts';
import { type Item, itemOf, noPaymentIds, table } from './tableFixtures.ts';

describe('Payments that an index points to', () => {
  const ids = ['a', 'b', 'c'].map((letter) => `pay_${letter.repeat(32)}`);
  const payments = ids.map((id): Payment => ({ ...captured(), id }));
  const entries = ids.map((id) => marshall({ pk: `acme#${id}` }));
  const found = (...chosen: Payment[]) => ({
    Responses: { payments: chosen.map((payment) => itemOf(payment)) },
  });

  test('are read in the order of the index, whatever the order of the answer', async () => {
    table.on(QueryCommand).resolves({ Items: entries });
    table.on(BatchGetItemCommand).resolves(found(...payments.toReversed()));
    const { items, hasMore } = await list('acme', { limit: 3 });
    expect(items.map(({ id }) => id)).toEqual(ids);
    expect(hasMore).toBe(false);
    expect(table.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({
      IndexName: 'ByMerchant',
      ScanIndexForward: false,
      Limit: 4,
    });
  });

  test('are asked for again as long as some were not answered', async () => {
    const [a, b, c] = payments as [Payment, Payment, Payment];
    const unprocessed = (...keys: Item[]) => ({ UnprocessedKeys: { payments: { Keys: keys } } });
    table.on(QueryCommand).resolves({ Items: entries });
    table
      .on(BatchGetItemCommand)
      .resolvesOnce({ ...found(b), ...unprocessed(entries[0] as Item, entries[2] as Item) })
      .resolvesOnce(unprocessed(entries[0] as Item, entries[2] as Item))
      .resolvesOnce({ ...found(c), ...unprocessed(entries[0] as Item) })
      .resolves(found(a));
    expect((await list('acme', { limit: 3 })).items.map(({ id }) => id)).toEqual(ids);
    const asked = table
      .commandCalls(BatchGetItemCommand)
      .map(({ args: [{ input }] }) => input.RequestItems?.payments?.Keys?.length);
    expect(asked).toEqual([3, 2, 2, 1]);
  });

  test('are left out when they are gone', async () => {
    table.on(QueryCommand).resolves({ Items: entries });
    table.on(BatchGetItemCommand).resolves(found(payments[2] as Payment));
    expect((await list('acme', { limit: 3 })).items.map(({ id }) => id)).toEqual([ids[2]]);
  });

  test('are one page, and there is more when the index has one more', async () => {
    table.on(QueryCommand).resolves({ Items: entries });
    table.on(BatchGetItemCommand).resolves(found(...payments.slice(0, 2)));
    const { items, hasMore } = await list('acme', { limit: 2 });
    expect(items.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect(hasMore).toBe(true);
    expect(
      table.commandCalls(BatchGetItemCommand)[0]?.args[0].input.RequestItems?.payments?.Keys,
    ).toHaveLength(2);
  });

  test('are none when the index has none, and then nothing is read', async () => {
    table.on(QueryCommand).resolves({});
    expect(await list('acme', { limit: 2 })).toEqual({ items: [], hasMore: false });
    expect(table.commandCalls(BatchGetItemCommand)).toEqual([]);
  });

  test('are found in every part and on every page of what is due, also behind an empty page', async () => {
    const part = (input: { ExpressionAttributeValues?: Item | undefined }) =>
      input.ExpressionAttributeValues?.[':part']?.S;
    table.on(QueryCommand).callsFake((input) => {
      if (part(input) !== 'settle#f') return { Items: [] };
      if (!input.ExclusiveStartKey) return { Items: [], LastEvaluatedKey: { pk: { S: 'first' } } };
      if (input.ExclusiveStartKey.pk.S === 'first') {
        return { Items: entries.slice(0, 2), LastEvaluatedKey: { pk: { S: 'second' } } };
      }
      return { Items: entries.slice(2) };
    });
    table
      .on(BatchGetItemCommand)
      .callsFake(({ RequestItems }) =>
        found(
          ...payments.filter(({ id }) =>
            RequestItems.payments.Keys.some(({ pk }: Item) => pk?.S === `acme#${id}`),
          ),
        ),
      );
    const due = (await collect(dueFor('settle', new Date('2026-11-23T10:00:00Z')))).flat();
    expect(due.map(({ id }) => id)).toEqual(ids);
    const parts = new Set(table.commandCalls(QueryCommand).map(({ args: [{ input }] }) => part(input)));
    expect([...parts]).toEqual([...'0123456789abcdef'].map((shard) => `settle#${shard}`));
  });

  test('are found in every part of a day', async () => {
    table
      .on(QueryCommand)
      .callsFake(({ ExpressionAttributeValues }) =>
        ExpressionAttributeValues[':part'].S === '2026-11-23#c' ? { Items: entries.slice(2) } : {},
      );
    table.on(BatchGetItemCommand).resolves(found(payments[2] as Payment));
    const pages = await collect(activeOn('2026-11-23'));
    // Parts without any are pages too: meanwhile time may be up.
    expect(pages.map((page) => page.map(({ id }) => id))).toEqual(
      [...'0123456789abcdef'].map((shard) => (shard === 'c' ? [ids[2]] : [])),
    );
    expect(table.commandCalls(QueryCommand)).toHaveLength(16);
  });

  test('of one merchant on a day are asked for by that merchant, so that nobody else’s are read', async () => {
    table.on(QueryCommand).resolves({});
    await collect(activeOn('2026-11-23', 'acme'));
    const [first] = table.commandCalls(QueryCommand).map(({ args: [{ input }] }) => input);
    expect(first).toMatchObject({
      KeyConditionExpression: '#day = :part AND begins_with(pk, :prefix)',
      ExpressionAttributeValues: marshall({ ':part': '2026-11-23#0', ':prefix': 'acme#' }),
    });
    expect(table.commandCalls(BatchGetItemCommand)).toEqual([]);
  });
});

test('What is no payment’s id is no place for a page of a list to start after', async () => {
  table.on(GetItemCommand).resolves({});
  for (const startingAfter of [...noPaymentIds, paymentId]) {
    await expect(list('acme', { limit: 1, startingAfter })).rejects.toEqual(
      expect.objectContaining({
        status: 404,
        code: 'not_found',
        errors: [{ pointer: '#/startingAfter', detail: 'must be the id of a payment' }],
      }),
    );
  }
  expect(table.commandCalls(QueryCommand)).toEqual([]);
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
