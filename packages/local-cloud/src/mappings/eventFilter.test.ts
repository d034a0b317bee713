import { expect, test } from 'vitest';
import { eventFilter } from './eventFilter.ts';

const filterOf = (...patterns: unknown[]) =>
  eventFilter({ Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) }, 'The mapping');

const record = {
  eventName: 'INSERT',
  dynamodb: {
    Keys: { pk: { S: 'finding:acme' } },
    NewImage: { amount: { N: '100' }, open: { BOOL: true }, tags: { SS: ['red', 'green'] } },
  },
};
const key = (...tests: unknown[]) => ({ dynamodb: { Keys: { pk: { S: tests } } } });

test.each([
  ['a value that is equal', { eventName: ['INSERT'] }, true],
  ['one of several values', { eventName: ['MODIFY', 'INSERT'] }, true],
  ['another value', { eventName: ['MODIFY'] }, false],
  ['a truth value', { dynamodb: { NewImage: { open: { BOOL: [true] } } } }, true],
  ['a number for what is text', { dynamodb: { NewImage: { amount: { N: [100] } } } }, false],
  ['one value of a set', { dynamodb: { NewImage: { tags: { SS: ['green'] } } } }, true],
  ['a beginning', key({ prefix: 'finding:' }), true],
  ['another beginning', key({ prefix: 'acme' }), false],
  ['a beginning or a value', key('other', { prefix: 'find' }), true],
  ['what is there', key({ exists: true }), true],
  ['what is not there', { dynamodb: { NewImage: { said: { S: [{ exists: false }] } } } }, true],
  ['what should not be there', key({ exists: false }), false],
  ['anything but another value', key({ 'anything-but': 'other' }), true],
  ['anything but this value', key({ 'anything-but': ['other', 'finding:acme'] }), false],
  ['anything but a value, where there is none', { dynamodb: { said: [{ 'anything-but': 'x' }] } }, false],
  ['every field', { eventName: ['INSERT'], ...key({ prefix: 'finding:' }) }, true],
  ['every field but one', { eventName: ['REMOVE'], ...key({ prefix: 'finding:' }) }, false],
])('A pattern with %s', (_what, pattern, expected) => {
  expect(filterOf(pattern)(record)).toBe(expected);
});

test('One of several patterns is enough', () => {
  expect(filterOf({ eventName: ['REMOVE'] }, key({ prefix: 'finding:' }))(record)).toBe(true);
  expect(filterOf({ eventName: ['REMOVE'] }, { eventName: ['MODIFY'] })(record)).toBe(false);
});

test('Without patterns everything passes', () => {
  expect(eventFilter(undefined, 'The mapping')(record)).toBe(true);
  expect(filterOf()(record)).toBe(true);
});

test.each([
  ['a rule that is not known', { eventName: [{ suffix: 'T' }] }],
  ['two rules in one', { eventName: [{ prefix: 'I', exists: true }] }],
  ['a prefix that is no text', { eventName: [{ prefix: 1 }] }],
  ['no list', { eventName: 'INSERT' }],
  ['an empty list', { eventName: [] }],
  ['nothing', {}],
])('A pattern with %s is refused, with what is supported', (_what, pattern) => {
  expect(() => filterOf(pattern)).toThrow(
    /^The mapping: the filter pattern .* Supported are .*exact values.*prefix.*exists.*anything-but/,
  );
});

test('A pattern that is not JSON is refused', () => {
  expect(() => eventFilter({ Filters: [{ Pattern: '{' }] }, 'The mapping')).toThrow('is not JSON');
});
