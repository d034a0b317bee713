import { expect, test } from 'vitest';
import { failedItems } from './batchResponse.ts';

const batch = ['a', 'b', 'c'];

test.each([
  ['nothing', undefined],
  ['null', null],
  ['an empty text', ''],
  ['an empty object', {}],
  ['an empty list', []],
  ['an object with something else', { statusCode: 200 }],
  ['no failures', { batchItemFailures: [] }],
  ['null for the failures', { batchItemFailures: null }],
])('finding 13: %s means that every item succeeded', (_what, response) => {
  expect(failedItems(response, batch)).toEqual([]);
});

test.each([
  ['an item under a wrong key', { batchItemFailures: [{ foo: 'notvalid' }] }],
  ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }],
  ['null for an identifier', { batchItemFailures: [{ itemIdentifier: null }] }],
  ['an identifier that is not in the batch', { batchItemFailures: [{ itemIdentifier: 'd' }] }],
  [
    'a known identifier and an unknown one',
    { batchItemFailures: [{ itemIdentifier: 'a' }, { itemIdentifier: 'd' }] },
  ],
  ['null for an item', { batchItemFailures: [null] }],
  ['failures that are no list', { batchItemFailures: 'a' }],
  ['a text', 'done'],
  ['a list of something', ['a']],
])('finding 13: %s means that every item failed', (_what, response) => {
  expect(failedItems(response, batch)).toBe('all');
});

test('the items that a function names failed, and no others', () => {
  const response = { batchItemFailures: [{ itemIdentifier: 'c' }, { itemIdentifier: 'a' }] };
  expect(failedItems(response, batch)).toEqual(['c', 'a']);
});
