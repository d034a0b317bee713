import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';

let consumers: { consumer: string; workload: string; callsPerBatch: Record<string, number> }[];
beforeAll(async () => {
  const bench = join(import.meta.dirname, '../scripts/bench.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [
    bench,
    '--quick',
    '--json',
    '--only',
    'consumer',
  ]);
  ({ consumers } = (JSON.parse(stdout) as { consumer: { consumers: typeof consumers } }).consumer);
}, 120_000);

const callsOf = (name: string, events: string) =>
  consumers.find(({ consumer, workload }) => consumer === name && workload === events)?.callsPerBatch;

it('payments notes each number with the one call that a bare consumer makes: dedupe adds none', () => {
  expect(callsOf('Fanfold payments', 'payments')).toEqual({ 'DynamoDB UpdateItem': 10 });
  expect(callsOf('Fanfold payments', 'payments')).toEqual(callsOf('bare SDK', 'payments'));
});

it('billing bills a batch with one read and one transaction', () => {
  expect(callsOf('Fanfold billing', 'billing')).toEqual({
    'DynamoDB BatchGetItem': 1,
    'DynamoDB TransactWriteItems': 1,
  });
});

it.each(['audit 10', 'audit 49'])('audit records a batch of %s with three calls', (events) => {
  expect(callsOf('Fanfold audit', events)).toEqual({
    'DynamoDB GetItem': 1,
    'DynamoDB BatchGetItem': 1,
    'DynamoDB TransactWriteItems': 1,
  });
});
