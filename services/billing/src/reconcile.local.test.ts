import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { comparedForMs, graceMs } from '@fanfold/runtime/finding';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captured, dayClosed, refunded } from './eventFixtures.ts';
import { handler as consumer } from './functions/consumer.ts';
import { handler as republish } from './functions/republish.ts';
import { loadFinding } from './store/findings.ts';
import { eventsOf } from './store/items.ts';

let emulators: Emulators;
let dynamodb: DynamoDBClient;
const { logged, measured } = captureOutput();

beforeAll(async () => {
  emulators = await startEmulators({});
  useEndpoints(emulators.endpoints);
  const { Table } = await templateOf('billing');
  const { MarksBucket } = await templateOf('bus');
  if (!Table || !MarksBucket) throw new Error('billing has no table, or the bus no bucket of marks');
  await provision({ Table, MarksBucket }, emulators.endpoints);
  process.env.BILLING_TABLE_NAME = String(Table.Properties.TableName);
  process.env.MARKS_BUCKET_NAME = String(MarksBucket.Properties.BucketName);
  dynamodb = new DynamoDBClient({});
});
afterAll(async () => {
  dynamodb?.destroy();
  await emulators?.stop();
});

/** Delivers events in one batch that came first so long ago, and says whether all is done. */
async function deliver(events: Event[], waitedMs = comparedForMs): Promise<'done' | 'again'> {
  const attributes = {
    ApproximateReceiveCount: '1',
    ApproximateFirstReceiveTimestamp: String(Date.now() - waitedMs),
  };
  const Records = events.map((event, i) => ({
    messageId: String(i),
    body: JSON.stringify(event),
    attributes,
    messageAttributes: {},
  }));
  const { batchItemFailures } = await consumer({ Records } as never, contextWith());
  return batchItemFailures.length === 0 ? 'done' : 'again';
}

/** What the table's stream carries of a merchant, were every item written now. */
async function saidBy(merchantId: string): Promise<Event[]> {
  const { Items = [] } = await dynamodb.send(
    new ScanCommand({ TableName: process.env.BILLING_TABLE_NAME, ConsistentRead: true }),
  );
  return Items.flatMap(eventsOf).filter(({ merchantid }) => merchantid === merchantId);
}

const capture = (merchantid: string, n: number, time = '2026-11-23T10:00:00.000Z'): Event => ({
  ...captured({ paymentId: `pay_${n}` }),
  merchantid,
  time,
});
const twoCaptures = {
  counts: { 'payment.captured.v1': 2 },
  totals: { EUR: { captured: 24_200, refunded: 0 } },
};
const failedReconciliations = () =>
  measured().reduce((sum, line) => sum + Number(line.EventsMissing ?? 0), 0);

describe('a closed day', () => {
  it('that adds up is done at once, with what came in the same batch, and nothing is found', async () => {
    const closed = dayClosed(
      {
        counts: { 'payment.captured.v1': 2, 'payment.refunded.v1': 1 },
        totals: { EUR: { captured: 24_200, refunded: 100 } },
      },
      'even',
    );
    const refund = { ...refunded(1, 100, 0), merchantid: 'even' };
    // The next day's payment, which came before the day was closed, is not one of that day.
    const next = capture('even', 3, '2026-11-24T00:00:00.000Z');
    expect(await deliver([closed, refund, capture('even', 1), next, capture('even', 2)], 0)).toBe('done');
    expect(await loadFinding('even', '2026-11-23')).toBeUndefined();
    expect(failedReconciliations()).toBe(0);
  });

  it('whose last event is late comes again until that is here, and nothing is found', async () => {
    const closed = dayClosed(twoCaptures, 'late');
    expect(await deliver([capture('late', 1), closed], 0)).toBe('again');
    expect(await deliver([capture('late', 2)])).toBe('done');
    expect(await deliver([closed], graceMs - 60_000)).toBe('done');
    expect(await loadFinding('late', '2026-11-23')).toBeUndefined();
  });

  it('of which an event is lost is found, published once and measured, and mended when the event is sent again', async () => {
    const closed = dayClosed(twoCaptures, 'lost');
    await deliver([capture('lost', 1)]);
    expect(await deliver([closed])).toBe('done');
    expect(failedReconciliations()).toBe(1);
    const [finding, ...more] = (await saidBy('lost')).filter(({ source, type }) =>
      `${source} ${type}`.startsWith('/billing billing.'),
    );
    expect(more).toEqual([]);
    expect(finding).toMatchObject({
      id: 'rec_2026-11-23_lost:1',
      type: 'billing.reconciliation-failed.v1',
      causationid: closed.id,
      correlationid: closed.correlationid,
      data: {
        date: '2026-11-23',
        expected: { captures: 2, refunds: 0, totals: { EUR: { captured: 24_200, refunded: 0 } } },
        found: { captures: 1, refunds: 0, totals: { EUR: { captured: 12_100, refunded: 0 } } },
      },
    });
    const known = await loadFinding('lost', '2026-11-23');

    // The same again changes nothing, however often it comes.
    expect(await deliver([closed], 0)).toBe('again');
    expect(await deliver([closed])).toBe('done');
    expect(await loadFinding('lost', '2026-11-23')).toEqual(known);

    await deliver([capture('lost', 2)]);
    expect(await deliver([closed], 0)).toBe('done');
    expect(await loadFinding('lost', '2026-11-23')).toEqual({ ...known, mendedAt: expect.any(String) });
    expect((await saidBy('lost')).filter(({ type }) => type.startsWith('billing.'))).toEqual([]);
    expect(logged().at(-1)).toMatchObject({ message: 'reconciliation mended', merchantId: 'lost' });
  });

  it('that outlasts the grace in an outage is found, and mended without anybody when its events come', async () => {
    const closed = dayClosed(twoCaptures, 'outlasted');
    expect(await deliver([capture('outlasted', 1), closed], graceMs)).toBe('again');
    expect(await loadFinding('outlasted', '2026-11-23')).toMatchObject({ n: 1, mendedAt: null });
    expect(failedReconciliations()).toBe(1);
    expect(await deliver([closed], comparedForMs - 1_800_000)).toBe('again');
    expect(failedReconciliations()).toBe(1);
    await deliver([capture('outlasted', 2)]);
    expect(await deliver([closed], comparedForMs - 60_000)).toBe('done');
    expect(await loadFinding('outlasted', '2026-11-23')).toMatchObject({
      n: 1,
      mendedAt: expect.any(String),
    });
  });

  it('of which another event is lost than before is found again, under the next number', async () => {
    await deliver([dayClosed(twoCaptures, 'again')]);
    await deliver([capture('again', 1)]);
    expect(await deliver([dayClosed(twoCaptures, 'again')], 0)).toBe('again');
    expect(await deliver([dayClosed(twoCaptures, 'again')])).toBe('done');
    expect((await saidBy('again')).map(({ id }) => id)).toContain('rec_2026-11-23_again:2');
  });

  it('of one merchant is not compared with the documents of another', async () => {
    await deliver([capture('left', 1), capture('left', 2)]);
    await deliver([dayClosed(twoCaptures, 'right')]);
    expect(await loadFinding('right', '2026-11-23')).toMatchObject({
      difference: { found: { captures: 0 } },
    });
  });
});

it('the events of a day are published again, the same to the letter, whatever was credited since', async () => {
  const today = new Date().toISOString().slice(0, 10);
  await deliver([capture('repeat', 1)]);
  const issued = await saidBy('repeat');
  expect(issued).toHaveLength(1);
  await deliver([{ ...refunded(1, 100, 0), merchantid: 'repeat' }]);
  const [credited, ...none] = await saidBy('repeat');
  expect([credited?.type, none]).toEqual(['credit-note.issued.v1', []]);
  // Each belongs to the flow of the event that it was issued for.
  const causes = [...issued, credited].map((event) => [event?.correlationid, event?.causationid]);
  expect(causes).toEqual([
    ['req_1', 'pay_1:1'],
    ['req_1', 'pay_1:2'],
  ]);

  expect(await republish({ date: today, merchantId: 'repeat' }, contextWith())).toEqual({ republished: 2 });
  const again = (await saidBy('repeat')).map((event) => JSON.stringify(event));
  expect(again.sort()).toEqual([...issued, credited].map((event) => JSON.stringify(event)).sort());
  await deliver([capture('repeat', 1), { ...refunded(1, 100, 0), merchantid: 'repeat' }]);
  expect(await saidBy('repeat')).toHaveLength(2);
  expect(await republish({ date: '2026-01-01' }, contextWith())).toEqual({ republished: 0 });
});

it('a finding is published again on the day of its event, mended or not, and stays mended', async () => {
  const closed = dayClosed(twoCaptures, 'told-again');
  const found = async () =>
    (await saidBy('told-again')).filter(({ type }) => type === 'billing.reconciliation-failed.v1');
  await deliver([capture('told-again', 1)]);
  await deliver([closed]);
  const [told] = await found();
  await deliver([capture('told-again', 2), closed]);
  expect(await found()).toEqual([]);
  const mended = await loadFinding('told-again', '2026-11-23');

  const today = new Date().toISOString().slice(0, 10);
  expect(await republish({ date: today, merchantId: 'told-again' }, contextWith())).toEqual({
    republished: 3,
  });
  expect((await found()).map((event) => JSON.stringify(event))).toEqual([JSON.stringify(told)]);
  expect(await loadFinding('told-again', '2026-11-23')).toEqual(mended);
});
