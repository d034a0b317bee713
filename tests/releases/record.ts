import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linesOf, type StoredStack, startWorld } from './world.ts';

/**
 * Writes a small stack of the checked out version into a file beside this one: what every later version has to go on with.
 * Nothing in it waits for a clock, so that it stays true at any later time.
 */
const root = join(import.meta.dirname, '../..');
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
const folder = await mkdtemp(join(tmpdir(), 'fanfold-release-'));
const world = await startWorld(folder);
try {
  const date = new Date().toISOString().slice(0, 10);
  await world.connect();
  const { client } = world;
  const lines = [{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }];
  const chairs = await client.pay({ orderId: 'order-1', lines, metadata: { channel: 'web' } }, 'pay-1');
  await client.refund(chairs.body.id, { amount: 100, reason: 'scratched' }, 'refund-1');
  const part = await client.pay({ orderId: 'order-2', captureMethod: 'manual' }, 'pay-2');
  await client.capture(part.body.id, { amount: 5000 }, 'capture-2');
  await client.refund(part.body.id, {}, 'refund-2');
  await client.pay({ orderId: 'order-3', paymentMethod: 'pm_card_declined' }, 'pay-3');
  const canceled = await client.pay({ orderId: 'order-4', captureMethod: 'manual' }, 'pay-4');
  await client.cancel(canceled.body.id, {}, 'cancel-4');
  await client.pay({ orderId: 'order-5', currency: 'JPY', amount: 500 }, 'pay-5');
  await world.idle();
  await world.publishLog();
  await world.idle();
  const shown = await world.shown();
  const stored = await world.stored();
  await world.stop();
  const kms = JSON.parse(await readFile(join(folder, 'kms.json'), 'utf8')) as object;
  const stack: StoredStack = { version, date, shown, kms, ...stored };
  await writeFile(join(import.meta.dirname, `${version}.jsonl`), linesOf(stack));
} finally {
  await rm(folder, { recursive: true });
}
process.exit(0);
