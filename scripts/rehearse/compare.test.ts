import { expect, it } from 'vitest';
import { differencesOf } from './compare.ts';

it('what is the same in other words is no difference', () => {
  const template = {
    Timeout: 30,
    Enabled: 'true',
    Policy: { Action: 'sqs:SendMessage', Resource: ['one', 'two'] },
    Filters: [{ Pattern: '{"a":[1]}' }],
  };
  const api = {
    Timeout: '30',
    Enabled: true,
    Policy: '{"Action":["sqs:SendMessage"],"Resource":["two","one"]}',
    Filters: [{ Pattern: '{ "a": [1] }' }],
    LastModified: 'now',
  };
  expect(differencesOf(template, api)).toEqual([]);
});

it('what is missing, another or too much is named by its path', () => {
  expect(differencesOf({ a: { b: 1 } }, { a: {} })).toEqual([
    { path: 'a.b', expected: 1, actual: undefined },
  ]);
  expect(differencesOf({ a: { b: 1 } }, {})).toEqual([{ path: 'a', expected: { b: 1 }, actual: undefined }]);
  expect(differencesOf({ a: 'x' }, { a: 'y' })).toEqual([{ path: 'a', expected: 'x', actual: 'y' }]);
  expect(differencesOf({ a: ['x'] }, { a: ['x', 'y'] })).toHaveLength(1);
  expect(differencesOf({ a: ['x', 'x'] }, { a: ['x', 'y'] })).toHaveLength(1);
  expect(differencesOf({ a: 'x' }, { a: ['x', 'y'] })).toHaveLength(1);
  expect(differencesOf({ a: [] }, { a: ['y'] })).toHaveLength(1);
  expect(differencesOf({ a: [] }, {})).toEqual([]);
});

it('of a list with one entry that differs only that is told', () => {
  const statements = [{ Sid: 'one' }, { Sid: 'two', Action: 'a' }];
  expect(differencesOf({ s: statements }, { s: [{ Sid: 'two', Action: 'b' }, { Sid: 'one' }] })).toEqual([
    { path: 's[].Action', expected: 'a', actual: 'b' },
  ]);
});
