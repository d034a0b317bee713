import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { costOf } from '../bench/parts/log/log.ts';

const bench = join(import.meta.dirname, '../scripts/bench.ts');

it('a batch of 49 events is one transaction, however long the log is, and a file for every hundred', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    bench,
    '--quick',
    '--json',
    '--only',
    'log',
  ]);
  const { log } = JSON.parse(stdout) as { log: { sizes: ReturnType<typeof costOf>[] } };
  const measured = log.sizes.flatMap((size) => size.measured ?? []);
  expect(measured).toHaveLength(2);
  for (const { callsPerBatch, putsPerEvent } of measured) {
    expect(callsPerBatch).toEqual({ TransactWriteItems: 1, BatchGetItem: 1, GetItem: 1 });
    expect(putsPerEvent).toBeLessThanOrEqual(0.02);
  }
}, 120_000);

it('a proof of one of a million entries is read from five tiles at most', () => {
  expect(costOf(1_000_000).tilesPerProof).toBeLessThanOrEqual(5);
});
