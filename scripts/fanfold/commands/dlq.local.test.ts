import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { provision } from '@fanfold/local-cloud/provision';
import { register, type Stack, startStack } from '@fanfold/local-cloud/stack';
import { chunksOf } from '@fanfold/runtime/batch';
import { textAttributes } from '@fanfold/runtime/messageAttributes';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Ended, fanfold as runHere } from '../commandFixtures.ts';

/**
 * `fanfold dlq` against emulators. Each test has a service of its own, of which there are only the queues that it
 * needs: the tool knows services by what it finds.
 */
let stack: Stack;
let base: number;
let sqs: SQSClient;
let s3: S3Client;
const trail = 'trail';

beforeAll(async () => {
  base = await freeBasePort();
  stack = await startStack(base);
  const { endpoints } = stack.description;
  sqs = new SQSClient({ ...clientConfiguration(endpoints.aws), useQueueUrlAsEndpoint: false });
  s3 = new S3Client({ ...clientConfiguration(endpoints.aws), forcePathStyle: true });
  const topic = { Type: 'AWS::SNS::Topic', Properties: { TopicName: 'fanfold-local-events' } };
  const queue = { Type: 'AWS::SQS::Queue', Properties: { QueueName: trail } };
  await provision({ topic, queue }, endpoints);
  const TopicArn = 'arn:aws:sns:eu-west-1:000000000000:fanfold-local-events';
  const Endpoint = `arn:aws:sqs:eu-west-1:000000000000:${trail}`;
  const Properties = { TopicArn, Protocol: 'sqs', Endpoint, RawMessageDelivery: true };
  await provision({ subscription: { Type: 'AWS::SNS::Subscription', Properties } }, endpoints);
});
afterAll(() => stack?.stop());

/** In a process of its own, which signals can reach. */
function start(...args: string[]): { process: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['scripts/fanfold.ts', ...args], {
    cwd: new URL('../../..', import.meta.url),
    env: { ...process.env, FANFOLD_PORT: String(base), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code]]) => ({ code: Number(code), stdout, stderr }),
  );
  return { process: child, ended };
}
const fanfold = (...args: string[]): Promise<Ended> => runHere(args, base);
const shown = async (...args: string[]) => JSON.parse((await fanfold('dlq', ...args, '--json')).stdout);

const urlOf = (name: string) => `${stack.description.endpoints.aws}/000000000000/${name}`;
const placesOf = (service: string) => ({
  source: `fanfold-local-${service}-events`,
  dead: `fanfold-local-${service}-events-dead-letters`,
  undelivered: `fanfold-local-${service}-subscription-dead-letters`,
  given: `fanfold-local-eu-west-1-${service}-stream-000000000000`,
});
const create = (...names: string[]) =>
  Promise.all(names.map((QueueName) => sqs.send(new CreateQueueCommand({ QueueName }))));

const event = (id: string, merchantid = 'acme') =>
  JSON.stringify({
    specversion: '1.0',
    id,
    type: 'payment.captured.v1',
    subject: id.split(':')[0],
    merchantid,
    data: { customer: { name: 'Ada Example' } },
  });
const reason = { 'quarantine-reason': 'unknown-payment', 'quarantine-detail': 'no such payment' };

async function send(queue: string, bodies: string[], attributes: Record<string, string> = {}): Promise<void> {
  for (const chunk of chunksOf(bodies, () => 0)) {
    const Entries = chunk.map((MessageBody, i) => ({
      Id: String(i),
      MessageBody,
      MessageAttributes: textAttributes(attributes),
    }));
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: urlOf(queue), Entries }));
  }
}

type Lying = {
  messageId: string;
  body: string;
  messageAttributes: Record<string, { StringValue: string } | undefined>;
};

/** What lies in a queue and can be received at once. */
async function lyingIn(queue: string): Promise<Lying[]> {
  const response = await fetch(`${stack.description.endpoints.aws}/_fauxqs/queues/${queue}`);
  return ((await response.json()) as { messages: { ready: Lying[] } }).messages.ready;
}
const idsIn = async (queue: string) => (await lyingIn(queue)).map(({ body }) => JSON.parse(body).id).sort();
const attributesOf = ({ messageAttributes }: Lying) =>
  Object.fromEntries(Object.entries(messageAttributes).map(([name, value]) => [name, value?.StringValue]));

/** What the audit trail would hear about an operation. */
const ordered = async (operationId: string) =>
  (await lyingIn(trail)).map(({ body }) => JSON.parse(body)).filter(({ subject }) => subject === operationId);

const failure = (condition: string) =>
  JSON.stringify({
    requestContext: { condition, approximateInvokeCount: 101 },
    timestamp: '2026-11-23T10:00:00.000Z',
    payload: { Records: [{ dynamodb: { SequenceNumber: '1' } }, { dynamodb: { SequenceNumber: '2' } }] },
  });

it('list tells what lies where and why, of every service that has a place for it, and changes nothing', async () => {
  const { dead, undelivered, given } = placesOf('list');
  await create(dead, undelivered);
  await s3.send(new CreateBucketCommand({ Bucket: given }));
  await send(dead, [event('pay_1:1'), event('pay_2:1'), 'no JSON'], reason);
  await send(dead, [event('pay_3:1')]);
  await send(undelivered, [event('pay_4:1')]);
  const object = { Bucket: given, Key: 'aws/lambda/mapping/shard/2026/11/23/one' };
  await s3.send(new PutObjectCommand({ ...object, Body: failure('RetryAttemptsExhausted') }));

  const { groups } = await shown('list');
  const ofService = groups.filter(({ queue }: { queue: string }) => queue.includes('-list-'));
  const age = expect.stringMatching(/^\d{4}-.*Z$/);
  expect(ofService).toHaveLength(4);
  expect(ofService).toEqual(
    expect.arrayContaining([
      {
        queue: dead,
        cause: 'unknown-payment',
        isAside: false,
        count: 3,
        oldest: age,
        types: { 'payment.captured.v1': 2 },
        examples: [expect.any(String), expect.any(String), expect.any(String)],
      },
      expect.objectContaining({ queue: dead, cause: 'received too often', count: 1 }),
      expect.objectContaining({ queue: undelivered, cause: 'not delivered', count: 1 }),
      {
        queue: given,
        cause: 'RetryAttemptsExhausted',
        isAside: false,
        count: 1,
        oldest: '2026-11-23T10:00:00.000Z',
        types: {},
        examples: ['one'],
      },
    ]),
  );
  const { code, stdout, stderr } = await fanfold('dlq', 'list');
  expect([code, stderr]).toEqual([1, 'looking at dead letters\n']);
  expect(stdout).toMatch(
    new RegExp(`^ +3 +\\d+ s +${dead} +unknown-payment +payment\\.captured\\.v1 2 `, 'm'),
  );
  expect(await lyingIn(dead)).toHaveLength(4);
});

it('show tells of a message, or of a group, all but what its body says, and that if it is asked for', async () => {
  const { dead } = placesOf('show');
  await create(dead);
  await send(dead, [event('pay_1:1'), event('pay_2:1', 'globex')], reason);
  const [{ messageId = '' } = {}] = await lyingIn(dead);
  const { code, stdout } = await fanfold('dlq', 'show', messageId);
  expect(code).toBe(0);
  for (const text of [messageId, dead, 'unknown-payment: no such payment', 'pay_1:1', 'acme']) {
    expect(stdout).toContain(text);
  }
  expect(stdout).not.toContain('Ada Example');
  expect(stdout).not.toContain('pay_2');
  const ofMerchant = ['--queue', 'show', '--merchant', 'globex'];
  const { deadLetters } = await shown('show', ...ofMerchant, '--body');
  expect(deadLetters).toMatchObject([
    { id: 'pay_2:1', service: 'show', body: event('pay_2:1', 'globex'), cause: 'unknown-payment' },
  ]);
  expect(await shown('show', ...ofMerchant)).not.toHaveProperty('deadLetters.0.body');
  expect(await lyingIn(dead)).toHaveLength(2);
});

it('show takes the id that the log of its consumer has, and tells it', async () => {
  const { dead } = placesOf('logged');
  await create(dead);
  await send(dead, [event('pay_1:1')], { ...reason, 'quarantined-message-id': 'id-in-the-log' });
  const [{ messageId = '' } = {}] = await lyingIn(dead);
  const { code, stdout } = await fanfold('dlq', 'show', 'id-in-the-log');
  expect([code, stdout]).toEqual([0, expect.stringContaining(messageId)]);
  expect(stdout).toMatch(/^ +in its log id-in-the-log$/m);
});

it('what was received too often comes to the dead letters, and back', async () => {
  const { source, dead } = placesOf('often');
  await create(dead);
  const deadLetterTargetArn = `arn:aws:sqs:eu-west-1:000000000000:${dead}`;
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
  await sqs.send(new CreateQueueCommand({ QueueName: source, Attributes: { RedrivePolicy } }));
  await send(source, [event('pay_1:1')]);
  for (let receives = 0; receives < 3; receives++) {
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: urlOf(source), VisibilityTimeout: 0 }));
  }
  const [{ messageId = '' } = {}] = await lyingIn(dead);
  expect(await shown('show', messageId)).toMatchObject({
    deadLetters: [
      {
        cause: 'received too often',
        detail: expect.stringMatching(/^\d times, by its consumer and since then by those who looked at it$/),
        id: 'pay_1:1',
      },
    ],
  });
  expect(await fanfold('dlq', 'redrive', messageId)).toMatchObject({ code: 0 });
  expect([await idsIn(source), await idsIn(dead)]).toEqual([['pay_1:1'], []]);
});

describe('redrive', () => {
  it('gives those that are meant to their queue, as they came and marked, and leaves the others where they are', async () => {
    const { source, dead, undelivered } = placesOf('meant');
    await create(source, dead, undelivered);
    await send(dead, [event('pay_1:1'), event('pay_2:1')], { ...reason, type: 'payment.captured.v1' });
    await send(dead, [event('pay_3:1')], { 'quarantine-reason': 'contradiction' });
    await send(undelivered, [event('pay_4:1')]);

    const chosen = await shown('redrive', '--queue', 'meant', '--cause', 'unknown-payment');
    expect(chosen).toMatchObject({ done: [expect.any(String), expect.any(String)], failed: [] });
    expect(await idsIn(source)).toEqual(['pay_1:1', 'pay_2:1']);
    expect(await idsIn(dead)).toEqual(['pay_3:1']);
    for (const message of await lyingIn(source)) {
      expect(attributesOf(message)).toEqual({ type: 'payment.captured.v1', redriven: chosen.operationId });
      expect(message.body).toBe(event(JSON.parse(message.body).id));
    }
    const { code, stdout } = await fanfold('dlq', 'redrive', '--queue', undelivered);
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 of 1 redriven')]);
    expect(await idsIn(source)).toEqual(['pay_1:1', 'pay_2:1', 'pay_4:1']);
  });

  it('sends a message with as many attributes as AWS takes with just these', async () => {
    const { source, dead } = placesOf('full');
    await create(source, dead);
    const ten = Object.fromEntries([...'abcdefghij'].map((name) => [name, 'x']));
    await send(dead, [event('pay_1:1')], ten);
    expect(await fanfold('dlq', 'redrive', '--queue', 'full')).toMatchObject({ code: 0 });
    expect((await lyingIn(source)).map(attributesOf)).toEqual([ten]);
  });

  it('is said before, with who, what and which messages', async () => {
    const { source, dead } = placesOf('said');
    await create(source, dead);
    await send(dead, [event('pay_1:1'), 'no JSON'], reason);
    const lying = await lyingIn(dead);
    const { operationId } = await shown('redrive', '--queue', 'said');
    const [order, ...more] = await ordered(operationId);
    expect(more).toEqual([]);
    expect(order).toMatchObject({
      type: 'operation.ordered.v1',
      merchantid: '_operator',
      id: `${operationId}:1`,
    });
    expect(order.data).toEqual({
      command: 'dlq redrive',
      stage: 'local',
      orderedBy: expect.stringMatching(/./),
      reason: null,
      filters: { queue: 'said' },
      total: 2,
      messages: [
        { messageId: lying[0]?.messageId, eventId: 'pay_1:1' },
        { messageId: lying[1]?.messageId, eventId: null },
      ],
    });
  });

  it('to a queue that does not exist moves nothing, says nothing, and tells which', async () => {
    const { source, dead } = placesOf('gone');
    await create(dead);
    await send(dead, [event('pay_1:1')]);
    const said = (await lyingIn(trail)).length;
    const { code, stdout, stderr } = await fanfold('dlq', 'redrive', '--queue', 'gone');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`Nothing was moved: the queue ${source} does not exist.`);
    expect(await idsIn(dead)).toEqual(['pay_1:1']);
    expect(await lyingIn(trail)).toHaveLength(said);
  });

  it('as a dry run only tells what it would do', async () => {
    const { source, dead } = placesOf('dry');
    await create(source, dead);
    await send(dead, [event('pay_1:1')]);
    const said = (await lyingIn(trail)).length;
    const { code, stdout } = await fanfold('dlq', 'redrive', '--queue', 'dry', '--dry-run');
    expect([code, stdout]).toEqual([0, expect.stringContaining('Would be redriven: 1.')]);
    expect(await idsIn(dead)).toEqual(['pay_1:1']);
    expect(await lyingIn(trail)).toHaveLength(said);
  });

  it('that is killed in the middle loses nothing, and does the rest when it is run again', async () => {
    const { source, dead } = placesOf('killed');
    await create(source, dead);
    const ids = Array.from({ length: 40 }, (_, i) => `pay_${10 + i}:1`);
    await send(
      dead,
      ids.map((id) => event(id)),
    );
    const { process: killed, ended } = start('dlq', 'redrive', '--queue', 'killed', '--rate', '10');
    await vi.waitFor(async () => expect((await lyingIn(source)).length).toBeGreaterThan(0), 20_000);
    killed.kill('SIGKILL');
    await ended;
    expect((await lyingIn(source)).length).toBeLessThan(40);

    const again = await fanfold('dlq', 'redrive', '--queue', 'killed');
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('out of sight')]);
    // What the killed one held comes back by itself after half a minute, by the clock of the queues.
    onTestFinished(() => void vi.useRealTimers());
    vi.setSystemTime(Date.now() + 31_000);
    expect(await fanfold('dlq', 'redrive', '--queue', 'killed')).toMatchObject({ code: 0 });
    expect([...new Set(await idsIn(source))]).toEqual(ids);
    expect(await lyingIn(dead)).toEqual([]);
  });

  it('that is interrupted lets go of what it has not moved, and tells how far it came', async () => {
    const { source, dead } = placesOf('interrupted');
    await create(source, dead);
    await send(
      dead,
      Array.from({ length: 30 }, (_, i) => event(`pay_${i}:1`)),
    );
    const { process: running, ended } = start('dlq', 'redrive', '--queue', 'interrupted', '--rate', '5');
    await vi.waitFor(async () => expect((await lyingIn(source)).length).toBeGreaterThan(0), 20_000);
    running.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    const moved = (await lyingIn(source)).length;
    expect(code).toBe(1);
    expect(stdout).toContain(`${moved} of 30 redriven`);
    expect(stderr).toContain('Interrupted. The others are where they were: run the command again.');
    expect((await lyingIn(dead)).length).toBe(30 - moved);
  });

  it('of what somebody else looks at moves nothing, and says so', async () => {
    const { source, dead } = placesOf('shared');
    await create(source, dead);
    await send(dead, [event('pay_1:1')]);
    const [{ messageId = '' } = {}] = await lyingIn(dead);
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: urlOf(dead), VisibilityTimeout: 600 }));
    for (const which of [['--queue', 'shared'], [messageId]]) {
      const { code, stderr } = await fanfold('dlq', 'redrive', ...which);
      expect([code, stderr]).toEqual([1, expect.stringContaining(`1 more at ${dead} are out of sight`)]);
    }
    expect(await lyingIn(source)).toEqual([]);
  });
});

describe('redrive of what was not published', () => {
  let lambda: Server;
  let answer: unknown;
  let invoked: { path: string | undefined; event: unknown }[];

  beforeAll(async () => {
    lambda = createServer(async (request, response) => {
      invoked.push({ path: request.url, event: await json(request) });
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    lambda.listen(0, '127.0.0.1');
    await once(lambda, 'listening');
    const url = `http://127.0.0.1:${(lambda.address() as AddressInfo).port}`;
    await register(stack.description.issuer, 'stream', { url, lambdaUrl: url });
    await s3.send(new CreateBucketCommand({ Bucket: placesOf('stream').given }));
  });
  afterAll(() => lambda?.close());

  const left = async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: placesOf('stream').given }));
    return Contents.map(({ Key }) => Key);
  };
  const give = async (body: string) => {
    const Key = `aws/lambda/mapping/shard/2026/11/23/2026-11-23T10.00.00-${crypto.randomUUID()}`;
    await s3.send(new PutObjectCommand({ Bucket: placesOf('stream').given, Key, Body: body }));
    return Key;
  };

  it('gives the records to the publisher, and forgets them when all are published', async () => {
    invoked = [];
    answer = { batchItemFailures: [] };
    await give(failure('RecordAgeExceeded'));
    const { done, failed } = await shown('redrive', '--queue', 'stream');
    expect([done.length, failed]).toEqual([1, []]);
    expect(invoked).toEqual([
      {
        path: '/2015-03-31/functions/fanfold-stream-local-publisher/invocations',
        event: { Records: [{ dynamodb: { SequenceNumber: '1' } }, { dynamodb: { SequenceNumber: '2' } }] },
      },
    ]);
    expect(await left()).toEqual([]);
  });

  it.each([[{ batchItemFailures: [{ itemIdentifier: '2' }] }], [null], [{}]])(
    'keeps them when the publisher answers %j',
    async (notAll) => {
      invoked = [];
      answer = notAll;
      const key = await give(failure('RecordAgeExceeded'));
      const { code, stderr } = await fanfold('dlq', 'redrive', '--queue', 'stream');
      expect([code, stderr]).toEqual([1, expect.stringContaining("stream's publisher did not publish")]);
      expect(await left()).toEqual([key]);
      const id = key.split('/').at(-1) as string;
      expect(await fanfold('dlq', 'discard', id, '--reason', 'a test')).toMatchObject({ code: 0 });
      expect(await left()).toEqual([]);
    },
  );

  it('leaves what Lambda did not write there', async () => {
    const key = await give('{"hello":"world"}');
    const { code, stderr } = await fanfold('dlq', 'redrive', '--queue', 'stream');
    expect([code, stderr]).toEqual([1, expect.stringContaining('look at it by hand')]);
    expect(await left()).toEqual([key]);
  });
});

it('discard takes those that are meant away for good, with the reason in the trail', async () => {
  const { dead } = placesOf('discarded');
  await create(dead);
  await send(dead, [event('pay_1:1'), event('pay_2:1', 'globex')]);
  const { operationId, done } = await shown(
    'discard',
    ...['--queue', 'discarded', '--merchant', 'globex', '--reason', 'a merchant of a test'],
  );
  expect(done).toHaveLength(1);
  expect(await idsIn(dead)).toEqual(['pay_1:1']);
  expect(await ordered(operationId)).toMatchObject([
    { data: { command: 'dlq discard', reason: 'a merchant of a test', messages: [{ eventId: 'pay_2:1' }] } },
  ]);
});

describe('nothing is done to what cannot be found', () => {
  beforeAll(() => create(placesOf('known').dead));

  it.each<[string[], string, number]>([
    [['show', 'no-such-id'], 'No dead letter has the id no-such-id', 1],
    [['redrive', 'no-such-id'], 'No dead letter has the id no-such-id', 1],
    [['show', '--queue', 'known'], 'No dead letter matches all of the options', 1],
    [['show', '--queue', 'known', '--type', 'payment.captred.v1'], 'These are: payment.authorized.v1, ', 2],
    [
      ['redrive', '--queue', 'unknown'],
      'No service, queue or bucket with dead letters is called unknown. There are:',
      2,
    ],
    [['redrive', '--queue', 'unknown'], `known: ${placesOf('known').dead}`, 2],
    [['redrive', '--all', '--type', 'payment.captured.v1'], 'Give either --all or --type', 2],
  ])('%j', async (args, complaint, exitCode) => {
    const { code, stdout, stderr } = await fanfold('dlq', ...args);
    expect([code, stdout]).toEqual([exitCode, '']);
    expect(stderr).toContain(complaint);
  });
});

describe('a dead letter whose body is wrong', () => {
  const { source, dead } = placesOf('editing');
  const example = async (changes: object = {}, data: object = {}) => {
    const url = new URL('../../../packages/contracts/examples/payment.captured.v1.json', import.meta.url);
    const event = JSON.parse(await readFile(url, 'utf8'));
    return JSON.stringify({ ...event, ...changes, data: { ...event.data, ...data } });
  };
  let folder: string;
  const file = async (body: string) => {
    const path = join(folder, 'corrected.json');
    await writeFile(path, body);
    return path;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fanfold-edit-'));
    await create(source, dead);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is sent once with another body instead, after both were said to the trail, of its merchant and payment', async () => {
    const original = await example({}, { amount: 'much' });
    const corrected = await example();
    await send(dead, [original], { ...reason, merchantid: 'mistyped' });
    const [{ messageId = '' } = {}] = await lyingIn(dead);
    const edited = [
      '--file',
      await file(JSON.stringify(JSON.parse(corrected), null, 2)),
      '--reason',
      'a text',
    ];
    const edit = () => fanfold('dlq', 'edit', messageId, ...edited, '--json');
    const { code, stdout } = await edit();
    const { operationId, done } = JSON.parse(stdout);
    expect([code, done]).toEqual([0, [messageId]]);
    expect(await lyingIn(dead)).toEqual([]);
    const sent = await lyingIn(source);
    expect(sent.map(({ body }) => body)).toEqual([corrected]);
    const { type, source: publisher, subject, merchantid } = JSON.parse(corrected);
    expect(attributesOf(sent[0] as Lying)).toEqual({
      ...{ type, subject, merchantid, source: publisher },
      redriven: operationId,
    });
    expect(await ordered(operationId)).toMatchObject([
      { data: { command: 'dlq edit', reason: 'a text', messages: [{ messageId, eventId: `${subject}:2` }] } },
    ]);
    const kept = (await lyingIn(trail))
      .map(({ body }) => JSON.parse(body))
      .filter(({ data }) => data.original);
    expect(kept).toMatchObject([
      {
        merchantid,
        causationid: operationId,
        data: { operationId, reason: 'a text', queue: dead, paymentId: subject, original, edited: corrected },
      },
    ]);
    const again = await edit();
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('No dead letter has the id')]);
    expect(await lyingIn(source)).toHaveLength(1);
  });

  it.each<[why: string, changes: object, said: string]>([
    ['is no event', { time: 'yesterday' }, 'time: '],
    ['is another merchant’s', { merchantid: 'globex' }, '/merchantid: It has to stay acme.'],
    [
      'would be handled beside the original',
      { id: 'pay_1:1', subject: 'pay_1', sequence: '0000000001' },
      '/id: It has to stay',
    ],
  ])('is not replaced by one that %s, and nothing is ordered', async (_, changes, said) => {
    await send(dead, [await example({}, { amount: 'much' })], reason);
    const [{ messageId = '' } = {}] = await lyingIn(dead);
    const before = (await lyingIn(trail)).length;
    const path = await file(await example(changes));
    for (const more of [[], ['--dry-run']]) {
      const { code, stderr } = await fanfold(
        'dlq',
        'edit',
        messageId,
        '--file',
        path,
        '--reason',
        'a try',
        ...more,
      );
      expect([code, stderr]).toEqual([1, expect.stringContaining(said)]);
    }
    expect((await lyingIn(trail)).length).toBe(before);
    expect(await fanfold('dlq', 'discard', messageId, '--reason', 'tried')).toMatchObject({ code: 0 });
  });

  it('is not edited where audit would record it as published, nor from a file that is not there', async () => {
    const { dead: ofAudit } = placesOf('audit');
    await create(ofAudit);
    await send(ofAudit, [await example({}, { amount: 'much' })], reason);
    const [{ messageId = '' } = {}] = await lyingIn(ofAudit);
    const path = await file(await example());
    const refused = await fanfold('dlq', 'edit', messageId, '--file', path, '--reason', 'a try');
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('nobody edits its messages')]);
    const missing = await fanfold(
      'dlq',
      'edit',
      messageId,
      '--file',
      join(folder, 'none'),
      '--reason',
      'a try',
    );
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('cannot be read')]);
    await fanfold('dlq', 'discard', messageId, '--reason', 'tried');
  });
});

it('what is put aside waits under its old id and since its old time, and only its id reaches it until it is restored', async () => {
  const { source, dead } = placesOf('aside');
  await create(source, dead);
  await send(dead, [event('pay_1:1'), event('pay_2:1')], reason);
  const { deadLetters } = await shown('show', '--queue', 'aside');
  const { messageId, since } = deadLetters.find(({ id }: { id: string }) => id === 'pay_1:1');
  const put = await fanfold('dlq', 'put-aside', messageId, '--reason', 'on Monday', '--json');
  expect(put.code).toBe(0);
  expect(await ordered(JSON.parse(put.stdout).operationId)).toMatchObject([
    {
      data: { command: 'dlq put-aside', reason: 'on Monday', messages: [{ messageId, eventId: 'pay_1:1' }] },
    },
  ]);
  const { groups } = await shown('list');
  expect(
    groups
      .filter(({ queue }: { queue: string }) => queue === dead)
      .map(({ isAside, count }: { isAside: boolean; count: number }) => [isAside, count]),
  ).toEqual(
    expect.arrayContaining([
      [true, 1],
      [false, 1],
    ]),
  );
  expect((await shown('show', messageId)).deadLetters).toMatchObject([
    { since, sourceMessageId: messageId, aside: { reason: 'on Monday' }, cause: 'unknown-payment' },
  ]);
  expect((await shown('discard', '--queue', 'aside', '--reason', 'all others')).done).toHaveLength(1);
  expect(await idsIn(dead)).toEqual(['pay_1:1']);
  expect((await fanfold('dlq', 'redrive', '--queue', 'aside')).code).toBe(1);
  expect((await shown('restore', messageId)).done).toHaveLength(1);
  expect((await shown('show', messageId)).deadLetters).toMatchObject([{ since, aside: null }]);
  expect((await fanfold('dlq', 'restore', messageId)).code).toBe(1);
  const { operationId } = await shown('redrive', '--queue', 'aside');
  expect(attributesOf((await lyingIn(source))[0] as Lying)).toEqual({ redriven: operationId });
});
