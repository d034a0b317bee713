import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { blocksOf } from '../scripts/rehearse/page.ts';
import { type Client, clientOf, type Shown, twoChairs } from './client.ts';
import { type RunningStack, signLog, startDev } from './runningStack.ts';

/**
 * What docs/restore.md tells the person on call to type when a table was put back, typed as it stands there to a stack that
 * runs, the rehearsal's putting back among it: afterwards all is as it was, and goes on.
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
    // Of each one its own, that of its document, and that of the PDF.
    expect(events).toHaveLength(3 * (payments.length + refunds.length));
  });
  await signLog(stack);
}

async function shown(): Promise<Record<string, Shown[]>> {
  const lists = ['/payments', '/invoices', '/credit-notes', '/events'];
  return Object.fromEntries(await Promise.all(lists.map(async (path) => [path, await merchant.all(path)])));
}

/** Types commands of the page, one after the other, which end with one of these codes. */
async function type(commands: string[], ...codes: number[]): Promise<string> {
  let printed = '';
  for (const command of commands) {
    const [name, ...args] = command.split(' ');
    expect(name).toBe('./fanfold');
    const paths = args.map((arg) => (arg.endsWith('.table') ? join(folder, arg) : arg));
    const { code, stdout, stderr } = await fanfold(paths, stack.base);
    const isRestore = args[0] === 'restore';
    expect(isRestore && codes.length > 0 ? codes : [0], `${command}\n${stdout}${stderr}`).toContain(code);
    printed += stdout;
  }
  return printed;
}

const verify = () => type([`./fanfold verify --stage local --remember ${join(folder, 'seen')}`]);

/** The commands of a section. */
const commandsOf = async (heading: string): Promise<string[]> =>
  (await blocksOf('docs/restore.md', heading)).flatMap((block) => block.trimEnd().split('\n'));

/** Saves all tables that the page saves, and has something happen that is lost with them. */
async function saveAndSell(): Promise<void> {
  const commands = await commandsOf('Rehearse it');
  expect(commands.pop()).toBe('./fanfold demo');
  for (const file of await readdir(folder)) if (file.endsWith('.table')) await rm(join(folder, file));
  await type(commands);
  await sell();
  await verify();
}

const kinds = { invoices: '/invoices', creditNotes: '/credit-notes' };

async function expectNoGaps(): Promise<void> {
  for (const path of Object.values(kinds)) {
    const numbers = (await merchant.all(path)).map(({ number }) => Number(number.split('-').at(-1)));
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i + 1));
  }
}

it("billing's table is restored by the commands of the page, and goes on", async () => {
  await saveAndSell();
  const file = join(folder, 'billing.table');
  for (const [args, code, said] of [
    [['put-back', 'billing', file], 1, '`fanfold stage stop --service billing`'],
    [['save', 'billing', file], 2, 'is there already'],
    [['save', 'loyalty', `${file}.new`], 2, 'The stack has no table loyalty. Its tables: audit, '],
  ] as const) {
    const ended = await fanfold(['table', ...args], stack.base);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(said)]);
  }
  const before = await shown();
  const [stop = '', putBack = '', ...rest] = await commandsOf("Billing's table");
  await type([stop]);
  // What is asked for meanwhile waits.
  const { body: waiting } = await merchant.post('/payments', twoChairs());
  await type([putBack]);
  expect((await shown())['/invoices']?.length).toBeLessThan(before['/invoices']?.length ?? 0);
  const { code, stdout } = await fanfold(['findings'], stack.base);
  expect([code, stdout]).toEqual([1, expect.stringContaining('The table of billing was put back')]);
  const printed = await type(rest);
  expect(printed).toContain('2 of invoice.issued.v1');
  await sell();
  expect((await merchant.get(`/payments/${waiting.id}`)).body.invoiceNumber).not.toBeNull();
  const after = await shown();
  for (const [path, items] of Object.entries(before)) {
    for (const item of items) expect(after[path], path).toContainEqual(item);
  }
  await expectNoGaps();
  await verify();
  await type(['./fanfold dlq list', './fanfold findings']);
}, 180_000);

it("payments' table is restored by the commands of the page, and goes on", async () => {
  await saveAndSell();
  const before = await shown();
  const [stop = '', putBack = '', ...rest] = await commandsOf("Payments' table");
  await type([stop, putBack]);
  expect((await shown())['/payments']?.length).toBeLessThan(before['/payments']?.length ?? 0);
  const printed = await type(rest);
  expect(printed).toContain('2 of payment.captured.v1');
  const told = ({ id, status, amountCaptured, invoiceNumber, refunds }: Shown) => ({
    ...{ id, status, amountCaptured, invoiceNumber },
    refunds: refunds.map((refund) => ({ id: refund.id, creditNoteNumber: refund.creditNoteNumber })),
  });
  const payments = before['/payments'] ?? [];
  const restored = await merchant.all('/payments');
  for (const payment of payments) expect(restored.map(told)).toContainEqual(told(payment));
  await sell();
  await expectNoGaps();
  await verify();
  await type(['./fanfold dlq list', './fanfold findings']);
}, 180_000);

it("audit's table is restored by the commands of the page, and the log goes on for who remembers it", async () => {
  await saveAndSell();
  const before = (await shown())['/events'];
  const [stop = '', putBack = '', first = '', start = '', second = ''] = await commandsOf("Audit's table");
  await type([stop, putBack]);
  expect((await shown())['/events']?.length).toBeLessThan(before?.length ?? 0);
  expect(await type([first], 1)).toMatch(/^ {2}at \d+: payment\.captured\.v1 of /m);
  await type([start]);
  // The order to stop, which is in no table but the log's, waited meanwhile.
  expect(await type([second])).toContain('Each entry has its event.');
  expect((await shown())['/events']).toEqual(before);
  await sell();
  await verify();
  await type(['./fanfold dlq list', './fanfold findings']);
}, 180_000);

it('all tables are restored by the commands of the page: no number is given again', async () => {
  await saveAndSell();
  const numbers = async () =>
    (await Promise.all(Object.values(kinds).map((path) => merchant.all(path))))
      .flat()
      .map(({ number }) => number);
  const given = await numbers();
  const commands = await commandsOf('All tables');
  const from = commands.findIndex((command) => command.includes(' restore '));
  await type(commands.slice(0, from));
  const kept = await numbers();
  expect(kept.length).toBeLessThan(given.length);
  // Lost events, and what only the provider has, are named.
  await type(commands.slice(from), 0, 1);
  await sell();
  const after = (await numbers()).filter((number) => !kept.includes(number));
  expect(after).toHaveLength(3);
  expect(after.filter((number) => given.includes(number))).toEqual([]);
  await verify();
}, 240_000);
