import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { type Client, clientOf, sellAndRefund } from './client.ts';
import { type RunningStack, signLog, startDev } from './runningStack.ts';
import { type Item, Tables } from './tables.ts';

/**
 * All tables are put back at once. What was issued since is nowhere but in the hands of customers, and no number of theirs is
 * given a second time: the log's bucket has noted up to which one they were given.
 */
let stack: RunningStack;
let merchant: Client;
let tables: Tables;

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
  tables = await Tables.of(stack.base);
  merchant = await clientOf(stack.base, 'acme');
}, 90_000);

afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

const numbersOf = async (path: string) => (await merchant.all(path)).map(({ number }) => number).sort();

/** Sells until all is counted, too. */
async function sell(): Promise<void> {
  await sellAndRefund(merchant);
  await signLog(stack);
}

async function run(code: number, ...args: string[]) {
  const { stdout, stderr, ...ended } = await fanfold([...args, '--json'], stack.base);
  expect(ended.code, `${args.join(' ')}\n${stdout}${stderr}`).toBe(code);
  return JSON.parse(stdout);
}

it('gives no number again, and names those whose documents are lost', async () => {
  await sell();
  const backup = new Map<string, Item[]>();
  for (const table of ['payments', 'billing', 'audit']) backup.set(table, await tables.itemsOf(table));
  await sell();
  await sell();
  const given = [...(await numbersOf('/invoices')), ...(await numbersOf('/credit-notes'))];
  expect(given).toHaveLength(6);

  await run(0, 'stage', 'stop');
  for (const [table, items] of backup) await tables.replace(table, items);
  // Entries whose events nobody has.
  expect((await run(1, 'restore', 'audit', '--yes')).proof).toMatchObject({
    misfits: [],
    open: { count: 12 },
  });
  // It records the orders of what follows.
  await run(0, 'stage', 'start', '--service', 'audit');
  // What the provider carried out since is in no event: it is named.
  expect((await run(1, 'restore', 'payments', '--yes')).proof).toMatchObject({ missing: 0, problems: [] });
  const { plan, proof } = await run(0, 'restore', 'billing', '--yes');
  const lost = ['INV', 'CN'].map((kind) => ({
    merchantId: 'acme',
    name: `${kind}-${new Date().getUTCFullYear()}`,
    first: 2,
    last: 3,
  }));
  expect(plan).toMatchObject({ seriesBehind: 2, lostNumbers: expect.arrayContaining(lost) });
  expect(proof).toMatchObject({ holds: true, lostNumbers: expect.arrayContaining(lost) });
  await run(0, 'stage', 'start');

  await sell();
  const after = [...(await numbersOf('/invoices')), ...(await numbersOf('/credit-notes'))];
  expect(after.filter((number) => given.includes(number))).toEqual([
    expect.stringMatching(/^INV-\d{4}-000001$/),
    expect.stringMatching(/^CN-\d{4}-000001$/),
  ]);
  expect(after.filter((number) => number.endsWith('-000004'))).toHaveLength(2);
  const { findings, lostNumbers } = await run(1, 'findings');
  expect([findings, lostNumbers]).toEqual([
    [],
    expect.arrayContaining(lost.map((each) => ({ ...each, foundAt: expect.any(String) }))),
  ]);

  // What is known to be lost is no gap for a later restore.
  await run(0, 'stage', 'stop', '--service', 'billing');
  const again = await run(0, 'restore', 'billing', '--yes');
  expect([again.operationId, again.proof.holds]).toEqual([null, true]);
  await run(0, 'stage', 'start', '--service', 'billing');
}, 180_000);
