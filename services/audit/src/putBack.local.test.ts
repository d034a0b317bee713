import {
  type AttributeValue,
  BatchWriteItemCommand,
  DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { contextWith, queueEvent } from '@fanfold/runtime/invocationFixtures';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { provideLog } from './provisionFixtures.ts';
import { receivedOf } from './record/receivedFixtures.ts';

let emulators: Emulators;
let dynamodb: DynamoDBClient;
const { logged, measured } = captureOutput();

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideLog(emulators.endpoints);
  dynamodb = new DynamoDBClient({});
});
afterAll(async () => {
  dynamodb.destroy();
  await emulators.stop();
});

type Handler = (event: unknown, context: unknown) => Promise<unknown>;

/** Runs a function in an instance that knows nothing of the runs before. */
async function run(functionKey: 'consumer' | 'eraseSubject' | 'publishLog', event: object): Promise<unknown> {
  vi.resetModules();
  const { handler } = (await import(`./functions/${functionKey}.ts`)) as { handler: Handler };
  return handler(event, contextWith());
}
const record = (subject: string) => run('consumer', queueEvent([receivedOf(subject, 1).text]));
const isDone = { batchItemFailures: [] };
const comesAgain = { batchItemFailures: [{ itemIdentifier: 'message-0' }] };

const TableName = () => String(process.env.AUDIT_TABLE_NAME);
async function items(): Promise<Record<string, AttributeValue>[]> {
  const { Items = [] } = await dynamodb.send(
    new ScanCommand({ TableName: TableName(), ConsistentRead: true }),
  );
  return Items;
}
const write = (requests: object[]) =>
  dynamodb.send(new BatchWriteItemCommand({ RequestItems: { [TableName()]: requests as never } }));
const keyOf = ({ pk, sk }: Record<string, AttributeValue>) => `${pk?.S} ${sk?.S}`;

test('A log that is shorter than the published one is not gone on with: nothing is recorded or erased until it is whole', async () => {
  await record('pay_1');
  const before = await items();
  // An entry that is not published yet is no reason to wait.
  expect(await record('pay_2')).toEqual(isDone);
  await run('publishLog', {});
  const whole = await items();
  const kept = new Set(before.map(keyOf));
  await write([
    ...before.map((Item) => ({ PutRequest: { Item } })),
    ...whole
      .filter((item) => !kept.has(keyOf(item)))
      .map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } } })),
  ]);
  const putBack = await items();
  expect(putBack).toHaveLength(before.length);

  expect(await record('pay_3')).toEqual(comesAgain);
  const lack = 'The log has 1 entries, and 2 are published';
  expect(logged()).toContainEqual(expect.objectContaining({ message: 'table is behind', detail: lack }));
  expect(measured()).toContainEqual(expect.objectContaining({ TableBehind: 1 }));
  const order = { merchantId: 'acme', subject: 'pay_1', reason: null, operationId: 'op_1' };
  await expect(run('eraseSubject', order)).rejects.toThrow(`${lack}. Run ./fanfold restore audit`);
  expect(await items()).toEqual(putBack);

  await write(whole.map((Item) => ({ PutRequest: { Item } })));
  expect(await record('pay_3')).toEqual(isDone);
  expect(await run('eraseSubject', order)).toMatchObject([{ dataSubject: 'pay_1' }]);
});
