import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { findStack, type StackDescription } from '@fanfold/local-cloud/stack';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { type Client, clientOf, twoChairs } from './client.ts';
import { invoke, type RunningStack, startDev } from './runningStack.ts';

/**
 * All tables are put back at once. What was issued since is nowhere but in the hands of customers, and no number of theirs is
 * given a second time: the log's bucket has noted up to which one they were given.
 */
let stack: RunningStack;
let merchant: Client;
let dynamodb: DynamoDBClient;

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
  const { endpoints } = (await findStack(stack.base)) as StackDescription;
  dynamodb = new DynamoDBClient(clientConfiguration(endpoints.dynamodb));
  merchant = await clientOf(stack.base, 'acme');
}, 90_000);

afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

const numbersOf = async (path: string) => (await merchant.all(path)).map(({ number }) => number).sort();

/** A payment and a refund; waits until their documents and all events are there, and counted. */
async function sell(): Promise<void> {
  const known = (await merchant.all('/events')).length;
  const { body } = await merchant.post('/payments', twoChairs());
  expect((await merchant.post(`/payments/${body.id}/refunds`, { amount: 1000 })).status).toBe(201);
  await vi.waitFor(async () => expect((await merchant.all('/events')).length).toBe(known + 4), {
    timeout: 60_000,
    interval: 200,
  });
  for (const key of ['publishLog', 'witness']) await invoke(stack.base, 'audit', key);
}

type Item = Record<string, AttributeValue>;

const tables = ['payments', 'billing', 'audit'].map((service) => `fanfold-local-${service}`);

async function itemsOf(TableName: string): Promise<Item[]> {
  const items: Item[] = [];
  const pages = paginateScan({ client: dynamodb }, { TableName, ConsistentRead: true });
  for await (const { Items = [] } of pages) items.push(...Items);
  return items;
}

/** Gives tables what they had, and nothing else. Their streams go on, so nothing that they had lost is published. */
async function putBack(backup: Map<string, Item[]>): Promise<void> {
  for (const [TableName, kept] of backup) {
    for (const { pk, sk } of await itemsOf(TableName)) {
      const Key = { pk, ...(sk && { sk }) } as Item;
      await dynamodb.send(new DeleteItemCommand({ TableName, Key }));
    }
    for (const Item of kept) await dynamodb.send(new PutItemCommand({ TableName, Item }));
  }
}

async function run(code: number, ...args: string[]) {
  const { stdout, stderr, ...ended } = await fanfold([...args, '--json'], stack.base);
  expect(ended.code, `${args.join(' ')}\n${stdout}${stderr}`).toBe(code);
  return JSON.parse(stdout);
}

it('gives no number again, and names those whose documents are lost', async () => {
  await sell();
  const backup = new Map<string, Item[]>();
  for (const table of tables) backup.set(table, await itemsOf(table));
  await sell();
  await sell();
  const given = [...(await numbersOf('/invoices')), ...(await numbersOf('/credit-notes'))];
  expect(given).toHaveLength(6);

  await run(0, 'stage', 'stop');
  await putBack(backup);
  // Entries whose events nobody has.
  expect((await run(1, 'restore', 'audit', '--yes')).proof).toMatchObject({
    misfits: [],
    open: { count: 8 },
  });
  // It records the orders of what follows.
  await run(0, 'stage', 'start', '--service', 'audit');
  // What the provider carried out since is in no event: it is named.
  expect((await run(1, 'restore', 'payments', '--yes')).proof).toMatchObject({ missing: 0, problems: [] });
  const { plan, proof } = await run(0, 'restore', 'billing', '--yes');
  const lost = ['INV', 'CN'].map((kind) => ({
    merchantId: 'acme',
    name: `${kind}-${new Date().getUTCFullYear()}`,
    first: 2,
    last: 3,
  }));
  expect(plan).toMatchObject({ seriesBehind: 2, lostNumbers: expect.arrayContaining(lost) });
  expect(proof).toMatchObject({ holds: true, lostNumbers: expect.arrayContaining(lost) });
  await run(0, 'stage', 'start');

  await sell();
  const after = [...(await numbersOf('/invoices')), ...(await numbersOf('/credit-notes'))];
  expect(after.filter((number) => given.includes(number))).toEqual([
    expect.stringMatching(/^INV-\d{4}-000001$/),
    expect.stringMatching(/^CN-\d{4}-000001$/),
  ]);
  expect(after.filter((number) => number.endsWith('-000004'))).toHaveLength(2);
  const { findings, lostNumbers } = await run(1, 'findings');
  expect([findings, lostNumbers]).toEqual([
    [],
    expect.arrayContaining(lost.map((each) => ({ ...each, foundAt: expect.any(String) }))),
  ]);

  // What is known to be lost is no gap for a later restore.
  await run(0, 'stage', 'stop', '--service', 'billing');
  const again = await run(0, 'restore', 'billing', '--yes');
  expect([again.operationId, again.proof.holds]).toEqual([null, true]);
  await run(0, 'stage', 'start', '--service', 'billing');
}, 180_000);
