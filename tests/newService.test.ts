import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Checkout, copyCheckout, git } from '../scripts/checkout.ts';
import { fanfold as runFanfold } from '../scripts/fanfold/commandFixtures.ts';
import { accessToken } from './client.ts';
import { type RunningStack, startDev } from './runningStack.ts';

/** A service that is added while a stack runs, in a copy of this checkout. */
const repository = join(import.meta.dirname, '..');
let folder: string;
let checkout: Checkout;
let stack: RunningStack;

beforeAll(async () => {
  const base = await freeBasePort();
  folder = join(repository, '.fanfold', `new-service-${base}`);
  await mkdir(join(repository, '.fanfold'), { recursive: true });
  checkout = await copyCheckout(repository, folder);
  // What is packaged, and what Node has compiled, is kept by its content.
  const cache = 'node_modules/.cache';
  await mkdir(join(folder, cache), { recursive: true });
  await symlink(join(repository, cache, 'fanfold'), join(folder, cache, 'fanfold'), 'dir');
  vi.stubEnv('NODE_COMPILE_CACHE', join(folder, cache, 'fanfold/compiled'));
  git(folder, 'add', '--all');
  git(
    folder,
    '-c',
    'user.name=test',
    '-c',
    'user.email=test@invalid',
    'commit',
    '--quiet',
    '--allow-empty',
    '--message',
    'as it was',
  );
  // Commands run in this process, with tokens that the stack of the copy accepts.
  await accessToken(base, 'acme');
  await mkdir(join(folder, '.fanfold'), { recursive: true });
  await symlink(join(repository, '.fanfold/issuer-key.json'), join(folder, '.fanfold/issuer-key.json'));
  stack = await startDev(base, {}, folder);
}, 180_000);
afterAll(async () => {
  await stack?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const inCheckout = (command: string, ...commandArguments: string[]) =>
  promisify(execFile)(process.execPath, [command, ...commandArguments], {
    cwd: folder,
    env: { ...process.env, FANFOLD_PORT: String(stack.base), NO_COLOR: '1' },
  });

/** What writes files or reads those of the service does it in the copy. */
const writing = (...commandArguments: string[]) => inCheckout('scripts/fanfold.ts', ...commandArguments);

const fanfold = (...commandArguments: string[]) => runFanfold(commandArguments, stack.base);

/** Waits until `dev` has printed it, after what it has printed before. */
async function printed(pattern: RegExp, from = 0): Promise<string> {
  return vi.waitFor(
    () => {
      const line = stack.output.slice(from).find((each) => pattern.test(each));
      expect(line, `${pattern}, after:\n${stack.output.slice(from).join('\n')}`).toBeDefined();
      return line as string;
    },
    { timeout: 60_000, interval: 100 },
  );
}

/** The command of a recipe in CONTRIBUTING.md, as it stands there. */
async function recipe(title: string): Promise<string[]> {
  const text = (await checkout.read('CONTRIBUTING.md')).split(`## Recipe: ${title}\n`)[1];
  const [, command = ''] = /^```sh\npnpm fanfold (.+)\n```$/m.exec(text ?? '') ?? [];
  return [...command.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

/** Its files by their path, with what is in them. */
async function filesOfService(): Promise<Record<string, string>> {
  const paths = git(folder, 'ls-files', '--others', '--exclude-standard', 'services/loyalty')
    .trim()
    .split('\n');
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await checkout.read(path)] as const)),
  );
}

const changed = () => git(folder, 'status', '--porcelain').split('\n').filter(Boolean).sort();

it('no file of another service or package changes when one is added, and a running dev starts it', async () => {
  await writing(...(await recipe('a new service')));
  expect(changed()).toEqual([' M pnpm-lock.yaml', ' M serverless-compose.yml', '?? services/loyalty/']);
  const line = await printed(/^loyalty +(Started|ERROR)|^Not changed/);
  expect(line).toMatch(
    /Started in .* at http:.*new table fanfold-local-loyalty;.*subscription to payment\.captured\.v1/,
  );
});

it('a payment has its effect there, and its own event is in audit', async () => {
  const { paymentId } = JSON.parse((await fanfold('demo', '--json')).stdout);
  const { stdout: token } = await writing('token', '--scope', 'loyalty:read');
  const entries = async () => {
    const response = await fetch(`http://127.0.0.1:${stack.base + 10}/loyalty/${paymentId}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return response.json();
  };
  await vi.waitFor(
    async () =>
      expect(await entries()).toMatchObject({
        data: [{ object: 'entry', id: `${paymentId}:1`, type: 'payment.captured.v1' }],
      }),
    { timeout: 30_000, interval: 200 },
  );
  await vi.waitFor(
    async () =>
      expect((await fanfold('trace', paymentId)).stdout).toMatch(
        /points\.earned\.v1 +loyalty_[0-9a-f]{32}:1 +recorded/,
      ),
    { timeout: 30_000, interval: 500 },
  );
});

it('an endpoint that is added answers while dev runs, and an event can be declared', async () => {
  const bonus = [
    ...['new', 'endpoint', 'createBonus', '--service', 'loyalty', '--scope', 'loyalty:write'],
    ...['--route', 'POST /loyalty/{paymentId}/bonuses'],
  ];
  const description = 'services/loyalty/description.ts';
  await checkout.edit(description, ['listEntries: {', 'listNothing: {']);
  const before = await filesOfService();
  await expect(writing(...bonus)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /createBonus cannot be added, and nothing was changed: The function listEntries/,
    ),
  });
  expect(await filesOfService()).toEqual(before);
  await checkout.edit(description, ['listNothing: {', 'listEntries: {']);

  await writing(...bonus);
  await writing(...(await recipe('a new endpoint')));
  await writing(...(await recipe('a new event')));
  const { stdout: token } = await writing('token', '--scope', 'loyalty:read,loyalty:write');
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = {
      authorization: `Bearer ${token.trim()}`,
      'content-type': 'application/json',
      'idempotency-key': 'bonus-1',
    };
    const response = await fetch(`http://127.0.0.1:${stack.base + 10}/loyalty/${path}`, { ...init, headers });
    return [response.status, await response.json()];
  };
  await vi.waitFor(
    async () => {
      expect(await ask('pay_1/bonuses', { method: 'POST', body: '{"paymentId":"pay_1"}' })).toEqual([
        201,
        { object: 'bonus', merchantId: 'acme', paymentId: 'pay_1' },
      ]);
      expect(await ask('pay_1/balance')).toEqual([200, { object: 'balance', merchantId: 'acme' }]);
    },
    { timeout: 60_000, interval: 200 },
  );
}, 180_000);

it('its queues are where operators look: in dlq list, in the console, and in its asyncapi.json', async () => {
  const queue = 'fanfold-local-loyalty-events';
  await fetch(`http://127.0.0.1:${stack.base + 4}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.SendMessage' },
    body: JSON.stringify({
      QueueUrl: `http://127.0.0.1:${stack.base + 4}/000000000000/${queue}`,
      MessageBody: 'no event',
    }),
  });
  await vi.waitFor(
    async () => {
      expect((await fanfold('dlq', 'list')).stdout).toMatch(/loyalty.*not-json/s);
    },
    { timeout: 30_000, interval: 500 },
  );

  const [, token] = /#token=(\S+)/.exec(stack.output.join('\n')) ?? [];
  const live = await fetch(`http://127.0.0.1:${stack.base}/console/live`, {
    headers: { authorization: `Bearer ${token}` },
  });
  let told = '';
  for await (const chunk of live.body as ReadableStream<Uint8Array>) {
    told += Buffer.from(chunk).toString();
    if (told.includes(`"${queue}"`)) break;
  }
  expect(told).toContain('"loyalty"');

  await writing('describe');
  const { channels, components } = JSON.parse(await checkout.read('services/loyalty/asyncapi.json'));
  expect(channels.queue.bindings.sqs.queue.name).toBe('fanfold-{stage}-loyalty-events');
  expect(Object.keys(components.messages).sort()).toEqual([
    'payment.captured.v1',
    'points.earned.v1',
    'points.lost.v1',
  ]);
  const { paths } = JSON.parse(await checkout.read('services/loyalty/openapi.json'));
  expect(Object.keys(paths)).toEqual(
    expect.arrayContaining(['/loyalty/{paymentId}/balance', '/loyalty/{paymentId}/bonuses']),
  );
  // Of the others, only what is said of who subscribes to everything.
  const described = /^ M (docs\/events\.md|services\/[\w-]+\/(asyncapi|columns)\.json)$/;
  expect(changed().filter((path) => !described.test(path))).toEqual([
    ' M pnpm-lock.yaml',
    ' M serverless-compose.yml',
    '?? services/loyalty/',
  ]);
});

it('is compiled, linted and tested as all services are', async () => {
  await writeFile(
    join(folder, 'tsconfig.loyalty.json'),
    JSON.stringify({ extends: './tsconfig.base.json', include: ['services/loyalty', 'services/*/events'] }),
  );
  const fails = ({ stdout, stderr }: { stdout: string; stderr: string }) => expect.fail(`${stdout}${stderr}`);
  await Promise.all([
    inCheckout('node_modules/typescript/bin/tsc', '--project', 'tsconfig.loyalty.json').catch(fails),
    inCheckout(
      'node_modules/@biomejs/biome/bin/biome',
      'ci',
      '--error-on-warnings',
      'services/loyalty',
    ).catch(fails),
  ]);
  const tested = [
    'services/loyalty',
    ...['alarms', 'functions', 'messages', 'permissions', 'stages', 'storage'].map(
      (name) => `tests/templates/${name}.test.ts`,
    ),
  ];
  // The code of the others is what it was.
  const names = ['--testNamePattern', '^(?!the code of (?!loyalty ))'];
  await inCheckout('node_modules/vitest/vitest.mjs', 'run', ...names, ...tested).catch(fails);
}, 240_000);

describe('while dev runs', () => {
  const subscriptions = 'services/loyalty/subscriptions.js';

  it('a type that nobody publishes is refused, and the old goes on', async () => {
    const from = stack.output.length;
    await checkout.edit(subscriptions, [
      "'payment.captured.v1'",
      "'payment.captured.v1', 'payment.taken.v1'",
    ]);
    expect(await printed(/^Not changed/, from)).toContain(
      'services/loyalty subscribes to payment.taken.v1, which no service publishes',
    );
    expect((await fetch(`http://127.0.0.1:${stack.base + 10}/openapi.json`)).status).toBe(200);
  });

  it('another type changes the filter of the subscription, and is handled', async () => {
    const from = stack.output.length;
    const handled = "    'payment.captured.v1': (event) => record(event),\n";
    await checkout.edit('services/loyalty/src/functions/consumer.ts', [
      handled,
      `${handled}${handled.replace('captured', 'refunded')}`,
    ]);
    await checkout.edit(subscriptions, ['payment.taken.v1', 'payment.refunded.v1']);
    expect(await printed(/^loyalty +Changed/, from)).toContain(
      'changed subscription to payment.captured.v1, payment.refunded.v1',
    );
    const { paymentId } = JSON.parse((await fanfold('demo', '--json')).stdout);
    await vi.waitFor(
      async () =>
        expect((await fanfold('trace', paymentId)).stdout.match(/points\.earned\.v1/g)).toHaveLength(2),
      { timeout: 30_000, interval: 500 },
    );
  });

  it('a slip in serverless.yml is told by its line, and the old goes on', async () => {
    const from = stack.output.length;
    await checkout.edit('services/loyalty/serverless.yml', ['\nfunctions:\n', '\nfunctions: [\n']);
    expect(await printed(/^Not changed/, from)).toContain('services/loyalty/serverless.yml');
    expect((await fetch(`http://127.0.0.1:${stack.base + 10}/openapi.json`)).status).toBe(200);
    await checkout.edit('services/loyalty/serverless.yml', ['\nfunctions: [\n', '\nfunctions:\n']);
  });

  it('a service that is taken away stops, and gets nothing any more', async () => {
    const from = stack.output.length;
    git(folder, 'checkout', '--quiet', 'serverless-compose.yml');
    await rm(join(folder, 'services/loyalty'), { recursive: true });
    await printed(/^loyalty +Stopped/, from);
    await expect(fetch(`http://127.0.0.1:${stack.base + 10}/openapi.json`)).rejects.toThrow();
    expect(await readdir(join(folder, 'services'))).not.toContain('loyalty');
    const { services } = (await (await fetch(`http://127.0.0.1:${stack.base}/stack`)).json()) as {
      services: object;
    };
    expect(Object.keys(services)).not.toContain('loyalty');
    await fanfold('demo');
  });
});
