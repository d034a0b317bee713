import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AttributeValue,
  BatchWriteItemCommand,
  DynamoDBClient,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { findStack } from '@fanfold/local-cloud/stack';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Ended, fanfold as run } from '../scripts/fanfold/commandFixtures.ts';
import { type Client, clientOf, twoChairs } from './client.ts';
import { type RunningStack, startDev } from './runningStack.ts';

/**
 * Point-in-time recovery puts the log's table back to an earlier time. Its entries come back from the published files, its
 * events from the tables of who published them, and whoever has seen the log before finds it continued.
 */
let stack: RunningStack;
let merchant: Client;
let dynamodb: DynamoDBClient;
let lambda: LambdaClient;
const TableName = 'fanfold-local-audit';
type Item = Record<string, AttributeValue>;

beforeAll(async () => {
  const base = await freeBasePort();
  stack = await startDev(base);
  const { endpoints, services } = (await findStack(base)) as NonNullable<
    Awaited<ReturnType<typeof findStack>>
  >;
  dynamodb = new DynamoDBClient(clientConfiguration(endpoints.dynamodb));
  lambda = new LambdaClient(clientConfiguration(String(services.audit?.lambdaUrl)));
  merchant = await clientOf(base, 'restored');
}, 60_000);
afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

const fanfold = (...args: string[]): Promise<Ended> => run([...args, '--json'], stack.base);

async function itemsOf(): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { Items = [] } of paginateScan(
    { client: dynamodb },
    { TableName, ConsistentRead: true },
  )) {
    items.push(...Items);
  }
  return items;
}

async function putBack(backup: Item[]): Promise<void> {
  const lost = (await itemsOf()).map(({ pk, sk }) => ({
    DeleteRequest: { Key: { pk: pk as AttributeValue, sk: sk as AttributeValue } },
  }));
  const kept = backup.map((Item) => ({ PutRequest: { Item } }));
  for (const writes of [lost, kept]) {
    for (let i = 0; i < writes.length; i += 25) {
      await dynamodb.send(
        new BatchWriteItemCommand({ RequestItems: { [TableName]: writes.slice(i, i + 25) } }),
      );
    }
  }
}

/** A sale and a refund, with their documents; waits until the log has all of it. */
async function trade(): Promise<void> {
  const known = (await merchant.all('/events')).length;
  const { body } = await merchant.post('/payments', twoChairs());
  await merchant.post(`/payments/${body.id}/refunds`, { amount: 1000 });
  await vi.waitFor(async () => expect(await merchant.all('/events')).toHaveLength(known + 4), 30_000);
}

/** Publishes what the log has, and has the witness cosign it, without waiting for the clock. */
async function publish(): Promise<void> {
  for (const key of ['publishLog', 'witness']) {
    const { FunctionError } = await lambda.send(
      new InvokeCommand({ FunctionName: `fanfold-audit-local-${key}`, Payload: '{}' }),
    );
    expect(FunctionError).toBeUndefined();
  }
}

const positions = async () =>
  Object.fromEntries(
    ((await merchant.all('/events')) as unknown as { id: string; position: number }[]).map(
      ({ id, position }) => [id, position],
    ),
  );

it('comes back from the published files and the publishers, and nobody who remembers the log finds another', async () => {
  await trade();
  await publish();
  const backup = await itemsOf();
  await trade();
  await trade();
  await publish();
  const before = await positions();
  const remember = join(await mkdtemp(join(tmpdir(), 'fanfold-')), 'checkpoint');
  const verify = ['verify', '--stage', 'local', '--remember', remember];
  expect((await fanfold(...verify)).code).toBe(0);

  const refused = async () => {
    const { code, stderr } = await fanfold('restore', 'audit', '--yes');
    return [code, stderr];
  };
  await fanfold('stage', 'stop', '--service', 'audit');
  await putBack(backup);
  await fanfold('stage', 'start', '--service', 'audit');
  expect(await refused()).toEqual([1, expect.stringContaining('`fanfold stage stop --service audit`')]);

  await fanfold('stage', 'stop', '--service', 'audit');
  const first = await fanfold('restore', 'audit', '--yes');
  const { plan, proof } = JSON.parse(first.stdout);
  // The orders to stop and start are at positions that the published log gave to others.
  expect(plan).toMatchObject({ published: 12, fitting: 4 });
  expect(plan.size).toBeGreaterThanOrEqual(4);
  expect(proof).toMatchObject({ holds: false, misfits: [], open: { count: 8 } });
  expect(first.code).toBe(1);
  expect(await refused()).toEqual([1, expect.stringContaining('`fanfold stage start ')]);

  await fanfold('stage', 'start', '--service', 'audit');
  const second = await fanfold('restore', 'audit', '--yes');
  const { operationId, proof: whole } = JSON.parse(second.stdout);
  expect([second.code, whole]).toEqual([0, expect.objectContaining({ holds: true })]);
  expect(whole.open).toEqual({ count: 0, days: {}, entries: [] });
  expect(operationId).toMatch(/^op_/);
  expect(await positions()).toEqual(before);

  await trade();
  await publish();
  const { code, stdout } = await fanfold(...verify);
  expect([code, JSON.parse(stdout).findings]).toEqual([0, []]);
  for (const id of Object.keys(await positions())) {
    const proven = await merchant.text(`/events/${id}/proof`);
    expect(proven).toContain('c2sp.org/tlog-proof');
  }
  expect((await fanfold('findings')).code).toBe(0);
  expect((await fanfold('dlq', 'list')).code).toBe(0);
  const again = JSON.parse((await fanfold('restore', 'audit', '--yes')).stdout);
  expect([again.operationId, again.proof.holds]).toEqual([null, true]);
}, 120_000);
