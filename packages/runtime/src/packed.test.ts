import { marshall } from '@aws-sdk/util-dynamodb';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packedItem, unpackedItem } from './packed.ts';

const document = {
  number: 'INV-2026-000001',
  customer: { name: 'Ada Example', email: null, taxId: null },
  lines: [{ description: 'Chair', quantity: 2, taxRate: '21.00' }],
};

/** What {@link document} was packed to once. It is added to and never changed: tables are full of it. */
const packedOnce = [
  { version: 1, pk: 'acme#inv_1', base64: 'AavGXjUbGBhir0QdUxIVXCH9SfRsj1Sj4qn5nDMSM4tQqj8jbF23WgA=' },
];

test.each(packedOnce)('what version $version has packed is read for ever', ({ pk, base64 }) => {
  const attributes = { pk: { S: pk }, document: { B: Buffer.from(base64, 'base64') } };
  expect(unpackedItem(attributes)).toEqual({ pk, document });
});

test('whatever JSON an item has is the same after it was packed, from the table or from its stream', () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.string(), (pk, value, other) => {
      const wanted = JSON.parse(JSON.stringify({ pk, packed: value, other }));
      const attributes = packedItem({ pk, packed: value, other }, ['packed']);
      expect(unpackedItem(attributes)).toEqual(wanted);
      const image = JSON.parse(JSON.stringify(attributes), (name, member) =>
        name === 'B' ? Buffer.from(member).toString('base64') : member,
      );
      expect(unpackedItem(image)).toEqual(wanted);
    }),
  );
});

test('an item that was never packed is read as it is, and what is missing stays so', () => {
  const item = { pk: 'acme#inv_1', document, none: null };
  expect(unpackedItem(marshall(item))).toEqual(item);
  expect(packedItem({ ...item, missing: undefined }, ['none', 'missing'])).toEqual(marshall(item));
});

test('texts are as DynamoDB has them, which knows no lone surrogates', () => {
  const attributes = packedItem({ pk: 'acme#inv_1', document: { name: 'Ada \ud800' } }, ['document']);
  expect(unpackedItem(attributes)).toMatchObject({ document: { name: 'Ada \ufffd' } });
});

test('what a later version has packed is not taken for something else', () => {
  const attributes = { pk: { S: 'acme#inv_1' }, document: { B: Buffer.of(2, 1, 1) } };
  expect(() => unpackedItem(attributes)).toThrow('acme#inv_1 was packed by a later version');
});
