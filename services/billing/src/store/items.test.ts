import { readFileSync } from 'node:fs';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import type { BillableEvent } from '../books.ts';
import { captured, now, refunded } from '../eventFixtures.ts';
import { booksOf } from './books.ts';
import {
  type AccountItem,
  attributesOf,
  type CreditNoteItem,
  eventsOf,
  type Stored,
  storedOf,
  toRender,
} from './items.ts';

/** Items as they were written once, with their events: a line for each. Lines are added and never changed. */
const stored = readFileSync(new URL('../../fixtures/stored.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as { item: Record<string, unknown>; events: { type: string }[] });

it.each(stored.map(({ item, events }) => [item.pk, events.map(({ type }) => type).join(', '), item, events]))(
  'the events of %s (%s) stay the same to the letter, whatever becomes of the code',
  (_pk, _types, item, events) => {
    expect(eventsOf(marshall(item)).map((event) => JSON.stringify(event))).toEqual(
      (events as unknown[]).map((event) => JSON.stringify(event)),
    );
  },
);

it.each(stored.map(({ item, events }) => [item.pk, item, events]))(
  'the event of %s is the same once it was written again, packed',
  (_pk, item, events) => {
    const attributes = attributesOf(item as Stored);
    expect(storedOf(attributes)).toEqual(item);
    // As streams give it to functions.
    const image = JSON.parse(JSON.stringify(attributes), (name, value) =>
      name === 'B' ? Buffer.from(value).toString('base64') : value,
    );
    expect(eventsOf(image).map((event) => JSON.stringify(event))).toEqual(
      (events as unknown[]).map((event) => JSON.stringify(event)),
    );
  },
);

it('no PDF is made of a document from before there were any, also when its event is published again', () => {
  expect(stored.flatMap(({ item }) => toRender(marshall({ ...item, said: true })))).toEqual([]);
});

/** The books with everything that was stored once, each document as `rendered` leaves it. */
const storedBooks = (rendered: (item: Stored) => Stored = (item) => item) =>
  booksOf(new Map(stored.map(({ item }) => [String(item.pk), rendered(item as Stored)])), now);

/** As code would write documents that has other words, and another member in each line and rate. */
function renderedOtherwise(item: Stored): Stored {
  const totalsWith = (totals: NonNullable<AccountItem['invoice']>['totals']) => ({
    ...totals,
    taxByRate: totals.taxByRate.map((rate) => ({ ...rate, category: 'S' as const })),
  });
  if ('creditNote' in item) {
    const { creditNote } = item as CreditNoteItem;
    const totals = totalsWith(creditNote.totals);
    return { ...(item as CreditNoteItem), creditNote: { ...creditNote, reason: 'Refund', totals } };
  }
  if (!('invoice' in item) || !item.invoice) return item;
  const lines = item.invoice.lines.map((line) => ({ ...line, description: 'Furniture', unit: 'piece' }));
  return { ...item, invoice: { ...item.invoice, lines, totals: totalsWith(item.invoice.totals) } };
}

const { customer } = captured().data;
const otherCustomer = { ...customer, name: 'Bob Example' };
const otherPlace = { ...customer, address: { ...customer.address, city: 'Bruges' } };

describe.each([
  ['before fingerprints were', 'pay_1', 1],
  ['with a fingerprint', 'pay_3', 3],
])('what was stored %s', (_when, paymentId, n) => {
  const capture = (changes = {}) => captured({ paymentId, ...changes });
  const refund = (changes = {}) => {
    const { data, ...about } = refunded(n, 100, 0, 'EUR', paymentId);
    return { ...about, data: { ...data, ...changes } } as BillableEvent;
  };

  it.each([
    ['as it is', undefined],
    ['rendered in another way', renderedOtherwise],
  ])('is known again when its events come again: %s', (_as, rendered) => {
    const books = storedBooks(rendered);
    books.apply(capture());
    books.apply(refund());
    expect(books.entries()).toEqual({ accounts: [], creditNotes: [], reversals: [], series: [], files: [] });
  });

  it.each([
    ['another customer', capture({ customer: otherCustomer })],
    ['another address', capture({ customer: otherPlace })],
    ['another amount', capture({ amountCaptured: 12_099 })],
    ['another order', capture({ orderId: 'order-2' })],
    ['another currency', capture({ currency: 'USD' })],
    ['another event', { ...capture(), id: `${paymentId}:9` }],
    ['a refund of another amount', refund({ refund: { id: `re_${n}`, amount: 99, reason: null } })],
    ['a refund in another currency', refund({ currency: 'USD' })],
    ['a refund of another order', refund({ orderId: 'order-2' })],
    ['a refund in another event', { ...refund(), id: `${paymentId}:9` }],
  ])('is contradicted by %s', (_what, event) => {
    expect(() => storedBooks().apply(event)).toThrow('was issued with other data');
  });
});

it('a member of an event that the schema does not have yet makes no other event of it', () => {
  const lines = captured().data.lines?.map((line) => ({ ...line, unit: 'piece' })) ?? null;
  const books = storedBooks();
  books.apply(captured({ paymentId: 'pay_3', lines, customer: { ...customer, phone: null } as never }));
  expect(books.entries().accounts).toEqual([]);
});
