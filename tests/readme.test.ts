import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { invoke, type RunningStack, signLog, startDev } from './runningStack.ts';

/** What the README tells a stranger to type, typed as it stands there. */
let stack: RunningStack;
let readme: string;

beforeAll(async () => {
  readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  stack = await startDev(await freeBasePort());
}, 60_000);

afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

/** The shell commands of a section, in one text. */
function commandsOf(heading: string, page = readme): string {
  const section = page.split(/^## /m).find((text) => text.startsWith(heading));
  const blocks = [...(section ?? '').matchAll(/^```sh\n([\s\S]*?)^```$/gm)];
  expect(blocks, `the section ${heading}`).not.toEqual([]);
  return blocks.map(([, block]) => block).join('\n');
}

/** What the second terminal begins with: its token and port. */
const beginning = () => commandsOf('A first payment').split('\n\n', 1);

async function type(commands: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-euc', commands], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, FANFOLD_PORT: String(stack.base) },
  });
  return stdout;
}

/** A text of the demo without its ids and times, which differ from run to run. */
const withoutRun = (text: string) =>
  text
    .replace(/_[0-9a-f]{32}/g, '_')
    .replace(/-\d{6}\b/g, '-')
    .replace(/^ *\+[\d,]+ ms/gm, '+ ms')
    .trim();

it('the demo prints what the first minute shows', async () => {
  const [, shown = ''] = /^```text\n([\s\S]*?)^```$/m.exec(readme) ?? [];
  expect(withoutRun(await type('./fanfold demo'))).toBe(withoutRun(shown));
});

it('a first payment, by curl, becomes an invoice and a record of both', async () => {
  const commands = commandsOf('A first payment');
  const [trace = ''] = /^\.\/fanfold trace .*$/m.exec(commands) ?? [];
  // A person types it when the order has been recorded; a test would be too early.
  const printed = await type(commands.replace(trace, ''));
  expect(printed).toContain('{"object":"payment"');
  expect(printed).toContain('"status":"captured"');
  // The lists were asked for at once; asked for again, they have what followed.
  const lists = commands.replace(/^curl -sS \S+ \+ 1\)\)\/payments[\s\S]*?}'$/m, '').replace(trace, '');
  await vi.waitFor(async () => {
    const found = await type(lists);
    expect(found).toMatch(/{"object":"invoice".*"orderId":"order-1001"/);
    expect(found).toContain('"type":"payment.captured.v1"');
    expect(found).toContain('"type":"invoice.issued.v1"');
  }, 30_000);
  // The demo's events may have been in the lists, and not yet those of this order.
  await vi.waitFor(async () => expect(await type(trace)).toContain('invoice.issued.v1'), 30_000);
}, 90_000);

it('a payment has a proof in three lines, verified offline', async () => {
  // Not to wait for the clock.
  await invoke(stack.base, 'audit', 'publishLog');
  const printed = await type(`${beginning()}\n${commandsOf('Proof that it happened')}`);
  expect(printed).toMatch(/^verified: this event, to the letter, is entry \d+ of the log$/m);
}, 120_000);

it('the page of the log verifies and erases with the commands that it shows', async () => {
  const page = await readFile(new URL('../docs/audit-log.md', import.meta.url), 'utf8');
  const [event] = /^EVENT=.*$/m.exec(commandsOf('Proof that it happened')) ?? [];
  await signLog(stack);
  const verified = await type([beginning(), event, commandsOf('Prove, verify', page)].join('\n'));
  expect(verified).toMatch(/^verified: this event, to the letter/m);
  expect(verified).toMatch(/^verified: all \d+ entries of fanfold\.example\/local\/audit/m);
  const erase = commandsOf('Erasing', page).replace(/pay_[0-9a-f]{32}/, '$(echo "$EVENT" | cut -d: -f1)');
  expect(await type([beginning(), event, erase].join('\n'))).toMatch(/^pay_[0-9a-f]{32}: erased at /m);
}, 120_000);

it('when something goes wrong, the dead letters and what can be sent again are a command away', async () => {
  const printed = await type(commandsOf('When something goes wrong'));
  expect(printed).toContain('There are no dead letters in local.');
  expect(printed).toMatch(/^ *\d+ {2}payment\.captured\.v1$/m);
  expect(printed).toMatch(/^Would be sent to the topic: \d+\.$/m);
});

it('the subscriptions that it shows are the subscriptions of the service', async () => {
  const { subscribedTypes } = await import('../services/billing/subscriptions.js');
  const [, quoted] = /export const subscribedTypes = .*?\((\[.*\])\)/.exec(readme) ?? [];
  expect(quoted).toBe(`[${subscribedTypes.map((type) => `'${type}'`).join(', ')}]`);
});
