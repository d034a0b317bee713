import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { operatorMerchantId } from '@fanfold/contracts/event';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { indexOf, textsOf } from '../scripts/fanfold/aws/auditLog.ts';
import { cloudOf } from '../scripts/fanfold/aws/cloud.ts';
import { type Ended, fanfold as runHere } from '../scripts/fanfold/commandFixtures.ts';
import { type Client, clientOf, twoChairs } from './client.ts';
import { type RunningStack, startDev } from './runningStack.ts';
import { Tables } from './tables.ts';
import { deadLettersOf, queues, Wire } from './wire.ts';

/** What the person on call does, with the operator's command, to a stack that runs and in which things went wrong. */
let stack: RunningStack;
let wire: Wire;
let merchant: Client;
const startedAt = new Date().toISOString();

beforeAll(async () => {
  const base = await freeBasePort();
  stack = await startDev(base);
  wire = new Wire(`http://127.0.0.1:${base + 4}`);
  merchant = await clientOf(base, 'recovery');
}, 60_000);
afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

/** In a process of its own, which signals can reach. */
function start(...args: string[]): { process: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['scripts/fanfold.ts', ...args], {
    cwd: new URL('..', import.meta.url),
    env: { ...process.env, FANFOLD_PORT: String(stack.base), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code]]) => ({ code: Number(code), stdout, stderr }),
  );
  return { process: child, ended };
}
const fanfold = (...args: string[]): Promise<Ended> => runHere(args, stack.base);
/** Without a terminal, what takes long is said once when it begins. */
const progressLines =
  /^(((sending|redriving|discarding) .+: [\d,]+|looking .+|\w+ publishes its events of .+)\n)*$/;

/** Runs a command that must do what it should, and gives its result. */
async function done(...args: string[]) {
  const { code, stdout, stderr } = await fanfold(...args, '--json');
  expect([code, stderr], args.join(' ')).toEqual([0, expect.stringMatching(progressLines)]);
  return JSON.parse(stdout);
}
/** Everything until now. */
const everything = () => ['--from', startedAt, '--to', new Date().toISOString()];

const eventually = <T>(check: () => Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 30_000, interval: 100 });

const paid: string[] = [];

async function pay(): Promise<string> {
  const { status, body } = await merchant.post('/payments', twoChairs());
  expect(status).toBe(201);
  paid.push(body.id);
  return body.id;
}
const recorded = (id: string) =>
  eventually(async () => expect(await merchant.get(`/events/${id}`)).toMatchObject({ status: 200 }));
const invoiced = (paymentId: string) =>
  eventually(async () => {
    const { body } = await merchant.get(`/invoices?paymentId=${paymentId}`);
    expect(body.data).toHaveLength(1);
  });

/** A payment whose events do not reach billing. */
async function payUnbilled(): Promise<string> {
  const reconnect = await wire.disconnect(queues.billing);
  const paymentId = await pay();
  await recorded(`${paymentId}:1`);
  await reconnect();
  expect((await merchant.get(`/invoices?paymentId=${paymentId}`)).body.data).toEqual([]);
  return paymentId;
}

it('a message that can never succeed is found with its reason, looked at, and discarded', async () => {
  await wire.send(queues.billing, 'no JSON');
  const group = await eventually(async () => {
    const { code, stdout } = await fanfold('dlq', 'list', '--json');
    expect(code).toBe(1);
    const { groups } = JSON.parse(stdout);
    expect(groups).toMatchObject([{ queue: deadLettersOf(queues.billing), cause: 'not-json', count: 1 }]);
    return groups[0];
  });
  const [id] = group.examples;
  const { stdout } = await fanfold('dlq', 'show', id, '--body');
  expect(stdout).toContain('not-json: The message is not JSON');
  expect(stdout).toMatch(/^ {2}body +no JSON$/m);
  await done('dlq', 'discard', id, '--reason', 'made by a test');
  expect(await done('dlq', 'list')).toMatchObject({ groups: [] });
});

it('an event in the dead letters is handled when it is redriven, and the trail shows who did that', async () => {
  const received = await wire.subscribe('recovery-events');
  const paymentId = await payUnbilled();
  const [event = ''] = (await received()).filter((body) => body.includes(`"${paymentId}:1"`));
  await wire.send(deadLettersOf(queues.billing), event);
  const { operationId } = await done('dlq', 'redrive', '--queue', 'billing', '--type', 'payment.captured.v1');
  await invoiced(paymentId);
  await recordedOperation(operationId, `${paymentId}:1`);
});

async function recordedOperation(operationId: string, eventId: string): Promise<void> {
  const operators = await clientOf(stack.base, 'acme', ['operations:read']);
  await eventually(async () => {
    const { body } = await operators.get(`/events?subject=${operationId}`);
    expect(JSON.stringify(body.data)).toContain(`"eventId":"${eventId}"`);
    const { code, stdout } = await fanfold('trace', operationId);
    expect([code, stdout]).toEqual([0, expect.stringContaining('operation.ordered.v1')]);
  });
}

describe('replay', () => {
  it('gives a service what it missed', async () => {
    const missed = await payUnbilled();
    const range = [...everything(), '--subject', missed, '--to-queue', 'billing'];
    const counted = await done('replay', ...range, '--dry-run');
    expect(counted).toMatchObject({
      total: 1,
      types: { 'payment.captured.v1': 1 },
      first: { id: `${missed}:1` },
    });
    expect((await merchant.get(`/invoices?paymentId=${missed}`)).body.data).toEqual([]);
    const { operationId, sent } = await done('replay', ...range);
    expect(sent).toBe(1);
    await invoiced(missed);
    await recordedOperation(operationId, `${missed}:1`);
  });

  it('gives a service that came late all there was, as it was recorded and in that order, however often it is interrupted', async () => {
    for (let n = 0; n < 8; n++) await pay();
    await settled();
    const log = await texts();
    const range = everything();
    await wire.subscribe('late');
    const { process: running, ended } = start('replay', ...range, '--to-queue', 'late', '--rate', '5');
    // The first message is the order itself: a late service gets new events, too.
    await eventually(async () => expect(await wire.depth('late')).toBeGreaterThan(1));
    running.kill('SIGINT');
    const { code, stderr } = await ended;
    const [, position] =
      /Interrupted\. Continue with the same command and --after (\d+)\n$/.exec(stderr) ?? [];
    expect([code, position]).toEqual([1, expect.any(String)]);
    const rest = await done('replay', ...range, '--to-queue', 'late', '--after', position as string);
    const messages = (await wire.drain('late')).filter(
      ({ Body = '' }) => !Body.includes('"operation.ordered.v1"'),
    );
    expect(messages.map(({ Body }) => Body)).toEqual(log);
    expect(rest.sent).toBeLessThan(log.length);
    expect(messages.at(-1)?.MessageAttributes).toMatchObject({
      replay: { StringValue: rest.operationId },
      merchantid: { StringValue: 'recovery' },
      type: { StringValue: expect.stringMatching(/\.v1$/) },
    });
  });

  it('of everything, to everybody, twice, changes nothing', async () => {
    await settled();
    const before = await state();
    for (let times = 0; times < 2; times++) {
      const { sent, total } = await done('replay', ...everything(), '--rate', '1000');
      expect(sent).toBe(total);
      expect(total).toBeGreaterThan(20);
      await settled();
      expect(await state()).toEqual(before);
    }
    expect(await done('dlq', 'list')).toMatchObject({ groups: [] });
  });

  it('to a queue that is not subscribed to the topic is refused, with those that are', async () => {
    for (const name of ['shipping', 'fanfold-local-billing-events-dead-letters']) {
      const { code, stdout, stderr } = await fanfold('replay', ...everything(), '--to-queue', name);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(`No queue ${name} is subscribed to the topic of local`);
      expect(stderr).toContain(queues.billing);
    }
  });

  it('of what was never recorded, or the queue does not subscribe to, is refused', async () => {
    const nothing = [
      ['--subject', 'pay_unknown'],
      ['--type', 'payment.captured.v1', '--to-queue', 'payments'],
    ];
    for (const filter of nothing) {
      const { code, stderr } = await fanfold('replay', ...everything(), ...filter);
      expect([code, stderr]).toEqual([1, expect.stringContaining('No recorded event matches')]);
    }
  });
});

/** Until all is billed and recorded, and nothing is on its way any more. */
const settled = () =>
  eventually(async () => {
    for (const id of paid) {
      expect((await merchant.get(`/payments/${id}`)).body.invoiceNumber).toMatch(/^INV-/);
      // The PDF's event is the last.
      expect((await merchant.get(`/events/${id.replace('pay_', 'inv_')}:2`)).status).toBe(200);
    }
    for (const queue of Object.values(queues)) expect(await wire.depth(queue), queue).toBe(0);
  });

/** What audit has recorded of all merchants, in its order, and as it came. */
async function texts(): Promise<(string | null)[]> {
  process.env.FANFOLD_PORT = String(stack.base);
  const cloud = await cloudOf({ stage: 'local' });
  const events = (await indexOf(cloud, { from: startedAt, to: new Date().toISOString() })).filter(
    ({ merchantId }) => merchantId !== operatorMerchantId,
  );
  const recorded: (string | null)[] = [];
  for await (const part of textsOf(cloud, events)) recorded.push(...part.map(({ text }) => text));
  return recorded;
}

/** All that the services know, but what operators ordered. */
async function state() {
  const tables = await Tables.of(stack.base);
  const names = ['payments', 'payments-sandbox', 'billing'];
  const all = (await Promise.all(names.map((name) => tables.itemsOf(name)))).flat();
  // At night a clock closes days, whatever is replayed meanwhile.
  const items = all.filter((item) => !item.pk?.S?.startsWith('closed#'));
  return { items: new Map(items.map((item) => [item.pk?.S, item])), recorded: await texts() };
}
