import { describe, expect, test } from 'vitest';
import { listOf, pageOf } from './list.ts';

const things = (count: number, text = '') =>
  Array.from({ length: count }, (_, n) => ({ id: `thing_${n}`, text }));

/** What Lambda answers with when a list is the body of the response. */
const answerBytes = (list: unknown) =>
  Buffer.byteLength(JSON.stringify({ statusCode: 200, body: JSON.stringify(list) }));

describe('A page that is shown', () => {
  test('is all of it where it is small', () => {
    for (const hasMore of [true, false]) {
      const items = things(100);
      expect(listOf({ items, hasMore })).toEqual({ object: 'list', data: items, hasMore });
    }
    expect(listOf({ items: [], hasMore: false })).toEqual({ object: 'list', data: [], hasMore: false });
  });

  test.each([
    ['letters', 'x'.repeat(70_000)],
    ['letters of several bytes', '€'.repeat(25_000)],
    ['quotes, which take four bytes each in an answer', '"'.repeat(35_000)],
  ])('is no more than Lambda can answer with, and then there is more: %s', (_what, text) => {
    const items = things(100, text);
    const list = listOf({ items, hasMore: false });
    expect(list).toEqual({ object: 'list', data: items.slice(0, list.data.length), hasMore: true });
    expect(answerBytes(list)).toBeLessThan(6_000_000);
    // And no less than it could be: a client reads on in few steps.
    expect(answerBytes(list)).toBeGreaterThan(3_800_000);
  });

  test('has one item at least, so that whoever reads on comes further', () => {
    const items = things(2, 'x'.repeat(4_000_001));
    expect(listOf({ items, hasMore: false })).toEqual({
      object: 'list',
      data: items.slice(0, 1),
      hasMore: true,
    });
  });

  test('and the pages after it are the whole list, each within what Lambda can answer with', () => {
    const items = things(12, 'x'.repeat(1_500_000));
    const read: typeof items = [];
    for (let hasMore = true; hasMore; ) {
      const list = listOf(pageOf(items, { limit: 5, startingAfter: read.at(-1)?.id }, 'a thing'));
      expect(answerBytes(list)).toBeLessThan(6_000_000);
      read.push(...list.data);
      ({ hasMore } = list);
    }
    expect(read).toEqual(items);
  });
});
