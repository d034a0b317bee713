// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of the shell.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Ended, fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { clientOf } from './client.ts';
import { type RunningStack, startDev } from './runningStack.ts';
import { deadLettersOf, queues, Wire } from './wire.ts';

/**
 * What docs/operations.md tells the person on call to type, typed as it stands there and in that order, to a stack on
 * which it has something to do. Filled in are days, and the ids of what is there.
 */
let stack: RunningStack;
/** All commands of the page, in its order. */
let commands: string[];
/** An order that was given, which a later command looks at. */
let operationId = '';
let discarded = '';

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
/** The page's 23 and 24 November, in this order a day and the one after, both over. */
const [date, next] = [daysAgo(2), daysAgo(1)];

const read = (path: string) => readFile(new URL(`../${path}`, import.meta.url), 'utf8');

/** A real message, but of the page's day. */
async function example(type: string, time: string, change = (text: string) => text): Promise<string> {
  const text = change(
    (await read(`packages/contracts/examples/${type}.json`)).replaceAll('2026-03-03', date),
  );
  return JSON.stringify({ ...JSON.parse(text), time });
}
const asFirst = (text: string) => text.replaceAll('ac0:2"', 'ac0:1"').replace('0000000002', '0000000001');
const asGlobex = (text: string) => asFirst(text).replaceAll('pay_cf', 'pay_00').replace('"acme"', '"globex"');

beforeAll(async () => {
  const page = await read('docs/operations.md');
  const blocks = [...page.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm)].map(([, , block = '']) => block);
  const inRows = [...page.matchAll(/`(\.\/fanfold replay --[^`]+)`/g)].map(([, command = '']) => command);
  commands = [...blocks.flatMap(linesOf), ...inRows].filter((line) => !line.startsWith('aws '));

  stack = await startDev(await freeBasePort());
  const wire = new Wire(`http://127.0.0.1:${stack.base + 4}`);
  // Audit has what billing does not have, and findings about it.
  await wire.send(queues.audit, await example('payment.captured.v1', `${date}T09:30:00.000Z`, asFirst));
  await wire.send(queues.audit, await example('payments.day-closed.v1', `${next}T00:15:00.000Z`));
  for (const type of ['audit.gap-found.v1', 'billing.reconciliation-failed.v1']) {
    await wire.send(queues.audit, await example(type, `${next}T00:25:00.000Z`));
  }
  // Dead letters: one that can be handled, and one that never can.
  const captured = await example('payment.captured.v1', `${date}T08:00:00.000Z`, asGlobex);
  await wire.send(deadLettersOf(queues.billing), captured);
  await wire.send(deadLettersOf(queues.audit), 'no JSON');
  const acme = await clientOf(stack.base, 'acme');
  await vi.waitFor(async () => expect(await acme.all('/events')).toHaveLength(4), 30_000);
  const { stdout } = await type('./fanfold dlq list --json');
  const { groups } = JSON.parse(stdout) as { groups: { queue: string; examples: string[] }[] };
  [discarded = ''] = groups.find(({ queue }) => queue === deadLettersOf(queues.audit))?.examples ?? [];
}, 90_000);

afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

/** The commands of a block, each in one line and without remarks. */
const linesOf = (block: string): string[] =>
  block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.replace(/ +# .*$/, '').trim())
    .filter((line) => line !== '');

const root = new URL('..', import.meta.url);
const environment = () => ({ ...process.env, FANFOLD_PORT: String(stack.base), NO_COLOR: '1' });

const bash = (command: string): Promise<Ended> =>
  new Promise((resolve) => {
    execFile('bash', ['-uc', command], { cwd: root, env: environment() }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });

/** What a shell makes of a line it hands to a command of ours, which then runs in this process. */
async function type(command: string): Promise<Ended> {
  if (!command.startsWith('./fanfold ')) return bash(command);
  const { stdout, stderr } = await bash(`words() { printf '%s\\0' "$@"; }; words ${command}`);
  expect(stderr).toBe('');
  return fanfold(stdout.split('\0').slice(1, -1), stack.base);
}

const filledIn = (command: string): string =>
  command
    .replace(/2026-11-2[34]/g, (day) => (day === '2026-11-23' ? date : next))
    .replaceAll('<id>', discarded)
    .replace(/\bop_[0-9a-f]{32}\b/, operationId);

/** The first of them serves until Ctrl-C. */
const serving = './fanfold console --stage production';

/** What each of the others does here: its exit code, and a part of what it prints. */
const expected: [command: string, code: number, printed: string | RegExp][] = [
  ['./fanfold dlq list', 1, 'received too often'],
  ['./fanfold dlq show <id>', 0, /cause +received too often/],
  [
    './fanfold dlq redrive --queue billing --cause "received too often" --dry-run',
    0,
    'Would be redriven: 1.',
  ],
  ['./fanfold dlq redrive --queue billing --cause "received too often" --rate 20', 0, '1 of 1 redriven'],
  ['./fanfold dlq put-aside <id> --reason "the shop answers on Monday"', 0, '1 of 1 put aside'],
  ['./fanfold dlq restore <id>', 0, '1 of 1 restored'],
  ['./fanfold dlq discard <id> --reason "a test message of ours"', 0, '1 of 1 discarded'],
  [
    './fanfold replay --from 2026-11-23T09:00:00Z --to 2026-11-23T10:30:00Z --dry-run',
    0,
    'Would be sent to the topic: 1.',
  ],
  [
    './fanfold replay --from 2026-11-23T09:00:00Z --to 2026-11-23T10:30:00Z --to-queue billing --rate 50',
    0,
    '1 of 1 sent to fanfold-local-billing-events',
  ],
  [
    './fanfold stage stop --service billing',
    0,
    /^off +billing +consumer +queue fanfold-local-billing-events$/m,
  ],
  ['./fanfold stage start --service billing', 0, /^on +billing +publisher +stream fanfold-local-billing$/m],
  ['./fanfold trace op_0d9f6c2e8b1a4c7d9e3f5a6b7c8d9e0f', 0, 'operation.ordered.v1'],
  [
    'TOKEN=$(./fanfold token --scope operations:read); curl -sS http://127.0.0.1:$((${FANFOLD_PORT:-4000} + 3))/events -H "Authorization: Bearer $TOKEN"',
    0,
    '"type":"operation.ordered.v1"',
  ],
  ['./fanfold findings', 1, 'acme  audit.gap-found.v1'],
  ['./fanfold findings --date 2026-11-23 --merchant acme', 1, 'acme  billing.reconciliation-failed.v1'],
  [
    './fanfold replay --from 2026-11-24T00:00:00Z --to "$(date -u +%FT%TZ)"    --type payments.day-closed.v1 --subject day_2026-11-23_acme',
    0,
    '1 of 1 sent to the topic',
  ],
  [
    './fanfold republish --date 2026-11-23 --merchant acme',
    0,
    'billing: 0 items of its table publish their events again',
  ],
  [
    './fanfold replay --from 2026-11-23T00:00:00Z --to 2026-11-24T00:00:00Z --type payment.captured.v1 --to-queue billing',
    0,
    '1 of 1 sent to fanfold-local-billing-events',
  ],
];

it('every command of the page is known here', () => {
  const asTyped = commands
    .join('\n')
    .replace(/^(TOKEN=.*)\n/m, '$1; ')
    .split('\n');
  expect(asTyped).toEqual([serving, ...expected.map(([command]) => command)]);
});

it(`${serving}, here without the stage`, async () => {
  // In a group of its own, all of which Ctrl-C interrupts.
  const served = spawn('bash', ['-uc', serving.replace(' --stage production', '')], {
    ...{ cwd: root, env: environment(), detached: true },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(served, 'close');
  try {
    const [address] = await Promise.race([once(createInterface(served.stdout), 'line'), ended]);
    const page = await fetch(String(address), { headers: { accept: 'text/html' } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<title>')]);
  } finally {
    if (served.pid && served.exitCode === null) process.kill(-served.pid, 'SIGINT');
  }
  expect(await ended).toEqual([0, null]);
});

it.each(expected)('%s', async (command, code, printed) => {
  const check = async () => {
    const ended = await type(filledIn(command));
    expect(ended.stdout, ended.stderr).toMatch(printed);
    expect(ended.code, ended.stderr).toBe(code);
    [operationId = operationId] = /op_[0-9a-f]{32}/.exec(ended.stdout) ?? [];
  };
  // Only what looks at an order may have to look again until audit has it; nothing that acts is typed twice.
  await (/trace|TOKEN/.test(command) ? vi.waitFor(check, 30_000) : check());
});
