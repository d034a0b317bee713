import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { blocksOf } from '../scripts/rehearse/page.ts';
import { type Client, clientOf, type Shown, twoChairs } from './client.ts';
import { keepTable } from './putBack.ts';
import { invoke, type RunningStack, startDev } from './runningStack.ts';

/**
 * What docs/restore.md tells the person on call to type when billing's table was put back, typed as it stands there to a stack that
 * runs, whose table was put back: afterwards all is as it was, and goes on.
 */
let stack: RunningStack;
let merchant: Client;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanfold-restore-'));
  stack = await startDev(await freeBasePort());
  merchant = await clientOf(stack.base, 'acme');
  await sell();
}, 90_000);

afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
  await rm(folder, { recursive: true });
});

const eventually = <T>(check: () => Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 60_000, interval: 200 });

/** Two payments, one of which is refunded in part; waits until all that follows is recorded and signed. */
async function sell(): Promise<void> {
  const [{ body: payment }] = await Promise.all([
    merchant.post('/payments', twoChairs()),
    merchant.post('/payments', twoChairs()),
  ]);
  expect((await merchant.post(`/payments/${payment.id}/refunds`, { amount: 2_000 })).status).toBe(201);
  await eventually(async () => {
    const { '/payments': payments = [], '/events': events = [] } = await shown();
    const refunds = payments.flatMap((each) => each.refunds);
    expect(payments.every(({ invoiceNumber }) => invoiceNumber)).toBe(true);
    expect(refunds.every(({ creditNoteNumber }) => creditNoteNumber)).toBe(true);
    // Of each one its own, and that of its document.
    expect(events).toHaveLength(2 * (payments.length + refunds.length));
  });
  await sign();
}

async function sign(): Promise<void> {
  await invoke(stack.base, 'audit', 'publishLog');
  await invoke(stack.base, 'audit', 'witness');
}

async function shown(): Promise<Record<string, Shown[]>> {
  const lists = ['/payments', '/invoices', '/credit-notes', '/events'];
  return Object.fromEntries(await Promise.all(lists.map(async (path) => [path, await merchant.all(path)])));
}

/** Types a command of the page. */
async function type(command: string): Promise<string> {
  const [name, ...args] = command.split(' ');
  expect(name).toBe('./fanfold');
  const { code, stdout, stderr } = await fanfold(args, stack.base);
  expect(code, `${command}\n${stdout}${stderr}`).toBe(0);
  return stdout;
}

const verify = () => type(`./fanfold verify --stage local --remember ${join(folder, 'seen')}`);

describe("billing's table", () => {
  it('is restored by the commands of the page, and goes on', async () => {
    const kept = await keepTable(stack.base, 'billing');
    await sell();
    await verify();
    const before = await shown();
    const blocks = await blocksOf('docs/restore.md', "Billing's table");
    const commands = blocks.flatMap((block) => block.trimEnd().split('\n'));
    const [stop = '', ...rest] = commands;
    await type(stop);
    // What is asked for meanwhile waits.
    const { body: waiting } = await merchant.post('/payments', twoChairs());
    await kept.putBack();
    for (const command of rest) await type(command);
    await sell();
    expect((await merchant.get(`/payments/${waiting.id}`)).body.invoiceNumber).not.toBeNull();
    const after = await shown();
    for (const [path, items] of Object.entries(before)) {
      for (const item of items) expect(after[path], path).toContainEqual(item);
    }
    for (const path of ['/invoices', '/credit-notes']) {
      const numbers = after[path]
        ?.map(({ number }) => Number(number.split('-').at(-1)))
        .sort((a, b) => a - b);
      expect(numbers).toEqual(numbers?.map((_, i) => i + 1));
    }
    await verify();
    await type('./fanfold dlq list');
    await type('./fanfold findings');
  }, 180_000);
});
