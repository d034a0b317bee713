import {
  type AttributeValue,
  BatchWriteItemCommand,
  DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { contextWith, queueEvent } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { catchUp } from '@fanfold/runtime/mark';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { captured } from './eventFixtures.ts';
import { marked } from './store/mark.ts';

let emulators: Emulators;
let dynamodb: DynamoDBClient;
captureLog();

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  const resources = await templateOf('billing', emulators.endpoints.aws);
  await provision(resources, emulators.endpoints);
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== 'AWS::Lambda::Function') continue;
    Object.assign(process.env, (Properties.Environment as { Variables: Record<string, string> }).Variables);
  }
  dynamodb = new DynamoDBClient({});
});
afterAll(async () => {
  vi.useRealTimers();
  dynamodb.destroy();
  await emulators.stop();
});

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/** Runs a function in an instance that knows nothing of the runs before. */
async function run(functionKey: 'consumer' | 'markTable', event: unknown): Promise<unknown> {
  vi.resetModules();
  const { handler } = (await import(`./functions/${functionKey}.ts`)) as { handler: Handler };
  return handler(event, contextWith());
}

const paymentId = (n: number) => `pay_${String(n).padStart(32, '0')}`;
const capture = (n: number) =>
  run('consumer', queueEvent([JSON.stringify(captured({ paymentId: paymentId(n) }))]));
const isDone = { batchItemFailures: [] };
const comesAgain = { batchItemFailures: [{ itemIdentifier: 'message-0' }] };

async function items(): Promise<Record<string, AttributeValue>[]> {
  const { Items = [] } = await dynamodb.send(
    new ScanCommand({ TableName: marked.tableName(), ConsistentRead: true }),
  );
  return Items;
}
const numbers = async () => (await items()).flatMap(({ number }) => number?.S ?? []).sort();

test('A table that was put back gives no number a second time: messages wait until it has caught up', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
  expect(await capture(1)).toEqual(isDone);
  await run('markTable', {});
  const before = await items();
  later(5 * 60_000);
  expect(await capture(2)).toEqual(isDone);
  await run('markTable', {});
  const both = await items();
  const lost = both.filter(({ pk }) => !before.some((item) => item.pk?.S === pk?.S));
  expect(lost).toHaveLength(1);
  const write = (requests: object[]) =>
    dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [marked.tableName()]: requests as never } }));
  await write([
    ...before.map((Item) => ({ PutRequest: { Item } })),
    ...lost.map(({ pk }) => ({ DeleteRequest: { Key: { pk } } })),
  ]);
  later(30_000);

  // The number of the lost invoice would be the next one.
  expect(await capture(3)).toEqual(comesAgain);
  expect(await items()).toEqual(before);
  expect(await run('markTable', {})).toMatchObject({ lack: expect.stringContaining('it was put back') });

  // As a restore does: what was lost, the series, and last the mark.
  await write(both.filter(({ pk }) => pk?.S !== 'mark').map((Item) => ({ PutRequest: { Item } })));
  expect(await capture(3)).toEqual(comesAgain);
  await catchUp(marked, true);
  expect(await capture(3)).toEqual(isDone);
  expect((await numbers()).map((number) => number.slice(-3))).toEqual(['001', '002', '003']);
});
