import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const bench = join(import.meta.dirname, '../scripts/bench.ts');

it('a message in a busy queue is published, received and deleted with three calls for ten', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    bench,
    '--quick',
    '--json',
    '--only',
    'messaging',
  ]);
  const { messaging } = JSON.parse(stdout) as {
    messaging: { ways: { name: string; callsPerMessage: number }[] };
  };
  const fanfold = messaging.ways.find(({ name }) => name === 'fanfold');
  expect(fanfold?.callsPerMessage).toBeGreaterThanOrEqual(0.3);
  expect(fanfold?.callsPerMessage).toBeLessThanOrEqual(0.31);
}, 120_000);
