import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Emulators, startEmulators, useEndpoints } from '../emulators/emulators.ts';
import { jsonApi } from '../emulators/jsonApi.ts';
import { openCheckpoints } from '../mappings/checkpoints.ts';
import { provision } from '../templates/provision.ts';
import type { StackDescription } from './stack.ts';
import { type LocalTable, putTableBack, saveTable, tablesOf } from './tables.ts';

let emulators: Emulators;
let stack: StackDescription;
let table: LocalTable;
let client: DynamoDBClient;
let folder: string;
const TableName = 'fanfold-local-billing';

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  client = new DynamoDBClient({});
  folder = await mkdtemp(join(tmpdir(), 'fanfold-tables-'));
  stack = { endpoints: emulators.endpoints } as StackDescription;
  table = (await tablesOf(stack)).find(({ name }) => name === 'billing') as LocalTable;
  await provision(table.resources, emulators.endpoints);
}, 60_000);
afterAll(async () => {
  client.destroy();
  await emulators.stop();
  await rm(folder, { recursive: true });
});

const put = (pk: string) =>
  client.send(
    new PutItemCommand({
      TableName,
      Item: {
        pk: { S: pk },
        bytes: { B: Buffer.from([0, 255]) },
        B: { S: 'text' },
        all: { BS: [Buffer.from('a')] },
      },
    }),
  );
const items = async () => (await client.send(new ScanCommand({ TableName }))).Items ?? [];

it('A table that is put back has what was saved, to the byte, and its readers begin behind that and what it had', async () => {
  for (let n = 0; n < 30; n++) await put(`kept-${n}`);
  const before = await items();
  const file = join(folder, 'billing.table');
  expect(await saveTable(stack, table, file)).toBe(30);
  await put('lost');
  expect(await putTableBack(stack, table, file)).toBe(30);
  const byKey = (a: { pk?: { S?: string } }, b: { pk?: { S?: string } }) =>
    String(a.pk?.S) < String(b.pk?.S) ? -1 : 1;
  expect((await items()).sort(byKey as never)).toEqual(before.sort(byKey as never));

  await put('next');
  const [dynamodb, streams] = (['dynamodb', 'streams'] as const).map((name) =>
    jsonApi(emulators.endpoints.dynamodb, name),
  ) as [ReturnType<typeof jsonApi>, ReturnType<typeof jsonApi>];
  const { Table } = await dynamodb.call<{ Table: { LatestStreamArn: string } }>('DescribeTable', {
    TableName,
  });
  const StreamArn = Table.LatestStreamArn;
  expect(table.readers).toEqual(['fanfold-billing-local-publisher', 'fanfold-billing-local-queueRendering']);
  for (const reader of table.readers) {
    const checkpoints = await openCheckpoints(dynamodb.call, reader, StreamArn);
    const [[ShardId, SequenceNumber] = []] = [...(await checkpoints.load())];
    const { ShardIterator } = await streams.call<{ ShardIterator: string }>('GetShardIterator', {
      ...{ StreamArn, ShardId, SequenceNumber },
      ShardIteratorType: 'AFTER_SEQUENCE_NUMBER',
    });
    const { Records } = await streams.call<{ Records: { dynamodb: { Keys: object } }[] }>('GetRecords', {
      ShardIterator,
    });
    expect(Records.map(({ dynamodb }) => dynamodb.Keys)).toEqual([{ pk: { S: 'next' } }]);
  }
  for (const api of [dynamodb, streams]) api.close();
});

it('A file is written for its table only, and never over another one', async () => {
  const file = join(folder, 'other.table');
  await saveTable(stack, table, file);
  await expect(saveTable(stack, table, file)).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await readFile(file, 'utf8')).toContain('"pk":{"S":"next"}');
  const before = await items();
  await expect(putTableBack(stack, { ...table, name: 'payments' }, file)).rejects.toThrow(
    'is no file that `fanfold table save payments` has written',
  );
  expect(await items()).toEqual(before);
});
