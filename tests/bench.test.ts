import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Part } from '../bench/part.ts';
import { consumerPart } from '../bench/parts/consumer/part.ts';
import { contentionPart } from '../bench/parts/contention/part.ts';
import { flowPart } from '../bench/parts/flow/part.ts';
import { costOf } from '../bench/parts/log/log.ts';
import { logPart } from '../bench/parts/log/part.ts';

// What is counted is exact at any number; times are not looked at.
const quickly = <Result>({ measure }: Part<Result>): Promise<Result> =>
  measure({ quick: true, tests: false, tell: () => {}, resources: new AsyncDisposableStack() });

it('the command prints figures as JSON: three calls for ten messages that are published, received and deleted', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(import.meta.dirname, '../scripts/bench.ts'),
    ...['--quick', '--json', '--only', 'messaging'],
  ]);
  const { messaging } = JSON.parse(stdout) as {
    messaging: { ways: { name: string; callsPerMessage: number }[] };
  };
  const fanfold = messaging.ways.find(({ name }) => name === 'fanfold');
  expect(fanfold?.callsPerMessage).toBeGreaterThanOrEqual(0.3);
  expect(fanfold?.callsPerMessage).toBeLessThanOrEqual(0.31);
}, 120_000);

describe('the log', () => {
  it('takes a batch of 49 events in one transaction, however long it is, and writes a file for every hundred', async () => {
    const { sizes } = await quickly(logPart);
    const measured = sizes.flatMap((size) => size.measured ?? []);
    expect(measured).toHaveLength(2);
    for (const { callsPerBatch, putsPerEvent } of measured) {
      expect(callsPerBatch).toEqual({ TransactWriteItems: 1, BatchGetItem: 1, GetItem: 1 });
      expect(putsPerEvent).toBeLessThanOrEqual(0.02);
    }
  }, 120_000);

  it('proves one of a million entries from five tiles at most', () => {
    expect(costOf(1_000_000).tilesPerProof).toBeLessThanOrEqual(5);
  });
});

describe('a consumer', () => {
  let consumers: Awaited<ReturnType<typeof consumerPart.measure>>['consumers'];
  beforeAll(async () => {
    ({ consumers } = await quickly(consumerPart));
  }, 120_000);

  const callsOf = (name: string, events: string) =>
    consumers.find(({ consumer, workload }) => consumer === name && workload === events)?.callsPerBatch;

  it('of payments notes each number with the one call that a bare consumer makes: deduplication adds none', () => {
    expect(callsOf('Fanfold payments', 'payments')).toEqual({ 'DynamoDB UpdateItem': 10 });
    expect(callsOf('Fanfold payments', 'payments')).toEqual(callsOf('bare SDK', 'payments'));
  });

  it('of billing bills a batch with one read, one transaction and a file for each document', () => {
    expect(callsOf('Fanfold billing', 'billing')).toEqual({
      'DynamoDB BatchGetItem': 1,
      'S3 PutObject': 10,
      'DynamoDB TransactWriteItems': 1,
    });
  });

  it.each(['audit 10', 'audit 49'])('of audit records a batch of %s with three calls', (events) => {
    expect(callsOf('Fanfold audit', events)).toEqual({
      'DynamoDB GetItem': 1,
      'DynamoDB BatchGetItem': 1,
      'DynamoDB TransactWriteItems': 1,
    });
  });
});

it('every payment of one client, and of sixteen at once, is invoiced once and recorded with its invoice and PDF', async () => {
  expect((await quickly(flowPart)).runs).toMatchObject([
    { clients: 1, payments: 5, invoices: 5, events: 15 },
    { clients: 16, payments: 48, invoices: 48, events: 144 },
  ]);
}, 120_000);

it('consumers number each event once, in one transaction for a batch and one more for each that others refuse', async () => {
  const { contended } = await quickly(contentionPart);
  expect(contended.map(({ service, consumers }) => `${service} ${consumers}`)).toEqual([
    ...['billing 1', 'billing 2', 'audit 1', 'audit 2'],
  ]);
  for (const { service, consumers, total } of contended) {
    expect(total.transactions).toBe(total.batches + total.conflicts);
    if (consumers > 1) continue;
    expect(total.conflicts).toBe(0);
    expect(total.cameAgain).toBe(0);
    // Audit reads the keys and the head, billing all that it needs at once.
    expect(total.reads).toBe(total.batches * { billing: 1, audit: 2 }[service]);
  }
}, 120_000);
