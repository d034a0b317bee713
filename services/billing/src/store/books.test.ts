import { expect, it } from 'vitest';
import { captured } from '../eventFixtures.ts';
import { booksOf, type StoredItems } from './books.ts';

it('a series that was stored with the day of its last number goes on from that day', () => {
  const stored = {
    pk: 'acme#INV-2026',
    merchantId: 'acme',
    name: 'INV-2026',
    count: 7,
    lastIssueDate: '2026-11-25',
  };
  const books = booksOf(new Map([[stored.pk, stored]]) as StoredItems, new Date('2026-11-24T23:59:59.999Z'));
  books.apply(captured());
  const { accounts, series } = books.entries();
  const createdAt = '2026-11-25T00:00:00.000Z';
  expect(accounts).toMatchObject([
    { account: { invoice: { number: 'INV-2026-000008', issueDate: '2026-11-25', createdAt } } },
  ]);
  expect(series).toMatchObject([{ series: { count: 8, lastIssuedAt: createdAt }, countBefore: 7 }]);
});
