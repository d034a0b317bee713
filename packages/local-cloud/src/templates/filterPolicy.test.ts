import { describe, expect, test } from 'vitest';
import { filterPolicyRefusal } from './filterPolicy.ts';

const values = (count: number) => Array.from({ length: count }, (_, index) => `value-${index}`);

/** With two alternatives in one of two, as attributes: sources × (names + types × (ids + spaces)). */
const nestedAlternatives = (sources: number, names: number, types: number, ids: number, spaces: number) => ({
  source: values(sources),
  $or: [
    { name: values(names) },
    { type: values(types), $or: [{ id: values(ids) }, { space: values(spaces) }] },
  ],
});

// Each was refused by SNS when a public test suite recorded its answers (2024), but for those marked as documented.
describe('A filter policy is refused when', () => {
  test.each([
    ['a value is a list', { key: [['value']] }],
    ['a rule is unknown', { key: [{ 'wrong-operator': true }] }],
    ['two rules are in one', { key: [{ suffix: 'a', prefix: 'b' }] }],
    ['a suffix is a number', { key: [{ suffix: 100 }] }],
    ['a suffix is null', { key: [{ suffix: null }] }],
    ['a suffix is an empty list', { key: [{ suffix: [] }] }],
    ['a suffix is a list', { key: [{ suffix: ['a', 'b'] }] }],
    ['a rule is in no list', { key: { suffix: 'value' } }],
    ['two rules are in no list', { key: { suffix: 'a', prefix: 'b' } }],
    ['an unknown rule is in no list', { key: { 'not-an-operator': 'value' } }],
    ['a value is in no list', { key: 'value' }],
    ['a list is empty (documented)', { key: [] }],
    ['a range is empty', { key: [{ numeric: [] }] }],
    ['a range has another operator', { key: [{ numeric: ['operator'] }] }],
    ['a range has its operator second', { key: [{ numeric: [1, '<='] }] }],
    ['a range has a text for its number', { key: [{ numeric: ['=', '000'] }] }],
    ['a range has no number', { key: [{ numeric: ['>='] }] }],
    ['a range begins with its top', { key: [{ numeric: ['<', 100, '>', 10] }] }],
    ['a range has two bottoms', { key: [{ numeric: ['>=', 1, '>', 2] }] }],
    ['a range has its top below its bottom', { key: [{ numeric: ['>', 3, '<', 1] }] }],
    ['a range has an operator and no top', { key: [{ numeric: ['>', 20, '<='] }] }],
    ['a range has a top and no operator', { key: [{ numeric: ['>', 20, 30] }] }],
    ['a range has another second operator', { key: [{ numeric: ['>', 20, 'test'] }] }],
    ['a range has texts for its numbers', { key: [{ numeric: ['>', '20', '<', '30'] }] }],
    ['a range has a text for its top', { key: [{ numeric: ['>', 20, '<', '30'] }] }],
    ['a range has three ends', { key: [{ numeric: ['>', 20, '<', 30, '<', 50] }] }],
    ['a range is beyond a billion (documented)', { key: [{ numeric: ['>', 1e9 + 1] }] }],
    ['exists is null', { key: [{ exists: null }] }],
    ['exists is a text', { key: [{ exists: 'no' }] }],
    ['anything-but has an unknown rule', { key: [{ 'anything-but': { 'wrong-operator': null } }] }],
    ['anything-but has a suffix', { key: [{ 'anything-but': { suffix: 'a' } }] }],
    ['anything-but has exists', { key: [{ 'anything-but': { exists: false } }] }],
    ['anything-but has a prefix that is no text', { key: [{ 'anything-but': { prefix: false } }] }],
    ['a network is none (documented)', { key: [{ cidr: 'here' }] }],
    ['$or has one alternative (documented)', { $or: [{ key: ['a'] }] }],
    ['a key has 151 values', { key: values(151) }],
    ['two keys have 5,100 combinations', { one: values(100), other: values(51) }],
    ['it has six keys', Object.fromEntries(values(6).map((key) => [key, ['a']]))],
    ['its alternatives have 152 combinations', nestedAlternatives(4, 6, 4, 4, 4)],
    ['it looks into attributes', { outer: { inner: ['a'] } }],
    ['it is no object', 'payment.captured.v1'],
    ['it is longer than 256 KiB (documented)', { key: ['x'.repeat(256 * 1024)] }],
  ])('%s', (_when, policy) => {
    expect(filterPolicyRefusal(policy)).toMatch(/^SNS refuses the filter policy: .+\.$/);
  });

  test.each([
    ['its scope is another', 'RandomValue', { key: ['a'] }],
    [
      'a body has six keys',
      'MessageBody',
      { a: { b: values(1), c: values(1), d: values(1) }, e: { f: values(1), g: values(1), h: values(1) } },
    ],
    [
      'alternatives at two depths have 160 combinations',
      'MessageBody',
      {
        $or: [{ name: values(3) }, { space: values(2) }],
        detail: { scope: values(2), $or: [{ source: values(1) }, { type: values(3) }] },
      },
    ],
  ])('%s', (_when, scope, policy) => {
    expect(filterPolicyRefusal(policy, scope)).toMatch(/^SNS refuses the filter policy: .+\.$/);
  });

  test('says what is wrong with it', () => {
    expect(filterPolicyRefusal({ type: [{ suffx: '.v1' }] })).toBe(
      'SNS refuses the filter policy: there is no rule "suffx", only prefix, suffix, equals-ignore-case, cidr, exists, ' +
        'numeric, anything-but.',
    );
  });
});

describe('A filter policy is taken when', () => {
  test.each([
    ['it lists types', undefined, { type: ['payment.captured.v1', 'payment.refunded.v1'] }],
    ['it has every kind of value', undefined, { key: ['a', 1, true, null] }],
    [
      'it has every rule',
      undefined,
      {
        a: [{ prefix: 'a' }, { suffix: 'b' }, { 'equals-ignore-case': 'c' }, { exists: false }],
        b: [{ cidr: '10.0.0.0/8' }, { cidr: '2001:db8::/32' }],
        c: [{ numeric: ['=', 1] }, { numeric: ['>', 0, '<=', 100] }],
        d: [{ 'anything-but': 'a' }, { 'anything-but': ['a', 2] }, { 'anything-but': { prefix: 'a' } }],
      },
    ],
    ['its alternatives have 150 combinations', 'MessageAttributes', nestedAlternatives(3, 6, 4, 4, 7)],
    ['it looks into a body', 'MessageBody', { object: { key: [{ prefix: 'auto-' }] } }],
    ['CloudFormation fills it in', undefined, { account: [{ Ref: 'AWS::AccountId' }] }],
  ])('%s', (_when, scope, policy) => {
    expect(filterPolicyRefusal(policy, scope)).toBeUndefined();
  });
});
