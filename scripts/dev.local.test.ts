import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { findStack } from '@fanfold/local-cloud/stack';
import { afterEach, expect, test, vi } from 'vitest';

const repository = join(import.meta.dirname, '..');

type Dev = { process: ChildProcess; output: () => string; ready: Promise<void>; ended: Promise<string> };
const started: Dev[] = [];

function startDev(base: number, ...options: string[]): Dev {
  const child = spawn(process.execPath, ['scripts/dev.ts', ...options], {
    cwd: repository,
    env: { ...process.env, FANFOLD_PORT: String(base) },
  });
  let text = '';
  const ended = once(child, 'close').then(([code, signal]) => String(signal ?? code));
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        text += chunk;
        if (/^fanfold is ready/m.test(text)) resolve();
      });
    }
    ended.then(() => reject(new Error(`dev ended:\n${text}`)));
  });
  ready.catch(() => {});
  const dev = { process: child, output: () => text, ready, ended };
  started.push(dev);
  return dev;
}

afterEach(async () => {
  for (const dev of started.splice(0)) {
    dev.process.kill('SIGKILL');
    await dev.ended;
  }
});

test('dev starts everything, reloads what is edited, and leaves nothing behind after Ctrl-C', async () => {
  const base = await freeBasePort();
  const dev = startDev(base);
  await dev.ready;
  const offsets = { payments: 1, billing: 2, audit: 3 };
  for (const [service, offset] of Object.entries(offsets)) {
    const url = `http://127.0.0.1:${base + offset}`;
    expect(dev.output()).toMatch(new RegExp(`${service} +${url}`));
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  }
  const stack = await findStack(base);
  expect(Object.keys(stack?.services ?? {}).sort()).toEqual(['audit', 'billing', 'payments']);
  expect(dev.output()).toMatch(new RegExp(`KMS +${stack?.endpoints.kms}\n`));
  await vi.waitUntil(() => /payments +GET \/nowhere 404/.test(dev.output()), 10_000);

  // What it says to paste is pasted: into a shell that knows nothing else.
  const pasted = dev.output().match(/^(TOKEN=|curl ).*$/gm) ?? [];
  expect(pasted).toHaveLength(4);
  const { stdout } = await promisify(execFile)('sh', ['-euc', pasted.join('\n')], { cwd: '/' });
  expect(stdout).toMatch(/"object":"payment".*"status":"captured".*"object":"list".*"object":"list"/s);
  expect(dev.output()).toContain(`Try: FANFOLD_PORT=${base} ./fanfold demo`);

  const second = startDev(base);
  expect(await second.ended).toBe('1');
  expect(second.output()).toContain(`Port ${base} is taken by a Fanfold stack (pid ${dev.process.pid})`);

  // Written again, and not edited, because the files are those of the repository.
  for (const edited of ['services/payments/src/payment/payment.ts', 'packages/runtime/src/http.ts']) {
    const looks = dev.output().split('No function has changed').length;
    await utimes(join(repository, edited), new Date(), new Date());
    await vi.waitUntil(() => dev.output().split('No function has changed').length > looks, 10_000);
  }

  const processes = await descendants(dev.process.pid);
  expect(processes.length).toBeGreaterThan(0);
  const interruptedAt = performance.now();
  dev.process.kill('SIGINT');
  expect(await dev.ended).toBe('0');
  expect(performance.now() - interruptedAt).toBeLessThan(3_000);
  expect(await stillRunning(processes)).toEqual([]);
}, 60_000);

test('dev ends as a whole when its database ends', async () => {
  const dev = startDev(await freeBasePort());
  await dev.ready;
  const [database] = await descendants(dev.process.pid);
  process.kill(database as number, 'SIGKILL');
  expect(await dev.ended).toBe('1');
  expect(dev.output()).toMatch(/Error: The DynamoDB emulator .* ended: SIGKILL/);
}, 60_000);

test('dev that is killed takes everything with it, and --persist keeps its data', async () => {
  const base = await freeBasePort();
  const data = join(repository, '.fanfold', String(base));
  const dev = startDev(base, '--persist');
  await dev.ready;
  const queueUrl = `http://127.0.0.1:${base + 4}/000000000000/fanfold-local-billing-events-dead-letters`;
  await sqs(queueUrl, 'SendMessage', { MessageBody: 'kept' });
  const processes = await descendants(dev.process.pid);
  dev.process.kill('SIGKILL');
  await vi.waitUntil(async () => (await stillRunning(processes)).length === 0, 10_000);

  const again = startDev(base, '--persist');
  await again.ready;
  const { Messages } = await sqs(queueUrl, 'ReceiveMessage', {});
  expect(Messages).toMatchObject([{ Body: 'kept' }]);
  again.process.kill('SIGTERM');
  expect(await again.ended).toBe('0');
  await rm(data, { recursive: true });
}, 60_000);

test('dev does not touch the data of a version that it cannot go on with', async () => {
  const base = await freeBasePort();
  const data = join(repository, '.fanfold', String(base));
  await mkdir(data, { recursive: true });
  await writeFile(join(data, 'dynamodb.sqlite'), 'of an older version');
  const dev = startDev(base, '--persist');
  expect(await dev.ended).toBe('1');
  const [line, ...rest] = dev.output().trim().split('\n');
  expect(line).toMatch(`Error: The data in ${data} was written by a version before `);
  expect(rest).toEqual([]);
  expect(await readdir(data)).toEqual(['dynamodb.sqlite']);
  await rm(data, { recursive: true });
}, 60_000);

test('a port that is taken is named, with who has it and how to choose others', async () => {
  const base = await freeBasePort();
  const other = createServer().listen(base + 2, '127.0.0.1');
  await once(other, 'listening');
  const dev = startDev(base);
  expect(await dev.ended).toBe('1');
  expect(dev.output()).toMatch(new RegExp(`Port ${base + 2} is taken by .* \\(pid ${process.pid}\\)`));
  expect(dev.output()).toContain('choose other ports: FANFOLD_PORT');
  other.close();
});

async function sqs(QueueUrl: string, action: string, input: object) {
  const response = await fetch(new URL('/', QueueUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` },
    body: JSON.stringify({ QueueUrl, ...input }),
  });
  return (await response.json()) as { Messages?: { Body: string }[] };
}

/** Process ids of the children of a process, then of their children. */
async function descendants(pid: number | undefined): Promise<number[]> {
  const processes = await runningProcesses();
  const below = (parent: number | undefined): number[] => {
    const children = processes.filter(({ ppid }) => ppid === parent).map((child) => child.pid);
    return [...children, ...children.flatMap(below)];
  };
  return below(pid);
}

async function stillRunning(pids: number[]): Promise<number[]> {
  return (await runningProcesses()).map(({ pid }) => pid).filter((pid) => pids.includes(pid));
}

async function runningProcesses(): Promise<{ pid: number; ppid: number }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=,stat=']);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state]) => !state?.startsWith('Z'))
    .map(([pid, ppid]) => ({ pid: Number(pid), ppid: Number(ppid) }));
}
