import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type Kms, keyKind, startKms } from '@fanfold/local-cloud/kms';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmulatorClient } from './emulatorClient.ts';
import { type Fault, fateOf } from './faults.ts';
import { type Invocation, Network } from './network.ts';

/** A DynamoDB that notes what it was asked, in order. */
const asked: string[] = [];
const emulator = http.createServer(async (request, response) => {
  asked.push(JSON.parse(await text(request)).Item?.n.N);
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
});
let kms: Kms;
let network: Network;
let emulators: EmulatorClient;

beforeAll(async () => {
  kms = await startKms();
  emulator.listen(0, '127.0.0.1');
  await once(emulator, 'listening');
});
afterAll(async () => {
  emulator.close();
  await kms.stop();
});

/** What the network says was done. */
const done: string[] = [];

beforeEach(() => {
  asked.length = 0;
  const endpoint = `http://127.0.0.1:${(emulator.address() as AddressInfo).port}`;
  done.length = 0;
  emulators = new EmulatorClient({ aws: endpoint, dynamodb: endpoint, kms: kms.endpoint });
  network = new Network(
    emulators,
    () => Date.parse('2026-11-20T10:00:00Z'),
    ({ operation }, { status }) => done.push(`${operation} ${status}`),
  );
});
afterEach(() => {
  network.hangUp();
  emulators.close();
});

const alive = (repeat = async () => {}) => ({
  functionName: 'payments.createPayment',
  isAlive: () => true,
  kill: vi.fn<() => void>(),
  repeat,
});

type Sent = { invocation?: Invocation; command?: string };

/** Sends one attempt of a command; resolves to the answer, or how there was none. */
async function send(
  target: string,
  body: object,
  { invocation = alive(), command = JSON.stringify(body) }: Sent = {},
): Promise<{ status: number | string; body: string }> {
  const sent = network.request(invocation, {
    method: 'POST',
    headers: { 'x-amz-target': target, 'amz-sdk-invocation-id': command },
  });
  sent.end(JSON.stringify(body));
  try {
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return { status: response.statusCode as number, body: await text(response) };
  } catch (error) {
    return { status: (error as NodeJS.ErrnoException).code ?? (error as Error).message, body: '' };
  }
}

/** Puts an item with a number; resolves to the answer's status, or how there was none. */
async function put(
  n: number,
  invocation: Invocation = alive(),
  command = String(n),
): Promise<number | string> {
  const body = { TableName: 'fanfold-local-payments', Item: { n: { N: String(n) } } };
  return (await send('DynamoDB_20120810.PutItem', body, { invocation, command })).status;
}

const breaks = (kind: Fault['kind'], reach: Fault['reach'] = 'once', nth = 0) =>
  network.begin(fateOf([{ site: 'payments.createPayment PutItem payments', nth, kind, reach }]));

describe('a call that is', () => {
  it.each([
    ['refused', 'ECONNRESET', []],
    ['answer-lost', 'ECONNRESET', ['1']],
    ['answered-500', 500, ['1']],
    ['throttled', 400, []],
    ['denied', 400, []],
    ['conflict', 400, []],
    ['duplicated', 200, ['1', '1']],
  ] as const)('%s has this answer and this effect: %s, %j', async (kind, answer, effects) => {
    breaks(kind);
    expect(await put(1)).toBe(answer);
    expect(asked).toEqual(effects);
    expect(done).toEqual(effects.map(() => 'PutItem 200'));
    expect(network.trace).toEqual([`payments.createPayment PutItem payments ${kind}`]);
  });

  it.each([
    ['killed-before', []],
    ['killed-after', ['1']],
  ] as const)('%s ends the process, with this effect: %j', async (kind, effects) => {
    breaks(kind);
    const invocation = alive();
    await put(1, invocation);
    expect(invocation.kill).toHaveBeenCalledOnce();
    expect(asked).toEqual(effects);
  });

  it('late is done after the next write to the table, and nobody waits for it', async () => {
    breaks('late');
    const late = put(1);
    await vi.waitFor(() => expect(network.trace).toHaveLength(1), 10_000);
    expect(network.isQuiet()).toBe(true);
    expect(await put(2)).toBe(200);
    await vi.waitFor(() => expect(asked).toEqual(['2', '1']), 10_000);
    network.hangUp();
    await late;
  });

  it('late is done in the end when nothing follows', async () => {
    breaks('late');
    const late = put(1);
    await vi.waitFor(() => expect(network.trace).toHaveLength(1), 10_000);
    expect(asked).toEqual([]);
    await network.heal();
    expect(asked).toEqual(['1']);
    network.hangUp();
    await late;
  });

  it('stalled is done at once, and nobody waits for it', async () => {
    breaks('stalled');
    const stalled = put(1);
    await vi.waitFor(() => expect(asked).toEqual(['1']), 10_000);
    await vi.waitFor(() => expect(network.isQuiet()).toBe(true), 10_000);
    network.hangUp();
    await stalled;
  });

  it('race-lost goes on when the other has ended', async () => {
    breaks('race-lost');
    const other = async () => {
      await put(2);
    };
    expect(await put(1, alive(other))).toBe(200);
    expect(asked).toEqual(['2', '1']);
  });
});

it('an answer in part is longer than what was answered, and heard to its end', async () => {
  const site = 'payments.createPayment BatchGetItem payments';
  network.begin(fateOf([{ site, nth: 0, kind: 'partial', reach: 'once' }]));
  const RequestItems = { 'fanfold-local-payments': { Keys: [{ pk: { S: 'a' } }, { pk: { S: 'b' } }] } };
  const { body } = await send('DynamoDB_20120810.BatchGetItem', { RequestItems });
  expect(JSON.parse(body)).toEqual({
    UnprocessedKeys: { 'fanfold-local-payments': { Keys: [{ pk: { S: 'b' } }] } },
  });
});

it('an answer has the time that functions have: of two clocks that differ the SDK makes repetitions', async () => {
  network.begin(fateOf([]));
  const sent = network.request(alive(), {
    method: 'POST',
    headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem' },
  });
  sent.end(JSON.stringify({ TableName: 'fanfold-local-payments', Item: { n: { N: '1' } } }));
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  expect(response.headers.date).toBe('Fri, 20 Nov 2026 10:00:00 GMT');
});

describe('a fault', () => {
  it('that strikes once leaves the next attempt alone', async () => {
    breaks('refused');
    expect([await put(1, alive(), 'c'), await put(1, alive(), 'c'), await put(2)]).toEqual([
      'ECONNRESET',
      200,
      200,
    ]);
  });

  it('of a command strikes all its attempts, and no other command', async () => {
    breaks('refused', 'command', 1);
    const answers = [await put(1), await put(2, alive(), 'c'), await put(2, alive(), 'c'), await put(3)];
    expect(answers).toEqual([200, 'ECONNRESET', 'ECONNRESET', 200]);
    expect(network.struck).toHaveLength(1);
  });

  it('that is long strikes three commands', async () => {
    breaks('throttled', 'long');
    expect([await put(1), await put(2), await put(3), await put(4)]).toEqual([400, 400, 400, 200]);
  });

  it('is over when all is healed', async () => {
    breaks('refused', 'long');
    await network.heal();
    expect(await put(1)).toBe(200);
  });
});

it('what is asked of KMS goes there, and can break as well', async () => {
  const create = () => send('TrentService.CreateKey', { ...keyKind, KeyId: 'fanfold-local-audit-log' });
  const site = 'payments.createPayment CreateKey audit-log';
  network.begin(fateOf([{ site, nth: 0, kind: 'throttled', reach: 'once' }]));
  expect(await create()).toMatchObject({ status: 400, body: expect.stringContaining('ThrottlingException') });
  expect(await create()).toMatchObject({ status: 200, body: expect.stringContaining(keyKind.KeySpec) });
});

it('a process that has ended sends nothing', async () => {
  network.begin(fateOf([]));
  expect(await put(1, { ...alive(), isAlive: () => false })).toBe('The process has ended');
  expect(asked).toEqual([]);
});

describe('a call to Stripe that is', () => {
  const site = 'payments.createPayment POST stripe/payment_intents';
  const broken = (kind: Fault['kind']) => network.begin(fateOf([{ site, nth: 0, kind, reach: 'once' }]));
  const prepare = (key: string, { signal = null }: { signal?: AbortSignal | null } = {}, by = alive()) =>
    network
      .fetch(by, 'http://127.0.0.1:4567/v1/payment_intents', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${emulators.stripe.key}`,
          'stripe-version': '2026-10-28.endive',
          'idempotency-key': key,
        },
        body: 'amount=12100&currency=eur',
        signal,
      })
      .then(
        ({ status }) => status,
        ({ message }: Error) => message,
      );
  const effects = () => emulators.stripe.intents.size;

  it.each([
    ['refused', 'fetch failed', 0],
    ['answer-lost', 'fetch failed', 1],
    ['answered-500', 500, 1],
    ['throttled', 429, 0],
    ['denied', 403, 0],
    ['conflict', 409, 0],
    ['duplicated', 200, 1],
  ] as const)('%s has this answer and this effect: %s, %i', async (kind, answer, effect) => {
    broken(kind);
    expect(await prepare('k')).toBe(answer);
    expect(effects()).toBe(effect);
  });

  it('answered with 500 is answered so again to the same key', async () => {
    broken('answered-500');
    expect([await prepare('k'), await prepare('k'), await prepare('other')]).toEqual([500, 500, 200]);
  });

  it('late is waited for as long as its caller likes, and done after the next call that changes anything there', async () => {
    broken('late');
    const given = new AbortController();
    const late = prepare('k', { signal: given.signal });
    await vi.waitFor(() => expect(network.isQuiet()).toBe(true), 10_000);
    given.abort(new Error('no answer in time'));
    expect(await late).toBe('no answer in time');
    expect(effects()).toBe(0);
    expect(await prepare('other')).toBe(200);
    await vi.waitFor(() => expect(effects()).toBe(2), 10_000);
  });

  it('of a process that has ended is not sent', async () => {
    network.begin(fateOf([]));
    expect(await prepare('k', {}, { ...alive(), isAlive: () => false })).toBe('fetch failed');
    expect(effects()).toBe(0);
  });
});
