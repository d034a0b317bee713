import { expect, test } from 'vitest';
import { consumerOf, isHit, requireFields } from './consumers.ts';

const schemas = new Map([
  [
    'a.happened.v1',
    [
      {
        type: 'object',
        properties: {
          data: {
            type: 'object',
            properties: {
              lines: { anyOf: [{ type: 'array', items: { properties: { rate: {} } } }, { type: 'null' }] },
              totals: { type: 'object', additionalProperties: { properties: { 'net/gross': {} } } },
              closed: { type: 'object', additionalProperties: false },
            },
          },
        },
      },
    ],
  ],
]);
const reading = (type: string, ...pointers: string[]) =>
  requireFields(consumerOf('shop', JSON.stringify({ reads: { [type]: pointers } })), schemas);

test.each(['/data', '/data/lines/0', '/data/lines/7/rate', '/data/totals/EUR/net~1gross'])(
  'A consumer can read %s',
  (pointer) => {
    expect(() => reading('a.happened.v1', pointer)).not.toThrow();
  },
);

test.each(['/data/lines/rate', '/data/closed/a', '/data/toString', '/other', '/data/lines/0/rates'])(
  'A consumer that reads %s, which no event has, is named with it',
  (pointer) => {
    expect(() => reading('a.happened.v1', '/data', pointer)).toThrow(
      `consumers/shop.json reads ${pointer} of a.happened.v1, which has no such field.`,
    );
  },
);

test('A consumer of a type that does not exist is named with it', () => {
  expect(() => reading('b.happened.v1', '/data')).toThrow(
    'consumers/shop.json reads b.happened.v1, and there is no such event.',
  );
});

test.each([
  ['{', 'consumers/shop.json is no JSON'],
  [
    '{"reads": {"a.happened.v1": ["data"]}}',
    'consumers/shop.json at /reads/a.happened.v1/0: must be a JSON Pointer',
  ],
  ['{"reads": {"a.happened.v1": []}}', 'consumers/shop.json at /reads/a.happened.v1: '],
  ['{"read": {}}', 'It has the form {"reads": '],
])('The file %s is refused with what is wrong', (text, message) => {
  expect(() => consumerOf('shop', text)).toThrow(message);
});

test.each([
  ['/data/customer/name', ['data', 'customer'], true],
  ['/data/customer', ['data', 'customer', 'name'], true],
  ['/data/customer/email', ['data', 'customer', 'name'], false],
  ['/data/lines/0/rate', ['data', 'lines', '*', 'rate'], true],
  ['/data/lines/0/rate', ['data', 'lines', '*', 'unit'], false],
  ['/data', [], true],
])('Who reads %s is hit by a change of %j: %s', (read, path, expected) => {
  expect(isHit(read, path)).toBe(expected);
});
