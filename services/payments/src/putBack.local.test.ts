import {
  type AttributeValue,
  BatchWriteItemCommand,
  DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { queueEvent } from '@fanfold/runtime/invocationFixtures';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { catchUp } from '@fanfold/runtime/mark';
import type { ProviderPart } from '@fanfold/runtime/restore';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Client, type Service, startService } from '../fixtures/service.ts';
import { marked } from './store/mark.ts';

let service: Service;
let dynamodb: DynamoDBClient;
const { logged, measured } = captureOutput();

beforeAll(async () => {
  service = await startService();
  dynamodb = new DynamoDBClient({});
});
afterAll(async () => {
  dynamodb.destroy();
  await service.stop();
});

const minutes = 60_000;
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
let client: Client;
let merchants = 0;
/** It never goes back, from test to test neither. */
let clock = Date.now();

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: clock });
  await catchUp(marked, true);
  newInstances();
  client = await service.clientOf(`merchant-${merchants++}`);
});
afterEach(() => {
  clock = Date.now();
  vi.useRealTimers();
});

/** From now on every function runs in an instance that knows nothing of the runs before. */
const newInstances = () => void vi.resetModules();

type Item = Record<string, AttributeValue>;

async function items(): Promise<Item[]> {
  const { Items = [] } = await dynamodb.send(
    new ScanCommand({ TableName: marked.tableName(), ConsistentRead: true }),
  );
  return Items;
}

/** Puts the table back to what it had. */
async function putBack(before: Item[]): Promise<void> {
  const had = new Set(before.map(({ pk }) => pk?.S));
  const lost = (await items()).filter(({ pk }) => !had.has(pk?.S));
  const requests = [
    ...before.map((Item) => ({ PutRequest: { Item } })),
    ...lost.map(({ pk }) => ({ DeleteRequest: { Key: { pk: pk as AttributeValue } } })),
  ];
  for (let i = 0; i < requests.length; i += 25) {
    await dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [marked.tableName()]: requests.slice(i, i + 25) } }),
    );
  }
  newInstances();
}

const mark = () => service.run('markTable', {});
const authorized = { captureMethod: 'manual' };

/** A table that was put back five minutes, in which a payment was captured and refunded. `open` is authorized. */
async function tableThatWasPutBack() {
  const open = (await client.pay(authorized)).body;
  await mark();
  const before = await items();
  const from = new Date().toISOString();
  later(5 * minutes);
  const lost = (await client.pay({}, 'lost')).body;
  await client.refund(lost.id, { amount: 100 });
  await mark();
  const to = new Date().toISOString();
  await putBack(before);
  later(minutes / 2);
  return { open, lost, lack: lackBetween(from, to) };
}
const lackBetween = (from: string, to: string) =>
  `The table lacks what was written between ${from} and ${to}: it was put back`;

test('A table that was put back is not written to: requests are refused, and the provider is asked for nothing', async () => {
  const { open, lost } = await tableThatWasPutBack();
  const before = await items();
  const asked = await service.providerRecords(open.id);
  const answers = await Promise.all([
    client.pay({}, 'new'),
    client.pay({}, 'lost'),
    client.capture(open.id),
    client.cancel(open.id),
    client.refund(open.id, { amount: 100 }),
  ]);
  for (const { status, headers, body } of answers) {
    expect(body).toMatchObject({
      status: 503,
      code: 'restore_pending',
      type: 'urn:fanfold:problem:restore_pending',
    });
    expect({ status, retryAfter: headers['Retry-After'] }).toEqual({ status: 503, retryAfter: '60' });
  }
  expect(await items()).toEqual(before);
  expect(await service.providerRecords(open.id)).toEqual(asked);
  expect((await service.providerRecords(lost.id)).map(({ operation }) => operation).sort()).toEqual([
    'charge',
    'refund',
  ]);
  // What is there can be read.
  expect((await client.show(open.id)).body).toMatchObject({ id: open.id, status: 'authorized' });
  expect((await client.show(lost.id)).status).toBe(404);
});

test('No clock acts on it: nothing is looked up, expires or is closed', async () => {
  const { body: unknown } = await client.pay({ paymentMethod: 'pm_card_timeout' });
  expect(unknown.status).toBe('processing');
  await tableThatWasPutBack();
  later(8 * 86_400_000);
  const before = await items();
  for (const clock of ['janitor', 'expiry', 'dayClose'] as const) {
    expect(await service.tick(clock)).toEqual({ behind: 1 });
  }
  expect(await items()).toEqual(before);
  expect((await client.show(unknown.id)).body.status).toBe('processing');
});

test('Its messages wait, and none is quarantined', async () => {
  await tableThatWasPutBack();
  expect(await service.run('consumer', queueEvent(['no event', '{}']))).toEqual({
    batchItemFailures: [{ itemIdentifier: 'message-0' }, { itemIdentifier: 'message-1' }],
  });
  expect(await service.deadLetters()).toEqual([]);
});

test('Its marks stay as they are, what is missing is told in a line a minute, and measured for the alarm', async () => {
  const { lack } = await tableThatWasPutBack();
  const before = await items();
  expect(await service.run('markTable', { read: 'lack' })).toEqual({ lack });
  const lines = logged().length;
  const found = () => measured().filter((line) => 'TableBehind' in line);
  expect(found()).toEqual([]);
  expect(await mark()).toEqual({ lack });
  const isBehind = { BOOL: true };
  expect(await items()).toEqual(before.map((item) => (item.pk?.S === 'mark' ? { ...item, isBehind } : item)));
  expect(logged().slice(lines)).toMatchObject([
    {
      level: 'ERROR',
      message: 'table is behind',
      detail: lack,
      help: expect.stringContaining('restore payments'),
    },
  ]);
  expect(found()).toMatchObject([{ TableBehind: 1, service: 'fanfold' }]);
});

test('When it has caught up, the service goes on by itself within seconds, in instances that are running', async () => {
  const { open } = await tableThatWasPutBack();
  expect((await client.capture(open.id, {}, 'again')).status).toBe(503);
  await catchUp(marked, true);
  later(5000);
  expect((await client.capture(open.id, {}, 'again')).body).toMatchObject({ status: 'captured' });
  expect(await mark()).toEqual({ lack: null });
});

test('Nobody is held up when marks are not raised for hours', async () => {
  await mark();
  later(300 * minutes);
  newInstances();
  expect((await client.pay()).status).toBe(201);
  expect(await service.tick('janitor')).not.toHaveProperty('behind');
  expect(await service.run('markTable', { read: 'lack' })).toEqual({ lack: null });
});

test('What the provider carried out in vain, because no event tells of it, is named until the request comes again', async () => {
  const merchantId = `merchant-${merchants - 1}`;
  const [kept, open] = [(await client.pay()).body, (await client.pay(authorized)).body];
  await mark();
  const before = await items();
  later(minutes / 60);
  const { body: lost } = await client.pay({}, 'lost');
  await client.pay({ paymentMethod: 'pm_card_declined' }, 'declined');
  await client.refund(kept.id, { amount: 100 }, 'lost refund');
  await client.capture(open.id, {}, 'lost capture');
  const named = async () => {
    const { records } = (await service.run('restore', { restore: 'provider' })) as ProviderPart;
    const ours = records.filter((record) => record.merchantId === merchantId);
    return ours.map(({ operation, paymentId, amountMinor, currency }) =>
      [operation, paymentId, amountMinor, currency].join(' '),
    );
  };
  expect(await named()).toEqual([]);
  await putBack(before);
  expect((await named()).sort()).toEqual([
    `capture ${open.id} ${open.amount} EUR`,
    `charge ${lost.id} ${lost.amount} EUR`,
    `refund ${kept.id} 100 EUR`,
  ]);
  expect((await client.pay({}, 'lost')).body).toMatchObject({ id: lost.id, status: 'captured' });
  await client.refund(kept.id, { amount: 100 }, 'lost refund');
  await client.capture(open.id, {}, 'lost capture');
  expect(await named()).toEqual([]);
  expect(await service.providerRecords(lost.id)).toHaveLength(1);
  expect(await service.providerRecords(kept.id)).toHaveLength(2);
});
