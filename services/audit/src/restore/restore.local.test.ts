import {
  type AttributeValue,
  BatchWriteItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { startTrace } from '@fanfold/runtime/trace';
import { leafHash } from '@fanfold/tlog/merkle';
import { formatVerifierKey, signatureTypes } from '@fanfold/tlog/note';
import { parseProof, verifyProof } from '@fanfold/tlog/proof';
import { parseKey } from '@fanfold/verify/key';
import { verifyLog } from '@fanfold/verify/log';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { provideLog } from '../provisionFixtures.ts';
import { receivedOf } from '../record/receivedFixtures.ts';

async function startInstance() {
  vi.resetModules();
  const modules = await Promise.all([
    import('../record/record.ts'),
    import('../publish/publishLog.ts'),
    import('../publish/witness.ts'),
    import('../publish/checkpoint.ts'),
    import('../prove/proof.ts'),
    import('../erase/eraseSubject.ts'),
    import('../compare/checkEvents.ts'),
    import('../compare/checkNumbers.ts'),
    import('../store/events.ts'),
    import('../store/log.ts'),
    import('../store/signingKey.ts'),
    import('./openEvents.ts'),
    import('./recordAgain.ts'),
    import('./restoreErasures.ts'),
    import('./restoreLog.ts'),
    import('../store/queries.ts'),
    import('../store/mergedListings.ts'),
    import('../compare/listings.ts'),
    import('../store/mentions.ts'),
  ]);
  const { dynamodb } = await import('@fanfold/runtime/dynamodb');
  return Object.assign({ dynamodb }, ...modules) as { dynamodb: typeof dynamodb } & (typeof modules)[0] &
    (typeof modules)[1] &
    (typeof modules)[2] &
    (typeof modules)[3] &
    (typeof modules)[4] &
    (typeof modules)[5] &
    (typeof modules)[6] &
    (typeof modules)[7] &
    (typeof modules)[8] &
    (typeof modules)[9] &
    (typeof modules)[10] &
    (typeof modules)[11] &
    (typeof modules)[12] &
    (typeof modules)[13] &
    (typeof modules)[14] &
    (typeof modules)[15] &
    (typeof modules)[16] &
    (typeof modules)[17] &
    (typeof modules)[18];
}

type Received = ReturnType<typeof receivedOf>;
type Items = Record<string, AttributeValue>[];

let emulators: Emulators;
let audit: Awaited<ReturnType<typeof startInstance>>;
let dynamodb: DynamoDBClient;
let s3: S3Client;

beforeEach(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideLog(emulators.endpoints);
  audit = await startInstance();
  dynamodb = new DynamoDBClient(clientConfiguration(emulators.endpoints.dynamodb));
  s3 = new S3Client({ ...clientConfiguration(emulators.endpoints.aws), forcePathStyle: true });
  return () => emulators.stop();
});

const table = () => String(process.env.AUDIT_TABLE_NAME);
const keysTable = () => String(process.env.AUDIT_KEYS_TABLE_NAME);
const Bucket = () => String(process.env.AUDIT_LOG_BUCKET_NAME);

async function itemsOf(TableName: string) {
  const items: Record<string, AttributeValue>[] = [];
  for await (const { Items = [] } of paginateScan(
    { client: dynamodb },
    { TableName, ConsistentRead: true },
  )) {
    items.push(...Items);
  }
  return items.sort((a, b) => (`${a.pk?.S}${a.sk?.S}` < `${b.pk?.S}${b.sk?.S}` ? -1 : 1));
}

/** As many as one call writes. */
const batchesOf = <T>(requests: T[]): T[][] =>
  Array.from({ length: Math.ceil(requests.length / 25) }, (_, i) => requests.slice(25 * i, 25 * i + 25));

/** As point-in-time recovery does: the table has what it had, and nothing else. */
async function putBack(TableName: string, items: Items): Promise<void> {
  const deletions = (await itemsOf(TableName)).map(({ pk, sk }) => ({
    DeleteRequest: { Key: { ...(pk && { pk }), ...(sk && { sk }) } },
  }));
  const puts = items.map((Item) => ({ PutRequest: { Item } }));
  for (const requests of [...batchesOf(deletions), ...batchesOf(puts)]) {
    const { UnprocessedItems } = await dynamodb.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: requests } }),
    );
    expect(UnprocessedItems).toEqual({});
  }
}

let count = 0;
const payments = (n: number): Received[] =>
  Array.from({ length: n }, () => receivedOf(`pay_${count++}`, 1, { time: now(count) }));
const invoice = (number: string, subject: string): Received =>
  receivedOf(subject, 1, {
    type: 'invoice.issued.v1',
    time: now(count++),
    data: { number, paymentId: `pay_of_${subject}` },
  });
/** Events happen one after the other, a second apart, today. */
const begun = Date.now() - 7_200_000;
const now = (n: number) => new Date(begun + n * 1000).toISOString();

async function record(received: Received[]): Promise<void> {
  for (let i = 0; i < received.length; i += 20) {
    expect(await audit.record(received.slice(i, i + 20))).toEqual(new Map());
  }
}

async function publish(): Promise<void> {
  const { size } = await audit.publishLog('clock');
  await audit.mergeListings(size);
  await audit.witness(new Date());
}

async function read(path: string): Promise<Buffer | undefined> {
  const { Body } = await s3
    .send(new GetObjectCommand({ Bucket: Bucket(), Key: path }))
    .catch(() => ({ Body: undefined }));
  return Body && Buffer.from(await Body.transformToByteArray());
}
const write = (path: string, bytes: Uint8Array) =>
  s3.send(new PutObjectCommand({ Bucket: Bucket(), Key: path, Body: bytes }));

const noteOf = async () => String(await read('checkpoint'));
const logKey = async () =>
  formatVerifierKey(
    String(process.env.LOG_ORIGIN),
    await audit.publicKeyOf(String(process.env.LOG_SIGNING_KEY_IDS)),
    signatureTypes.ed25519,
  );

/** A log of which the table has forgotten the second half. */
async function forgetful(sizes: [before: number, after: number] = [62, 62]) {
  const [kept, forgotten] = [payments(sizes[0]), payments(sizes[1])];
  await record(kept);
  await publish();
  const backup = await itemsOf(table());
  await record(forgotten);
  await publish();
  const whole = await itemsOf(table());
  const note = await noteOf();
  await putBack(table(), backup);
  return { kept, forgotten, backup, whole, note };
}

const always = () => false;
async function restoreAll(instance = audit): Promise<void> {
  await instance.restoreLog(always);
  let next: Awaited<ReturnType<typeof instance.recordAgain>>['next'];
  do ({ next } = await instance.recordAgain(next, new Date()));
  while (next);
}

const positionsOf = async () =>
  Object.fromEntries(
    (await itemsOf(table()))
      .map((item) => unmarshall(item))
      .filter(({ position, entry }) => position !== undefined && entry === undefined)
      .map(({ pk, sk, position }) => [`${pk.split('#')[1]}:${Number(sk)}`, position]),
  );

/** Everybody who remembers an earlier checkpoint finds it continued, and the files are whole. */
async function expectContinued(remembered: string): Promise<void> {
  const reader = { name: 'the bucket', read: async (path: string) => read(path) };
  const { findings } = await verifyLog(reader, { keys: [await parseKey(await logKey())], remembered });
  expect(findings).toEqual([]);
}

async function expectProven({ event, text }: Received): Promise<void> {
  const openable = await audit.loadOpenable('acme', event.id);
  const proof = String(openable && (await audit.proofOf(openable, new Date())));
  const opening = JSON.parse(String(Buffer.from(parseProof(proof).extra ?? '')));
  verifyProof(proof, leafHash(Buffer.from(opening.entry)), [await logKey()], String(process.env.LOG_ORIGIN));
  expect(opening.event).toBe(text);
}

/** Lists have every event that the table has, each once, in the order of the log. */
async function expectListed(): Promise<void> {
  const listed: [string, number][] = [];
  for (let startingAfter: string | undefined; ; startingAfter = listed.at(-1)?.[0]) {
    const query = { limit: 100, ...(startingAfter !== undefined && { startingAfter }) };
    const { items, hasMore } = await audit.find('acme', query, always);
    listed.push(...items.map(({ id, position }): [string, number] => [id, position]));
    if (!hasMore) break;
  }
  expect(listed).toEqual(Object.entries(await positionsOf()).sort(([, a], [, b]) => a - b));
  expect((await audit.compareListings(0, 1000)).misplaced).toEqual([]);
}

/** A day is compared with every event that the table has, each once. */
async function expectMentionedOnce(): Promise<void> {
  const mentioned: string[] = [];
  for await (const page of audit.mentionsSince('acme', new Date(begun).toISOString().slice(0, 10))) {
    mentioned.push(...page.map(({ subject, n }) => `${subject}:${n}`));
  }
  expect(mentioned.sort()).toEqual(Object.keys(await positionsOf()).sort());
}

describe('a table that was put back to an earlier time', () => {
  it('gets entries and head back from the bundles, and the log goes on by itself', async () => {
    const { forgotten, note } = await forgetful();
    expect(await audit.planLog()).toMatchObject({ size: 62, published: 124, fitting: 62, isForked: true });
    await restoreAll();
    expect(await audit.planLog()).toMatchObject({ size: 124, published: 124, fitting: 124, isForked: false });
    const more = payments(3);
    await record(more);
    await publish();
    await expectContinued(note);
    expect(await audit.planLog()).toMatchObject({ size: 127 });
    await expectProven(more[0] as Received);
    expect(await audit.load('acme', String(forgotten[0]?.event.id))).toBeUndefined();
    const open = await audit.openEvents();
    expect(open.count).toBe(62);
    expect(Object.values(open.days).flatMap((day) => Object.keys(day))).toContain('payment.canceled.v1');
  });

  it('gets its events back when they are published again, in any order, each where it was', async () => {
    const { kept, forgotten, whole } = await forgetful([30, 300]);
    await restoreAll();
    const [one, other] = [audit, await startInstance()];
    const again = [...forgotten.toReversed(), ...kept];
    const batches = Array.from({ length: Math.ceil(again.length / 20) }, (_, i) =>
      again.slice(20 * i, 20 * i + 20),
    );
    await Promise.all(
      [one, other].map(async ({ record }, i) => {
        // Some come to both.
        for (const batch of batches.filter((_, j) => j % 3 !== i))
          expect(await record(batch)).toEqual(new Map());
      }),
    );
    expect(await audit.openEvents()).toEqual({ count: 0, days: {}, entries: [] });
    const before = new Map(whole.map((item) => [`${item.pk?.S}${item.sk?.S}`, item]));
    for (const { event } of forgotten) {
      const item = before.get(`acme#${event.subject}${event.sequence}`);
      const { position, text, recordedAt } = (await audit.load('acme', event.id)) ?? {};
      expect({ position, recordedAt }).toEqual({
        position: Number(item?.position?.N),
        recordedAt: item?.recordedAt?.S,
      });
      expect(JSON.parse(String(text))).toEqual(event);
    }
    await publish();
    for (const each of [forgotten[0], forgotten.at(-1)]) await expectProven(each as Received);
    await expectListed();
    // And all of it is as it was for whoever looks for changed events.
    const { compared, changed, missing } = await audit.checkEvents(1000);
    expect({ compared, changed, missing }).toEqual({ compared: 330, changed: 0, missing: 0 });
  });

  it('is restored the same however often that is interrupted, and a second time nothing is written', async () => {
    const { backup } = await forgetful([20, 150]);
    await restoreAll();
    const restored = await itemsOf(table());
    await putBack(table(), backup);
    let failures = 0;
    for (let allowed = 0; ; allowed++) {
      const ending = await startInstance();
      const send = ending.dynamodb.send.bind(ending.dynamodb);
      let writes = 0;
      vi.spyOn(ending.dynamodb, 'send').mockImplementation(((command: object) => {
        if (/Put|Update|Delete|Write/.test(command.constructor.name) && writes++ >= allowed) {
          throw new Error('ended');
        }
        return send(command as never);
      }) as never);
      const ended = await restoreAll(ending).catch((error: Error) => error.message);
      if (ended === undefined) break;
      expect(ended).toBe('ended');
      failures += 1;
      // Each time a little more is there than before.
      if (allowed > 3) allowed += 2;
    }
    expect(failures).toBeGreaterThan(5);
    const facts = (items: Items) =>
      items.map((item) => unmarshall(item)).filter(({ pk }) => pk !== 'entries');
    expect(facts(await itemsOf(table()))).toEqual(facts(restored));
    expect(await audit.planLog()).toMatchObject({ size: 170, published: 170, isForked: false });
    const before = await itemsOf(table());
    await restoreAll();
    expect(await itemsOf(table())).toEqual(before);
  });

  it('and was appended to at once: what took others’ positions is recorded again, behind all', async () => {
    const { forgotten, note } = await forgetful([30, 40]);
    // Some more than were forgotten, so that the table's log is longer than the published one.
    const meanwhile = payments(50);
    await record(meanwhile);
    expect(await audit.planLog()).toMatchObject({ size: 80, published: 70, fitting: 30 });
    await restoreAll();
    await record([...meanwhile, ...forgotten]);
    const positions = await positionsOf();
    expect(Object.values(positions).sort((a, b) => a - b)).toEqual([...Array(120).keys()]);
    for (const { event } of meanwhile) expect(positions[event.id]).toBeGreaterThanOrEqual(70);
    await publish();
    await expectContinued(note);
    for (const each of [meanwhile[0], meanwhile.at(-1), forgotten[5]]) await expectProven(each as Received);
    await expectListed();
    expect(await audit.checkEvents(1000)).toMatchObject({ changed: 0, missing: 0 });
  });

  it('whose entries are changed behind where listings are merged has lists as before, and its events found by the indexes', async () => {
    await record(payments(300));
    const [head] = (await itemsOf(table())).filter(({ pk }) => pk?.S === 'head');
    await record(payments(40));
    await publish();
    await expectListed();
    const entries = (await itemsOf(table())).filter(({ pk, root }) => pk?.S === 'entries' && root);
    const changed = entries.slice(-2).map((item) => ({ ...item, root: { B: Buffer.alloc(32) } }));
    for (const Item of [head ?? {}, ...changed]) {
      await dynamodb.send(new PutItemCommand({ TableName: table(), Item }));
    }
    expect(await audit.planLog()).toMatchObject({ fitting: 300, published: 340 });
    await restoreAll();
    expect(await audit.openEvents()).toMatchObject({ count: 0 });
    // What is compared with the listings begins where it did.
    expect(await audit.loadMerged()).toMatchObject({ mergedFrom: 0, mergedUntil: 300 });
    await expectListed();
    await expectMentionedOnce();
    await record(payments(330));
    await publish();
    expect(await audit.loadMerged()).toMatchObject({ mergedUntil: expect.toSatisfy((end) => end > 340) });
    await expectListed();
    // Pieces that were merged before have the same events as the indexes.
    await expectMentionedOnce();
    expect(await audit.checkEvents(2000)).toMatchObject({ changed: 0, missing: 0 });
    const [piece] = (await itemsOf(table())).filter(({ pk }) => pk?.S === 'listed:acme');
    await dynamodb.send(
      new DeleteItemCommand({
        TableName: table(),
        Key: { pk: piece?.pk ?? { S: '' }, sk: piece?.sk ?? { S: '' } },
      }),
    );
    expect((await audit.compareListings(0, 1000)).misplaced).toContain(0);
  });

  it('that is empty gets the whole log back, and one that is whole stays as it is', async () => {
    const received = payments(60);
    await record(received);
    await publish();
    const note = await noteOf();
    const before = await itemsOf(table());
    expect(await audit.planLog()).toMatchObject({ size: 60, published: 60, from: null, isForked: false });
    await restoreAll();
    expect(await itemsOf(table())).toEqual(before);
    await putBack(table(), []);
    await restoreAll();
    await record([...received, ...payments(1)]);
    await publish();
    await expectContinued(note);
    await expectProven(received[59] as Received);
  });
});

describe('an event that is published again', () => {
  it('with another content than its entry has is a contradiction', async () => {
    const { forgotten } = await forgetful([5, 5]);
    await restoreAll();
    const [first] = forgotten as [Received];
    const other = receivedOf(first.event.subject, 1, { time: first.event.time, correlationid: 'other' });
    const failures = await audit.record([other]);
    expect(String([...failures.values()][0])).toContain('is in the log already, with another content');
    expect(await audit.record([first])).toEqual(new Map());
  });

  it('of somebody who was erased stays erased, and is known to be recorded', async () => {
    const [kept, erased] = [payments(2), payments(1)];
    await record(kept);
    await publish();
    const backup = await itemsOf(table());
    await record(erased);
    await publish();
    const [subject = ''] = erased.map(({ event }) => event.subject);
    const order = { merchantId: 'acme', subject, reason: null, operationId: 'op_1' };
    await audit.eraseSubject(order, new Date());
    const erasures = (await itemsOf(table())).filter(({ pk }) => pk?.S?.startsWith('erasure:'));
    await putBack(table(), [...backup, ...erasures]);
    await restoreAll();
    await record(erased);
    const recorded = await audit.load('acme', `${subject}:1`);
    expect(recorded).toMatchObject({ position: 2 });
    expect(recorded).not.toHaveProperty('text');
    expect(await audit.openEvents()).toMatchObject({ count: 0 });
    expect(await audit.checkEvents()).toMatchObject({ changed: 0 });
    // What comes of that payment later has a key of its own, as after any erasure.
    const later = receivedOf(subject, 2, { time: new Date().toISOString() });
    await record([later]);
    expect(await audit.load('acme', `${subject}:2`)).toMatchObject({ text: later.text });
  });

  it.each(['log', 'keys', 'log and keys'])(
    'of somebody who was erased stays erased, whatever was put back to before that: %s',
    async (tables) => {
      const [kept, erased] = [payments(2), payments(1)];
      await record(kept);
      await publish();
      const before = await itemsOf(table());
      await record(erased);
      await publish();
      const keys = await itemsOf(keysTable());
      const [subject = ''] = erased.map(({ event }) => event.subject);
      await audit.eraseSubject(
        { merchantId: 'acme', subject, reason: null, operationId: 'op_1' },
        new Date(),
      );
      const later = receivedOf(subject, 2, { time: new Date().toISOString() });
      if (tables.includes('log')) await putBack(table(), before);
      if (tables.includes('keys')) await putBack(keysTable(), keys);
      expect(await audit.restoreErasures(true)).toEqual({ erasures: 1 });
      await restoreAll();
      expect(await audit.restoreErasures(false)).toEqual({ erasures: 1 });
      await record([...erased, later]);
      expect(await audit.restoreErasures(false)).toEqual({ erasures: 0 });
      expect(await audit.load('acme', `${subject}:1`)).not.toHaveProperty('text');
      expect(await audit.load('acme', `${subject}:2`)).toMatchObject({ text: later.text });
      expect((await itemsOf(table())).filter(({ pk }) => pk?.S === 'erasure:acme')).toHaveLength(1);
      await publish();
      expect(await audit.checkEvents()).toMatchObject({ changed: 0 });
    },
  );

  it('whose key was lost is recorded anew, and its entry goes on waiting', async () => {
    const kept = payments(3);
    await record(kept);
    await publish();
    const [backup, keys] = [await itemsOf(table()), await itemsOf(keysTable())];
    const forgotten = payments(2);
    await record(forgotten);
    await publish();
    await putBack(table(), backup);
    await putBack(keysTable(), keys);
    await restoreAll();
    await record(forgotten);
    expect(await audit.load('acme', String(forgotten[0]?.event.id))).toMatchObject({ position: 5 });
    expect(await audit.openEvents()).toMatchObject({ count: 2 });
    await publish();
    await expectProven(forgotten[1] as Received);
    expect(await audit.checkEvents()).toMatchObject({ changed: 0 });
  });

  it('and gave a document its number is counted again, so that the number is found when it is given twice', async () => {
    const [kept, forgotten] = [invoice('INV-2026-000001', 'inv_1'), invoice('INV-2026-000002', 'inv_2')];
    await record([kept]);
    await publish();
    const check = () => audit.checkNumbers(new Date(), startTrace('clock_1'));
    await check();
    const backup = await itemsOf(table());
    await record([forgotten]);
    await publish();
    await check();
    await putBack(table(), backup);
    await restoreAll();
    expect(await check()).toEqual({ counted: 1, twice: 0 });
    await record([forgotten]);
    expect(await check()).toEqual({ counted: 2, twice: 0 });
    await record([invoice('INV-2026-000002', 'inv_3')]);
    expect(await check()).toEqual({ counted: 1, twice: 1 });
    const finding = (await itemsOf(table())).find(({ pk }) => pk?.S === 'finding:acme');
    expect(unmarshall(finding ?? {})).toMatchObject({ numberTwice: { documents: ['inv_2', 'inv_3'] } });
  });
});

it('a log in which nothing was ever published lacks nothing', async () => {
  expect(await audit.planLog()).toMatchObject({ size: 0, published: 0, isForked: false });
});

describe('a log is not restored', () => {
  it('from a bucket without a checkpoint, or with one that is older than the witness has seen', async () => {
    await record(payments(3));
    await publish();
    const old = await read('checkpoint');
    await record(payments(3));
    await publish();
    await write('checkpoint', old ?? Buffer.of());
    await expect(audit.planLog()).rejects.toThrow(/size/);
    await s3.send(new DeleteObjectCommand({ Bucket: Bucket(), Key: 'checkpoint' }));
    await expect(audit.planLog()).rejects.toThrow('no checkpoint');
  });

  it('from a bucket of another log, or of another stage', async () => {
    const { backup } = await forgetful([5, 5]);
    const note = await noteOf();
    await write('checkpoint', Buffer.from(note.replace(String(process.env.LOG_ORIGIN), 'other.example/log')));
    await expect(audit.planLog()).rejects.toThrow();
    await write('checkpoint', Buffer.from(note));
    // Another stage's table, of a log that nobody has published.
    await putBack(table(), []);
    await record(payments(3));
    await expect(audit.planLog()).rejects.toThrow('of another stage');
    await expect(audit.restoreLog(always)).rejects.toThrow('of another stage');
    await putBack(table(), backup);
    expect(await audit.planLog()).toMatchObject({ fitting: 5 });
  });

  it('when a bundle is missing or was changed, which it names, and nothing is written', async () => {
    await forgetful([100, 500]);
    const before = await itemsOf(table());
    const path = 'tile/entries/001';
    const bundle = (await read(path)) as Buffer;
    await s3.send(new DeleteObjectCommand({ Bucket: Bucket(), Key: path }));
    await expect(audit.restoreLog(always)).rejects.toThrow(`${path} is missing`);
    const changed = Buffer.from(bundle);
    changed[20] = (changed[20] ?? 0) ^ 1;
    await write(path, changed);
    await expect(audit.planLog()).rejects.toThrow('Entry 256 of the bucket does not fit its hash');
    await expect(audit.restoreLog(always)).rejects.toThrow('Entry 256');
    expect(await itemsOf(table())).toEqual(before);
    await write(path, bundle);
    await restoreAll();
    expect(await audit.planLog()).toMatchObject({ size: 600 });
  }, 30_000);
});
