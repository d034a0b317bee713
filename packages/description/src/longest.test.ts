import { expect, it } from 'vitest';
import { longestMatch } from './longest.ts';

it.each([
  ['^[\\x21-\\x7e]{1,160}$', 160],
  ['^(100(\\.0{1,4})?|\\d{1,2}(\\.\\d{1,4})?)$', 8],
  ['^(?!0{10})\\d{10}$', 10],
  ['^pay_[0-9a-f]{32}$', 36],
  ['^(INV|CN)-\\d{4}-\\d{6,12}$', 21],
  ['^urn:[a-z_]+$', undefined],
  ['^[a-z]{3,}$', undefined],
  ['^[^\\u0000-\\u001f\\]]*$', undefined],
  ['[a-z]{3}', undefined],
  ['^a(?<name>b)$', undefined],
])('the longest text that %s matches has %s characters', (pattern, length) => {
  expect(longestMatch(pattern)).toBe(length);
});
