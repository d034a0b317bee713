import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const bench = join(import.meta.dirname, '../scripts/bench.ts');

it('every payment of one client, and of sixteen at once, is invoiced once and recorded with its invoice', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    bench,
    '--quick',
    '--json',
    '--only',
    'flow',
  ]);
  const { flow } = JSON.parse(stdout) as { flow: { runs: object[] } };
  expect(flow.runs).toMatchObject([
    { clients: 1, payments: 5, invoices: 5, events: 10 },
    { clients: 16, payments: 48, invoices: 48, events: 96 },
  ]);
}, 120_000);
