import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Ended, fanfold as run } from '../scripts/fanfold/commandFixtures.ts';
import { type Client, clientOf, sellAndRefund } from './client.ts';
import { type RunningStack, signLog, startDev } from './runningStack.ts';
import { Tables } from './tables.ts';

/**
 * Point-in-time recovery puts the log's table back to an earlier time. Its entries come back from the published files, its
 * events from the tables of who published them, and whoever has seen the log before finds it continued.
 */
let stack: RunningStack;
let merchant: Client;
let tables: Tables;

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
  tables = await Tables.of(stack.base);
  merchant = await clientOf(stack.base, 'restored');
}, 60_000);
afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

const fanfold = (...args: string[]): Promise<Ended> => run([...args, '--json'], stack.base);

const positions = async () =>
  Object.fromEntries(
    ((await merchant.all('/events')) as unknown as { id: string; position: number }[]).map(
      ({ id, position }) => [id, position],
    ),
  );

it('comes back from the published files and the publishers, and nobody who remembers the log finds another', async () => {
  await sellAndRefund(merchant);
  await signLog(stack);
  const backup = await tables.itemsOf('audit');
  await sellAndRefund(merchant);
  await sellAndRefund(merchant);
  await signLog(stack);
  const before = await positions();
  const remember = join(await mkdtemp(join(tmpdir(), 'fanfold-')), 'checkpoint');
  const verify = ['verify', '--stage', 'local', '--remember', remember];
  expect((await fanfold(...verify)).code).toBe(0);

  const refused = async () => {
    const { code, stderr } = await fanfold('restore', 'audit', '--yes');
    return [code, stderr];
  };
  await fanfold('stage', 'stop', '--service', 'audit');
  await tables.replace('audit', backup);
  await fanfold('stage', 'start', '--service', 'audit');
  expect(await refused()).toEqual([1, expect.stringContaining('`fanfold stage stop --service audit`')]);

  await fanfold('stage', 'stop', '--service', 'audit');
  const first = await fanfold('restore', 'audit', '--yes');
  const { plan, proof } = JSON.parse(first.stdout);
  // The orders to stop and start are at positions that the published log gave to others.
  expect(plan).toMatchObject({ published: 18, fitting: 6 });
  expect(plan.size).toBeGreaterThanOrEqual(6);
  expect(proof).toMatchObject({ holds: false, misfits: [], open: { count: 12 } });
  expect(first.code).toBe(1);
  expect(await refused()).toEqual([1, expect.stringContaining('`fanfold stage start ')]);

  await fanfold('stage', 'start', '--service', 'audit');
  const second = await fanfold('restore', 'audit', '--yes');
  const { operationId, proof: whole } = JSON.parse(second.stdout);
  expect([second.code, whole]).toEqual([0, expect.objectContaining({ holds: true })]);
  expect(whole.open).toEqual({ count: 0, days: {}, entries: [] });
  expect(operationId).toMatch(/^op_/);
  expect(await positions()).toEqual(before);

  await sellAndRefund(merchant);
  await signLog(stack);
  const { code, stdout } = await fanfold(...verify);
  expect([code, JSON.parse(stdout).findings]).toEqual([0, []]);
  for (const id of Object.keys(await positions())) {
    const proven = await merchant.text(`/events/${id}/proof`);
    expect(proven).toContain('c2sp.org/tlog-proof');
  }
  expect((await fanfold('findings')).code).toBe(0);
  expect((await fanfold('dlq', 'list')).code).toBe(0);
  const again = JSON.parse((await fanfold('restore', 'audit', '--yes')).stdout);
  expect([again.operationId, again.proof.holds]).toEqual([null, true]);
}, 120_000);
