import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import { paymentRefunded } from '@fanfold/contracts/payments';
import { described } from '@fanfold/description/answers';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { signToken } from '@fanfold/local-cloud/issuer';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { provision } from '@fanfold/local-cloud/provision';
import { type Stack, startStack } from '@fanfold/local-cloud/stack';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handler as consumer } from './functions/consumer.ts';
import { handler as eraseSubject } from './functions/eraseSubject.ts';
import { handler as exportEvents } from './functions/exportEvents.ts';
import * as checkpoint from './functions/getCheckpoint.ts';
import * as event from './functions/getEvent.ts';
import * as proof from './functions/getEventProof.ts';
import * as tile from './functions/getTile.ts';
import * as events from './functions/listEvents.ts';
import { handler as publishLog } from './functions/publishLog.ts';
import { handler as witness } from './functions/witness.ts';
import { provideLog } from './provisionFixtures.ts';
import { witness as cosign } from './publish/witness.ts';
import { mergeListings } from './store/mergedListings.ts';

const { getCheckpoint, getEvent, getEventProof, getTile, listEvents } = described('audit', {
  getCheckpoint: checkpoint.handler,
  getEvent: event.handler,
  getEventProof: proof.handler,
  getTile: tile.handler,
  listEvents: events.handler,
});

let stack: Stack;
let deadLetters: () => Promise<string[]>;

beforeAll(async () => {
  stack = await startStack(await freeBasePort());
  const { endpoints, issuer } = stack.description;
  useEndpoints(endpoints);
  const { EventsDeadLetterQueue } = await templateOf('audit');
  if (!EventsDeadLetterQueue) throw new Error('audit has no dead-letter queue');
  await provision({ EventsDeadLetterQueue }, endpoints);
  await provideLog(endpoints);
  const queue = String(EventsDeadLetterQueue.Properties.QueueName);
  Object.assign(process.env, {
    EVENTS_DEAD_LETTER_QUEUE_URL: `${endpoints.aws}/000000000000/${queue}`,
    TOKEN_ISSUER: issuer,
    TOKEN_AUDIENCE: 'fanfold',
  });
  deadLetters = async () => {
    const { messages } = (await (await fetch(`${endpoints.aws}/_fauxqs/queues/${queue}`)).json()) as {
      messages: { ready: { body: string; messageAttributes: Record<string, { StringValue: string }> }[] };
    };
    return messages.ready.map(
      ({ body, messageAttributes }) => `${messageAttributes['quarantine-reason']?.StringValue} ${body}`,
    );
  };
});
afterAll(() => stack?.stop());

const contextWith = (remainingTimeMs: number) =>
  ({ getRemainingTimeInMillis: () => remainingTimeMs }) as never;

/** The n-th refund of a payment. */
const refund = (merchantid: string, paymentId: string, n: number): Event =>
  makeEvent(paymentRefunded, {
    subject: paymentId,
    n,
    time: `2026-11-23T10:00:0${n}.000Z`,
    merchantid,
    trace: {
      correlationid: `req_${n}`,
      causationid: `req_${n}`,
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    },
    data: {
      paymentId,
      orderId: 'order-1',
      amount: 900,
      currency: 'EUR',
      amountCaptured: 900,
      amountRefunded: n * 100,
      refund: { id: `re_${n}`, amount: 100, reason: null },
    },
  });

/** Delivers messages in one batch, and says which of them come again. */
async function deliver(...messages: (Event | string)[]): Promise<number[]> {
  const Records = messages.map((message, i) => ({
    messageId: String(i),
    body: typeof message === 'string' ? message : JSON.stringify(message),
    attributes: { ApproximateReceiveCount: '1' },
    messageAttributes: {},
  }));
  const answer = await consumer({ Records } as never, contextWith(30_000));
  return answer.batchItemFailures.map(({ itemIdentifier }) => Number(itemIdentifier));
}

type Asked = {
  merchantId?: string;
  scopes?: string[];
  path?: object;
  query?: Record<string, string>;
  remainingTimeMs?: number;
};

async function ask(
  handler: typeof getEvent,
  { merchantId = 'acme', scopes = ['audit:read'], path, query, remainingTimeMs = 15_000 }: Asked,
) {
  const token = await signToken({
    issuer: stack.description.issuer,
    subject: 'auditor',
    merchantId,
    scopes,
    expiresInSeconds: 60,
  });
  const request = {
    headers: { authorization: `Bearer ${token}` },
    requestContext: { http: { method: 'GET', path: '/events' } },
    pathParameters: path,
    queryStringParameters: query,
  };
  const { statusCode, body = '' } = await handler(request as never, contextWith(remainingTimeMs));
  return { status: statusCode, body: JSON.parse(body) };
}

const idsOf = ({ body }: { body: { data: { id: string }[] } }) => body.data.map(({ id }) => id);

/** An answer that is a file, as its reader gets it. */
async function download(handler: typeof getTile, path: Record<string, string>, merchantId?: string) {
  const token = await signToken({
    issuer: stack.description.issuer,
    subject: 'auditor',
    merchantId: merchantId ?? 'acme',
    scopes: ['audit:read'],
    expiresInSeconds: 60,
  });
  const request = {
    headers: merchantId ? { authorization: `Bearer ${token}` } : {},
    requestContext: { http: { method: 'GET', path: '/' } },
    pathParameters: path,
  };
  const {
    statusCode,
    headers = {},
    body = '',
    isBase64Encoded,
  } = await handler(request as never, contextWith(15_000));
  return { status: statusCode, headers, bytes: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8') };
}

// Before anything else is recorded here: the log begins with nothing.
describe('the log', () => {
  const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => 30_000 } as never;
  const publish = (occasion: 'clock' | 'size') =>
    publishLog(occasion === 'size' ? { Records: [] } : {}, context);

  it('has no checkpoint and no tile before anything was recorded', async () => {
    await publish('clock');
    expect((await download(getCheckpoint, {})).status).toBe(404);
    expect((await download(getTile, { path: '0/000.p/1' })).status).toBe(404);
  });

  it('proves an event when a checkpoint covers it, and says until then that it has to be waited for', async () => {
    await deliver(refund('acme', 'pay_proven', 1));
    const path = { id: 'pay_proven:1' };
    const pending = await download(getEventProof, path, 'acme');
    expect(pending).toMatchObject({ status: 409, headers: { 'Retry-After': '10' } });
    expect(JSON.parse(pending.bytes.toString())).toMatchObject({ code: 'proof_pending' });
    await publish('size');
    expect((await download(getEventProof, path, 'acme')).status).toBe(409);
    await publish('clock');
    const proof = await download(getEventProof, path, 'acme');
    expect(proof).toMatchObject({
      status: 200,
      headers: {
        'Content-Type': 'text/plain; charset=utf-8',
        'Cache-Control': 'no-store',
        'Content-Disposition': 'attachment; filename="pay_proven-1.tlog-proof"',
      },
    });
    expect(proof.bytes.toString()).toMatch(/^c2sp\.org\/tlog-proof@v1\nextra /);
  });

  it('shows its checkpoint to anybody, cosigned when the witness has seen it', async () => {
    const signed = await download(getCheckpoint, {});
    expect(signed).toMatchObject({
      status: 200,
      headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'public, max-age=5' },
    });
    expect(signed.bytes.toString().match(/^— /gm)).toHaveLength(1);
    await witness({} as never, context);
    const cosigned = (await download(getCheckpoint, {})).bytes.toString();
    expect(cosigned.startsWith(signed.bytes.toString())).toBe(true);
    expect(cosigned.match(/^— /gm)).toHaveLength(2);
  });

  it('shows the tiles that there are to anybody, for ever, and nothing else', async () => {
    for (const [path, bytes] of [
      ['0/000.p/1', 32],
      ['entries/000.p/1', expect.any(Number)],
    ] as const) {
      const tile = await download(getTile, { path });
      expect(tile).toMatchObject({
        status: 200,
        headers: {
          'Content-Type': 'application/octet-stream',
          'Cache-Control': 'public, max-age=31536000, immutable',
        },
      });
      expect(tile.bytes.length).toEqual(bytes);
      expect(tile.bytes.toString()).not.toMatch(/acme|pay_proven|order-1/);
    }
    for (const path of [
      '0/000',
      '0/000.p/2',
      '0/0',
      '00/000.p/1',
      '../checkpoint',
      'checkpoint',
      '64/000',
      '',
    ]) {
      expect((await download(getTile, { path })).status, path).toBe(404);
    }
  });

  it('has to be waited for again after the witness has signed, and is proven by the log alone until it signs more', async () => {
    await deliver(refund('acme', 'pay_fresh', 1));
    const path = { id: 'pay_fresh:1' };
    const pending = await download(getEventProof, path, 'acme');
    expect(pending).toMatchObject({ status: 409, headers: { 'Retry-After': '10' } });
    expect(JSON.parse(pending.bytes.toString())).toMatchObject({ code: 'proof_pending' });

    const signatures = async (id: string) => {
      const { status, bytes } = await download(getEventProof, { id }, 'acme');
      expect(status).toBe(200);
      return bytes.toString().match(/^— /gm)?.length;
    };
    await publish('clock');
    expect(await signatures('pay_fresh:1')).toBe(1);
    expect(await signatures('pay_proven:1')).toBe(2);
    await cosign(new Date());
    expect(await signatures('pay_fresh:1')).toBe(2);
  });

  it('proves nothing to another merchant, as if it were not there', async () => {
    const answers = await Promise.all([
      download(getEventProof, { id: 'pay_proven:1' }, 'stranger'),
      download(getEventProof, { id: 'pay_nothing:1' }, 'acme'),
      download(getEventProof, { id: 'no id' }, 'acme'),
    ]);
    const shown = answers.map(({ status, bytes }) => {
      const { detail, code } = JSON.parse(bytes.toString());
      return { status, detail, code };
    });
    expect(shown[0]).toMatchObject({ status: 404, code: 'not_found' });
    expect(shown).toEqual(shown.map(() => shown[0]));
  });

  it('erases by order alone, and refuses what is no order', async () => {
    const order = { merchantId: 'acme', subject: 'pay_proven', reason: null, operationId: 'op_1' };
    await expect(eraseSubject({ ...order, subject: '' }, context)).rejects.toThrow();
    await expect(eraseSubject({ subject: 'pay_proven' }, context)).rejects.toThrow();
    // Before it is ordered, it can be asked what there is to be erased, which changes nothing.
    const asked = { merchantId: 'acme', subject: 'pay_proven', dryRun: true };
    const found = { readable: ['pay_proven'], erasures: [] };
    for (const _ of [1, 2]) expect(await eraseSubject(asked, context)).toEqual(found);
    const nothing = { readable: [], erasures: [] };
    expect(await eraseSubject({ ...asked, subject: 'pay_nobody' }, context)).toEqual(nothing);
    expect(await eraseSubject({ ...asked, merchantId: 'stranger' }, context)).toEqual(nothing);
    expect(await eraseSubject(order, context)).toMatchObject([{ dataSubject: 'pay_proven' }]);
    expect(await eraseSubject(asked, context)).toMatchObject({
      readable: [],
      erasures: [{ dataSubject: 'pay_proven', operationId: 'op_1' }],
    });
    const shown = await ask(getEvent, { path: { id: 'pay_proven:1' } });
    expect(shown.body).toMatchObject({ id: 'pay_proven:1', erased: true, data: null });
  });
});

describe('what is delivered', () => {
  it('is recorded once, and shown as it was published, fields unknown here included', async () => {
    const sent = { ...refund('acme', 'pay_whole', 1), severity: 'high', unknown: { of: [1.5, 'x'] } };
    expect(await deliver(sent, sent)).toEqual([]);
    expect(await deliver(sent)).toEqual([]);
    const shown = await ask(getEvent, { path: { id: 'pay_whole:1' } });
    expect(shown).toEqual({
      status: 200,
      body: {
        ...sent,
        object: 'event',
        position: expect.any(Number),
        recordedat: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
    });
    expect(await ask(listEvents, { query: { subject: 'pay_whole' } })).toEqual({
      status: 200,
      body: { object: 'list', data: [shown.body], hasMore: false },
    });
  });

  it('with another content under the same id comes again, and is quarantined when it is known to contradict', async () => {
    const sent = refund('acme', 'pay_contradiction', 1);
    const contradiction = { ...sent, time: '2026-11-23T11:00:00.000Z' };
    expect(await deliver(sent, contradiction)).toEqual([1]);
    expect(await deliver(contradiction, refund('acme', 'pay_contradiction', 2))).toEqual([]);
    expect(await deadLetters()).toContain(`contradiction ${JSON.stringify(contradiction)}`);
    const listed = await ask(listEvents, { query: { subject: 'pay_contradiction' } });
    expect(idsOf(listed)).toEqual(['pay_contradiction:1', 'pay_contradiction:2']);
    expect(listed.body.data[0].time).toBe(sent.time);
  });

  it('and can never be recorded is quarantined with its reason, and what came with it is recorded', async () => {
    const poison = {
      'not-json': 'no JSON',
      'not-cloudevents': '{}',
      'unknown-type': JSON.stringify({ ...refund('acme', 'pay_poison', 2), type: 'payment.refunded.v9' }),
      'schema-violation': JSON.stringify({ ...refund('acme', 'pay_poison', 2), subject: 'pay_other' }),
      'too-deep': JSON.stringify(refund('acme', 'pay_poison', 2)).replace(
        '{',
        `{"deep":${'['.repeat(9000)}${']'.repeat(9000)},`,
      ),
    };
    expect(await deliver(...Object.values(poison), refund('acme', 'pay_poison', 1))).toEqual([]);
    expect(await deadLetters()).toEqual(
      expect.arrayContaining(Object.entries(poison).map(([reason, body]) => `${reason} ${body}`)),
    );
    expect(idsOf(await ask(listEvents, { query: { subject: 'pay_poison' } }))).toEqual(['pay_poison:1']);
  });

  it('is kept for its merchant alone', async () => {
    await deliver(refund('left', 'pay_left', 1), refund('right', 'pay_right', 1));
    expect(idsOf(await ask(listEvents, { merchantId: 'left' }))).toEqual(['pay_left:1']);
    const foreign = await ask(getEvent, { merchantId: 'left', path: { id: 'pay_right:1' } });
    const missing = await ask(getEvent, { merchantId: 'left', path: { id: 'pay_right:2' } });
    expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect({ ...foreign.body, requestId: '', instance: '' }).toEqual({
      ...missing.body,
      requestId: '',
      instance: '',
    });
  });
});

describe('a list', () => {
  beforeAll(async () => {
    await deliver(...[2, 1, 4, 3, 5].map((n) => refund('lists', 'pay_lists', n)));
  });
  const list = (query: Record<string, string> = {}) => ask(listEvents, { merchantId: 'lists', query });

  it('stands in the order of arrival, and goes on where the page before ended', async () => {
    const first = await list({ limit: '2' });
    expect(idsOf(first)).toEqual(['pay_lists:2', 'pay_lists:1']);
    expect(first.body.hasMore).toBe(true);
    const rest = await list({ startingAfter: 'pay_lists:1' });
    expect(idsOf(rest)).toEqual(['pay_lists:4', 'pay_lists:3', 'pay_lists:5']);
    expect(rest.body.hasMore).toBe(false);
  });

  it.each([
    [{ correlationId: 'req_3' }, ['pay_lists:3']],
    [
      { type: 'payment.refunded.v1', from: '2026-11-23T10:00:03Z', to: '2026-11-23T10:00:05Z' },
      ['pay_lists:4', 'pay_lists:3'],
    ],
    [{ subject: 'pay_lists', correlationId: 'req_3', type: 'payment.captured.v1' }, []],
    [{ from: '2026-11-23T10:00:03Z', to: '2026-11-23T10:00:03Z' }, []],
  ])('by %o gives %o', async (query, ids) => {
    expect(idsOf(await list(query as Record<string, string>))).toEqual(ids);
  });

  it('starts after what is in it only', async () => {
    for (const startingAfter of ['pay_unknown:1', 'pay_unknown']) {
      expect(await list({ startingAfter })).toMatchObject({
        status: 404,
        body: { code: 'not_found', errors: [{ pointer: '#/startingAfter' }] },
      });
    }
  });

  it.each([
    [{ from: 'yesterday' }, '#/from'],
    [{ from: '2026-11-23T10:00:01Z', to: '2026-11-23T10:00:00Z' }, '#/to'],
    [{ correlationid: 'req_1' }, '#/correlationid'],
  ])('by %o is refused at %s', async (query, pointer) => {
    expect(await list(query as Record<string, string>)).toMatchObject({
      status: 422,
      body: { errors: [{ pointer }] },
    });
  });
});

it('a query that finds nothing among more events than there is time for says how to ask for less', async () => {
  await deliver(...Array.from({ length: 1600 }, (_, i) => refund('many', `pay_${i}`, 1)));
  // At least half of them are merged then, in more pieces than are read at once.
  await mergeListings(Number.MAX_SAFE_INTEGER);
  const query = { type: 'payment.failed.v1', limit: '1' };
  expect(await ask(listEvents, { merchantId: 'many', query, remainingTimeMs: 4000 })).toMatchObject({
    status: 422,
    body: { code: 'query_too_broad' },
  });
  expect(await ask(listEvents, { merchantId: 'many', query })).toMatchObject({
    status: 200,
    body: { data: [] },
  });
});

describe('an export', () => {
  const exported = (request: object): Promise<unknown> => exportEvents(request, contextWith(30_000));
  const day = { read: 'index', from: '2026-11-23T10:00:00Z', to: '2026-11-23T10:00:03Z' };
  beforeAll(async () => {
    await deliver(refund('east', 'pay_both', 2), refund('west', 'pay_both', 1));
    await deliver(refund('east', 'pay_both', 1), refund('east', 'pay_east', 3));
  });

  it.each([
    [{ merchantId: 'east' }, ['east pay_both:2', 'east pay_both:1']],
    [
      { merchantId: 'east', subject: 'pay_both', type: 'payment.refunded.v1' },
      ['east pay_both:2', 'east pay_both:1'],
    ],
    [{ merchantId: 'east', type: 'payment.captured.v1' }, []],
    [{ subject: 'pay_both' }, ['east pay_both:2', 'west pay_both:1', 'east pay_both:1']],
    [{ subject: 'pay_bot' }, []],
  ])('of the events in a range of time by %o has %j', async (filter, expected) => {
    const { events } = (await exported({ ...day, ...filter })) as { events: Record<string, never>[] };
    const inOrder = events.toSorted((a, b) => Number(a.position) - Number(b.position));
    expect(inOrder.map(({ merchantId, id }) => `${merchantId} ${id}`)).toEqual(expected);
  });

  it('gives the texts of what its index has, byte for byte, in the order of the log', async () => {
    const { events } = (await exported({ ...day, subject: 'pay_both' })) as { events: object[] };
    const texts = (await exported({ read: 'texts', events })) as { text: string; position: number }[];
    expect(texts.map(({ text }) => text)).toEqual(
      [refund('east', 'pay_both', 2), refund('west', 'pay_both', 1), refund('east', 'pay_both', 1)].map(
        (event) => JSON.stringify(event),
      ),
    );
  });

  it('shows an event, or a list of them, as the API does', async () => {
    const asked = { read: 'events', merchantId: 'east' };
    const listed = await exported({ ...asked, query: { subject: 'pay_both' } });
    expect(listed).toEqual(
      (await ask(listEvents, { merchantId: 'east', query: { subject: 'pay_both' } })).body,
    );
    expect(await exported({ ...asked, query: { correlationId: 'req_3', limit: '1' } })).toMatchObject({
      data: [{ id: 'pay_east:3' }],
      hasMore: false,
    });
    const one = await exported({ read: 'event', merchantId: 'east', id: 'pay_both:2' });
    expect(one).toEqual((await ask(getEvent, { merchantId: 'east', path: { id: 'pay_both:2' } })).body);
    expect(await exported({ read: 'event', merchantId: 'west', id: 'pay_both:2' })).toBeNull();
  });

  it.each([
    {},
    { read: 'events', merchantId: 'east', query: { order: 'order-1' } },
    { read: 'events', query: {} },
    { ...day, from: 'yesterday' },
    { ...day, merchant: 'east' },
    { read: 'texts', events: [] },
    { read: 'texts', events: [{ merchantId: 'east', id: 'no id', position: 0 }] },
  ])('that is asked for wrongly, %j, is refused', async (request) => {
    await expect(exported(request)).rejects.toThrow();
  });
});

describe('a log whose table was put back to an earlier time', () => {
  const { logged, measured } = captureOutput();
  const TableName = () => String(process.env.AUDIT_TABLE_NAME);
  const head = { pk: { S: 'head' }, sk: { S: 'head' } };

  it('is not signed and proves nothing that does not fit, which is one line of log and an alarm each time', async () => {
    await deliver(refund('acme', 'pay_before', 1));
    await publishLog({}, contextWith(30_000));
    expect(await exportEvents({ read: 'log' }, contextWith(30_000))).toEqual({
      misfits: [],
      lack: null,
      refusals: [],
    });
    const { Item } = await dynamodb.send(new GetItemCommand({ TableName: TableName(), Key: head }));
    await deliver(refund('acme', 'pay_forgotten', 1), refund('acme', 'pay_forgotten', 2));
    await publishLog({}, contextWith(30_000));
    const size = String(Item?.size?.N);
    const entries = { pk: { S: 'entries' }, sk: { S: size.padStart(16, '0') } };
    await dynamodb.send(new DeleteItemCommand({ TableName: TableName(), Key: entries }));
    await dynamodb.send(new PutItemCommand({ TableName: TableName(), Item: Item ?? {} }));
    // It gets the position that the published log gave to pay_forgotten:1.
    await deliver(refund('acme', 'pay_after', 1));

    const shown = await exportEvents({ read: 'log' }, contextWith(30_000));
    const shorter = `The log has ${Number(size) + 1} entries, and ${Number(size) + 2} are published`;
    expect(shown).toEqual({ misfits: [shorter], lack: shorter, refusals: [] });
    const before = logged().length;
    expect(await publishLog({}, contextWith(30_000))).toEqual({ misfits: 1, counted: 0, twice: 0 });
    const proof = await ask(getEventProof, { path: { id: 'pay_after:1' } });
    expect(proof).toMatchObject({ status: 503, body: { code: 'proof_unavailable' } });
    expect(proof.body.detail).toContain('The operators of the log are alerted');

    const errors = logged()
      .slice(before)
      .filter(({ level }) => level === 'ERROR');
    const help = expect.stringMatching(/fanfold findings.*"The log does not fit" in docs\/audit-log.md/);
    const message = 'log does not fit';
    expect(errors.slice(0, 2)).toMatchObject([
      { message, detail: shorter, help },
      { message, detail: `The event at ${size} is not the one that the log has`, help },
    ]);
    expect(JSON.stringify(errors)).not.toContain('"stack');
    expect(measured().flatMap(({ LogMisfit = [] }) => LogMisfit)).toEqual([1, 1]);
  });
});

it('nobody reads the log without the scope for it', async () => {
  for (const handler of [getEvent, listEvents, getEventProof]) {
    expect(await ask(handler, { scopes: ['payments:read', 'invoices:read'] })).toMatchObject({
      status: 403,
      body: { code: 'insufficient_scope' },
    });
  }
});
