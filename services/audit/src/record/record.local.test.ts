import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { provideTables } from '../provisionFixtures.ts';
import type { Received, Recorded } from './received.ts';
import { receivedOf } from './receivedFixtures.ts';

/** A function's instance: what it knows of the head, and its connection, are its own. */
type Instance = { record: (entries: Received[]) => Promise<Map<Received, unknown>> };
const startInstance = async (): Promise<Instance> => {
  vi.resetModules();
  return import('./record.ts');
};

let emulators: Emulators;
let instances: Instance[];
let find: typeof import('../store/queries.ts').find;

beforeAll(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideTables(emulators.endpoints);
  instances = [await startInstance(), await startInstance()];
  ({ find } = await import('../store/queries.ts'));
});

afterAll(() => emulators?.stop());

const instance = (n: number) => instances[n] as Instance;

/** What a merchant's events are recorded as, in the order of the log. */
async function logOf(merchantId: string): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  for (let hasMore = true; hasMore; ) {
    const page = await find(merchantId, { limit: 100, startingAfter: recorded.at(-1)?.id }, () => false);
    recorded.push(...page.items);
    ({ hasMore } = page);
  }
  return recorded;
}

const idsOf = (entries: Received[]) => entries.map(({ event }) => event.id);

it('records events in the order in which they come, with their text as it is', async () => {
  const entries = [receivedOf('pay_b', 2), receivedOf('pay_a', 1), receivedOf('pay_b', 1)].map(
    ({ event, text }) => {
      const changed = { ...event, merchantid: 'order' };
      return { event: changed, text: text.replace('"acme"', '"order", "not known here": 1.50') };
    },
  );
  expect(await instance(0).record(entries)).toEqual(new Map());
  const log = await logOf('order');
  expect(log.map(({ text }) => text)).toEqual(entries.map(({ text }) => text));
  const first = log[0]?.position ?? 0;
  expect(log.map(({ position }) => position)).toEqual([first, first + 1, first + 2]);
});

it('records each event once, however often, in whichever order and to how many instances at once it comes', async () => {
  let runs = 0;
  const deliveries = fc.array(
    fc.record({
      to: fc.nat(1),
      events: fc.uniqueArray(fc.record({ subject: fc.nat(3), n: fc.integer({ min: 1, max: 4 }) }), {
        selector: ({ subject, n }) => `${subject}:${n}`,
        minLength: 1,
        maxLength: 10,
      }),
    }),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(deliveries, async (batches) => {
      const merchantid = `once-${runs++}`;
      const delivered = batches.map(({ to, events }) => ({
        to,
        entries: events.map(({ subject, n }) => receivedOf(`pay_${subject}`, n, { merchantid })),
      }));
      const outcomes = await Promise.all(delivered.map(({ to, entries }) => instance(to).record(entries)));
      expect(outcomes).toEqual(outcomes.map(() => new Map()));

      const log = await logOf(merchantid);
      const expected = new Set(delivered.flatMap(({ entries }) => idsOf(entries)));
      expect(log.map(({ id }) => id).sort()).toEqual([...expected].sort());
      const first = log[0]?.position ?? 0;
      expect(log.map(({ position }) => position)).toEqual(log.map((_, i) => first + i));
    }),
    { numRuns: 15 },
  );
});

it('a batch keeps its order, also when some of its events were there already', async () => {
  const entries = [1, 2, 3, 4, 5].map((n) => receivedOf('pay_1', n, { merchantid: 'rest' }));
  await instance(0).record(entries.filter(({ event }) => Number(event.sequence) % 2 === 0));
  await instance(1).record(entries.toReversed());
  expect((await logOf('rest')).map(({ id }) => id)).toEqual([
    'pay_1:2',
    'pay_1:4',
    'pay_1:5',
    'pay_1:3',
    'pay_1:1',
  ]);
});

it('another content under the id of an event is refused, and what was recorded stays', async () => {
  const original = receivedOf('pay_1', 1, { merchantid: 'contradicted' });
  const other = receivedOf('pay_1', 1, { merchantid: 'contradicted', data: { amount: 999 } });
  const next = receivedOf('pay_1', 2, { merchantid: 'contradicted' });
  await instance(0).record([original]);
  const failures = await instance(1).record([other, next]);
  expect([...failures.entries()]).toMatchObject([
    [other, { name: 'Unprocessable', reason: 'contradiction' }],
  ]);
  expect((await logOf('contradicted')).map(({ text }) => text)).toEqual([original.text, next.text]);
});

it('the same id of another merchant is another event', async () => {
  const entries = ['left', 'right'].map((merchantid) => receivedOf('pay_1', 1, { merchantid }));
  for (const entry of entries) expect(await instance(0).record([entry])).toEqual(new Map());
  expect(await logOf('left')).toHaveLength(1);
  expect(await logOf('right')).toHaveLength(1);
});

it('an append whose answer is lost once is repeated by the SDK and takes effect once', async () => {
  const proxy = await startLossyProxy(emulators.endpoints.dynamodb, 1);
  const { record } = await startInstanceAt(proxy.url);
  const entries = [
    receivedOf('pay_1', 1, { merchantid: 'lost-once' }),
    receivedOf('pay_1', 2, { merchantid: 'lost-once' }),
  ];
  expect(await record(entries)).toEqual(new Map());
  expect(proxy.tokens).toHaveLength(2);
  expect(new Set(proxy.tokens).size).toBe(1);
  expect((await logOf('lost-once')).map(({ id }) => id)).toEqual(idsOf(entries));
  proxy.stop();
});

it('an append whose answer is lost for good fails, and is found done when its events come again', async () => {
  const proxy = await startLossyProxy(emulators.endpoints.dynamodb, 3);
  const { record } = await startInstanceAt(proxy.url);
  const entries = [
    receivedOf('pay_1', 1, { merchantid: 'lost' }),
    receivedOf('pay_1', 2, { merchantid: 'lost' }),
  ];
  expect([...(await record(entries)).keys()]).toEqual(entries);
  expect((await logOf('lost')).map(({ id }) => id)).toEqual(idsOf(entries));
  const another = receivedOf('pay_2', 1, { merchantid: 'lost' });
  expect(await record([...entries, another])).toEqual(new Map());
  expect((await logOf('lost')).map(({ id }) => id)).toEqual(idsOf([...entries, another]));
  proxy.stop();
});

/** An instance whose way to DynamoDB is another one. */
async function startInstanceAt(endpoint: string): Promise<Instance> {
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', endpoint);
  const started = await startInstance();
  // The client reads its endpoint at its first request.
  await (await import('../store/events.ts')).load('nobody', 'nothing:1');
  vi.unstubAllEnvs();
  return started;
}

/** A way to DynamoDB on which the answers to the first transactions are lost, after these have taken effect. */
async function startLossyProxy(target: string, losses: number) {
  const tokens: string[] = [];
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const answer = await forward(target, incoming, body);
    const answerBody = await buffer(answer);
    if (/\.TransactWriteItems$/.test(String(incoming.headers['x-amz-target']))) {
      tokens.push(JSON.parse(String(body)).ClientRequestToken);
      if (tokens.length <= losses) return void outgoing.destroy();
    }
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(answerBody);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function forward(target: string, { method, url, headers }: IncomingMessage, body: Buffer) {
  const forwarded = request(`${target}${url}`, { method, headers, agent: false });
  forwarded.end(body);
  const [answer] = await once(forwarded, 'response');
  return answer as IncomingMessage;
}
