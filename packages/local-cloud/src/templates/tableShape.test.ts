import { expect, test } from 'vitest';
import { tableChanges, tableShape } from './tableShape.ts';

const table = (NonKeyAttributes: string[]) => ({
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'position', AttributeType: 'N' },
  ],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'ByPosition',
      KeySchema: [{ AttributeName: 'position', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes },
    },
    {
      IndexName: 'Bare',
      KeySchema: [{ AttributeName: 'position', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
});

test("a table's shape is its keys, indexes and stream, in texts", () => {
  expect(tableShape(table(['type', 'time']))).toEqual({
    keys: 'pk S',
    indexes: {
      ByPosition: { keys: 'position N', projection: 'INCLUDE time, type' },
      Bare: { keys: 'position N', projection: 'KEYS_ONLY' },
    },
    stream: null,
  });
});

test('the order of attributes in a projection is no change', () => {
  expect(tableChanges(tableShape(table(['type', 'time'])), tableShape(table(['time', 'type'])))).toEqual([]);
});
