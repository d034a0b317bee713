import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { metrics } from '@fanfold/runtime/metrics';
import { readItems } from '@fanfold/runtime/readItems';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { eraseSubject } from '../erase/eraseSubject.ts';
import { provideLog } from '../provisionFixtures.ts';
import { publishLog } from '../publish/publishLog.ts';
import { receivedOf } from '../record/receivedFixtures.ts';
import { record } from '../record/record.ts';
import { type EventItem, itemOf } from '../store/eventItems.ts';
import { loadOpenable } from '../store/events.ts';
import { loadRound } from '../store/round.ts';
import { checkEvents } from './checkEvents.ts';

let emulators: Emulators;
let dynamodb: DynamoDBClient;
const { logged } = captureOutput();
const measure = vi.spyOn(metrics, 'addMetric');

const merchants = ['acme', 'initech', 'umbrella'];
const count = 270;

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideLog(emulators.endpoints);
  dynamodb = new DynamoDBClient(clientConfiguration(emulators.endpoints.dynamodb));
  const received = Array.from({ length: count }, (_, i) =>
    receivedOf(`pay_${i}`, 1, { merchantid: merchants[i % merchants.length] as string }),
  );
  await record(received);
  await eraseSubject({ merchantId: 'acme', subject: 'pay_0', reason: null, operationId: 'op_1' }, new Date());
  await publishLog('clock');
});
afterAll(() => emulators?.stop());

beforeEach(() => {
  measure.mockClear();
});

/** Runs until a round is at its end, and sums up what was found in it. */
async function goRound(maxEvents = 100) {
  const sum = { runs: 0, compared: 0, changed: 0, missing: 0 };
  do {
    const { compared, changed, missing } = await checkEvents(maxEvents);
    sum.runs += 1;
    sum.compared += compared;
    sum.changed += changed;
    sum.missing += missing;
  } while ((await loadRound()).next);
  return sum;
}

const table = () => String(process.env.AUDIT_TABLE_NAME);
const keysTable = () => String(process.env.AUDIT_KEYS_TABLE_NAME);

async function read(TableName: string, key: Record<string, string>): Promise<Record<string, unknown>> {
  for await (const [item] of readItems(TableName, [key])) if (item) return unmarshall(item);
  throw new Error(`${JSON.stringify(key)} is not there`);
}
const write = (TableName: string, item: object) =>
  dynamodb.send(new PutItemCommand({ TableName, Item: marshall(item) }));
const remove = (TableName: string, key: object) =>
  dynamodb.send(new DeleteItemCommand({ TableName, Key: marshall(key) }));

describe('a log beside which nothing was changed', () => {
  it('is gone through a part at a time, round after round, erased events included', async () => {
    expect(await goRound()).toEqual({ runs: 3, compared: count, changed: 0, missing: 0 });
    expect(await goRound()).toEqual({ runs: 3, compared: count, changed: 0, missing: 0 });
    expect(await loadRound()).toMatchObject({ parts: 6, expected: count, found: 0 });
    expect(measure).not.toHaveBeenCalled();
  });

  it('is not compared where no checkpoint covers it yet, and nothing is missed of that', async () => {
    await record([receivedOf('pay_new', 1)]);
    expect(await goRound()).toMatchObject({ compared: count, changed: 0, missing: 0 });
    await publishLog('clock');
    expect(await goRound()).toMatchObject({ compared: count + 1, changed: 0, missing: 0 });
    expect(await goRound()).toMatchObject({ compared: count + 1, changed: 0, missing: 0 });
  });

  it('is gone on from where it was when two runs meet: one of them remembers', async () => {
    const { parts } = await loadRound();
    const runs = await Promise.all([checkEvents(100), checkEvents(100)]);
    const [compared] = runs.map((run) => run.compared);
    expect(runs.map((run) => run.compared)).toEqual([compared, compared]);
    expect(await loadRound()).toMatchObject({ parts: parts + 1, found: compared });
    expect(await goRound()).toMatchObject({ changed: 0, missing: 0 });
  });
});

describe('what is changed beside the log is found in the next round, and in each until it is mended:', () => {
  const keyOf = (subject: string) => ({ pk: `acme#${subject}`, sk: '0000000001' });
  const readEvent = (subject: string) => read(table(), keyOf(subject)) as Promise<EventItem>;

  async function open(subject: string) {
    const { opened } = (await loadOpenable('acme', `${subject}:1`)) ?? {};
    if (!opened || opened === 'broken') throw new Error(`${subject} cannot be read`);
    return opened;
  }

  /** By whom it is done to, each another payment of acme. */
  const changes: Record<string, [string, (item: EventItem) => object | Promise<object>]> = {
    pay_3: [
      'what it says, under a seal that is right',
      async (item) => {
        const { received, key } = await open('pay_3');
        const text = received.text.replace('100', '1');
        return { sealed: itemOf({ ...received, text }, key, item.position, item.recordedAt).sealed };
      },
    ],
    pay_6: ['its seal', ({ sealed }) => ({ sealed: sealed.map((byte) => byte ^ 1) })],
    pay_9: ['its type', () => ({ type: 'payment.failed.v1' })],
    pay_12: ['its time', () => ({ time: '2026-11-22T10:00:00.000000000Z' })],
    pay_15: ['when it was recorded', () => ({ recordedAt: '2026-11-22T10:00:00.000Z' })],
    pay_18: ['its correlation', () => ({ correlationId: 'another' })],
    pay_21: ['its merchant', () => ({ merchantId: 'initech' })],
    pay_24: ['its place in the log', ({ position }) => ({ position: position + 3 })],
    pay_30: ['what an index finds it by', () => ({ merchantId: 'acme', correlation: 'acme#another' })],
    pay_27: ['its place, to one before the log', () => ({ position: -1.5 })],
  };

  it(
    Object.values(changes)
      .map(([what]) => what)
      .join(', '),
    async () => {
      const subjects = Object.keys(changes);
      const before = await Promise.all(subjects.map(readEvent));
      for (const item of before) {
        const [, change] = changes[item.pk.replace('acme#', '')] ?? [];
        await write(table(), { ...item, ...(await change?.(item)) });
      }
      expect(await goRound()).toMatchObject({ changed: subjects.length, missing: 0 });
      const lines = logged().filter(({ message }) => message === 'event changed');
      expect(lines.map(({ pk }) => pk).sort()).toEqual(before.map(({ pk }) => pk).sort());
      const values = measure.mock.calls.map(([name, , value]) => name === 'LogMisfit' && Number(value));
      expect(values.reduce<number>((sum, value) => sum + Number(value), 0)).toBe(subjects.length);
      expect(await goRound()).toMatchObject({ changed: subjects.length });
      for (const item of before) await write(table(), item);
      expect(await goRound()).toMatchObject({ changed: 0, missing: 0 });
    },
  );

  it('a key that is gone without an erasure', async () => {
    const key = { pk: 'acme#pay_3' };
    const dataKey = await read(keysTable(), key);
    await remove(keysTable(), key);
    expect(await goRound()).toMatchObject({ changed: 1, missing: 0 });
    await write(keysTable(), dataKey);
    expect(await goRound()).toMatchObject({ changed: 0, missing: 0 });
  });

  it('an event that is gone, or where the log is not, and one that was put there', async () => {
    const [gone, moved] = await Promise.all([readEvent('pay_3'), readEvent('pay_6')]);
    const { key } = await open('pay_3');
    const forged = itemOf(receivedOf('pay_3', 2), key, 3, '2026-11-23T10:00:01.000Z');
    await remove(table(), keyOf('pay_3'));
    expect(await goRound()).toMatchObject({ changed: 0, missing: 1 });
    expect(logged()).toContainEqual(expect.objectContaining({ level: 'ERROR', message: 'events missing' }));
    await write(table(), { ...moved, position: 1e9 });
    expect(await goRound()).toMatchObject({ changed: 1, missing: 2 });
    // One in the place of another is as many as there should be, and is not what the log has.
    for (const item of [moved, forged]) await write(table(), item);
    expect(await goRound()).toMatchObject({ changed: 1, missing: 0 });
    await remove(table(), { pk: forged.pk, sk: forged.sk });
    await write(table(), gone);
    expect(await goRound()).toMatchObject({ changed: 0, missing: 0 });
  });
});
