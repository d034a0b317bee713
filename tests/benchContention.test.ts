import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { Contended } from '../bench/parts/contention/part.ts';

const bench = join(import.meta.dirname, '../scripts/bench.ts');

it('consumers number each event once, in one transaction for a batch and one more for each that others refuse', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    bench,
    ...['--quick', '--json', '--only', 'contention'],
  ]);
  const { contended } = (JSON.parse(stdout) as { contention: { contended: Contended[] } }).contention;
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
