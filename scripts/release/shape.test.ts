import type { TableShape } from '@fanfold/local-cloud/tableShape';
import { expect, test } from 'vitest';
import { type ServiceShape, serviceShape, upgradeFaults } from './shape.ts';

const table: TableShape = {
  keys: 'pk S',
  indexes: {
    ByMerchant: { keys: 'merchant S', projection: 'INCLUDE time, type' },
    ByOrder: { keys: 'order S', projection: 'KEYS_ONLY' },
  },
  stream: 'NEW_IMAGE',
};
const { ByOrder, ByMerchant } = table.indexes as {
  ByOrder: TableShape['indexes'][string];
  ByMerchant: TableShape['indexes'][string];
};

const faultsOf = (changed: Partial<TableShape>, retained: ServiceShape['retained'] = { Table: 'T events' }) =>
  upgradeFaults(
    { audit: { retained: { Table: 'T events' }, tables: { Table: table } } },
    {
      audit: { retained, tables: { Table: { ...table, ...changed } } },
      another: { retained: {}, tables: {} },
    },
  );

test.each<[string, Partial<TableShape>, string]>([
  [
    'other keys',
    { keys: 'pk S, sk S' },
    'Table has other keys: pk S before, pk S, sk S now. That needs another table',
  ],
  ['another stream', { stream: 'KEYS_ONLY' }, 'The stream would begin anew'],
  [
    'another projection of an index',
    { indexes: { ByOrder, ByMerchant: { ...ByMerchant, projection: 'ALL' } } },
    'Release an index of a new name beside it, and take the old one away in a later release, when nothing',
  ],
  [
    'other keys of an index',
    { indexes: { ByOrder, ByMerchant: { ...ByMerchant, keys: 'm S' } } },
    'CloudFormation refuses',
  ],
  [
    'two indexes that come or go',
    { indexes: { ByOrder, ByShop: ByMerchant } },
    'Table has 2 indexes that come or go: ByShop (new), ByMerchant (gone). DynamoDB creates or deletes one per update',
  ],
])('a release is refused with %s', (_change, changed, says) => {
  expect(faultsOf(changed)).toEqual([expect.stringContaining(says)]);
});

test.each<[string, Partial<TableShape>]>([
  ['the same', {}],
  ['one new index', { indexes: { ...table.indexes, ByType: ByOrder } }],
  ['one index less', { indexes: { ByOrder } }],
])('a stage can be updated to a table with %s', (_change, changed) => {
  expect(faultsOf(changed)).toEqual([]);
});

test('a table gets a stream in place', () => {
  const of = (stream: string | null) => ({
    audit: { retained: {}, tables: { Table: { ...table, stream } } },
  });
  expect(upgradeFaults(of(null), of('NEW_IMAGE'))).toEqual([]);
});

test.each<[string, ServiceShape['retained'], string]>([
  [
    'another name',
    { Table: 'T others' },
    'audit: Table, the retained T events, is now T others. Its data would be left',
  ],
  ['another logical id', { Events: 'T events' }, 'audit: Table, the retained T events, is no longer there.'],
])('a release is refused with what is retained under %s', (_change, retained, says) => {
  expect(faultsOf({}, retained)).toEqual([expect.stringContaining(says)]);
});

test('the shape of a service is what outlives its stack', () => {
  const template = {
    Resources: {
      Table: {
        Type: 'AWS::DynamoDB::Table',
        DeletionPolicy: 'Retain',
        Properties: {
          TableName: 'events',
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        },
      },
      Role: { Type: 'AWS::IAM::Role' },
    },
  };
  expect(serviceShape(template)).toEqual({
    retained: { Table: 'AWS::DynamoDB::Table events' },
    tables: { Table: { keys: 'pk S', indexes: {}, stream: null } },
  });
});
