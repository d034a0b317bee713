import { deflateRawSync } from 'node:zlib';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { marshall } from '@aws-sdk/util-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { formatCheckpoint, openCheckpoint } from '@fanfold/tlog/checkpoint';
import { emptyEdge, extend, leafHash, rootOf, verifyConsistency } from '@fanfold/tlog/merkle';
import { assembleNote, formatVerifierKey, noteSignature, signatureTypes } from '@fanfold/tlog/note';
import { parseProof, verifyProof } from '@fanfold/tlog/proof';
import { consistencyProof, tilesForConsistency } from '@fanfold/tlog/prove';
import { encodeBundle, newTiles, tilePath } from '@fanfold/tlog/tile';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { provideLog } from './provisionFixtures.ts';
import { receivedOf } from './record/receivedFixtures.ts';
import { itemOf } from './store/eventItems.ts';

/** Audit's code as a new instance has it: what it knows, and its connections, are its own. */
async function startInstance() {
  vi.resetModules();
  const modules = await Promise.all([
    import('./record/record.ts'),
    import('./publish/publishLog.ts'),
    import('./publish/witness.ts'),
    import('./publish/publishedCheckpoint.ts'),
    import('./prove/proof.ts'),
    import('./erase/eraseSubject.ts'),
    import('./store/events.ts'),
    import('./store/signingKey.ts'),
    import('./store/cosigned.ts'),
    import('./store/log.ts'),
    import('./store/files.ts'),
  ]);
  return Object.assign({}, ...modules) as (typeof modules)[0] &
    (typeof modules)[1] &
    (typeof modules)[2] &
    (typeof modules)[3] &
    (typeof modules)[4] &
    (typeof modules)[5] &
    (typeof modules)[6] &
    (typeof modules)[7] &
    (typeof modules)[8] &
    (typeof modules)[9] &
    (typeof modules)[10];
}

let emulators: Emulators;
let audit: Awaited<ReturnType<typeof startInstance>>;
let dynamodb: DynamoDBClient;
let s3: S3Client;

const origin = () => String(process.env.LOG_ORIGIN);
const Bucket = () => String(process.env.AUDIT_LOG_BUCKET_NAME);

// A log of its own for each test, because what happens to a log cannot be undone.
beforeEach(async () => {
  emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideLog(emulators.endpoints);
  audit = await startInstance();
  dynamodb = new DynamoDBClient(clientConfiguration(emulators.endpoints.dynamodb));
  s3 = new S3Client({ ...clientConfiguration(emulators.endpoints.aws), forcePathStyle: true });
  return () => emulators.stop();
});

const logKey = async () =>
  formatVerifierKey(origin(), await audit.publicKeyOf(String(process.env.LOG_SIGNING_KEY_IDS)));
const witnessKey = async () =>
  formatVerifierKey(
    `${origin()}/witness`,
    await audit.publicKeyOf(String(process.env.WITNESS_SIGNING_KEY_ID)),
    signatureTypes.cosignatureV1,
  );

async function read(path: string): Promise<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: Bucket(), Key: path }));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}
const write = (path: string, bytes: Uint8Array) =>
  s3.send(new PutObjectCommand({ Bucket: Bucket(), Key: path, Body: bytes }));
const readNote = async () => Buffer.from(await read('checkpoint')).toString();
const readCheckpoint = async () => openCheckpoint(await readNote(), origin(), [await logKey()]);

async function paths(): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: Bucket(), MaxKeys: 1000 }));
  return Contents.map(({ Key = '' }) => Key).sort();
}

/** Records so many more events, a payment for each, and gives their ids. */
let count = 0;
async function recordMore(n: number): Promise<string[]> {
  const received = Array.from({ length: n }, () => receivedOf(`pay_${count++}`, 1));
  for (let i = 0; i < n; i += 49) expect(await audit.record(received.slice(i, i + 49))).toEqual(new Map());
  return received.map(({ event }) => event.id);
}

const proofOf = async (id: string) => {
  const openable = await audit.loadOpenable('acme', id);
  return openable && audit.proofOf(openable, new Date());
};

const openingIn = (proof: string) => JSON.parse(String(Buffer.from(parseProof(proof).extra ?? '')));

describe('publishing', () => {
  it('makes of what was recorded a log that anybody can read, and a proof of every event', async () => {
    const ids = await recordMore(300);
    expect(await audit.publishLog('size')).toEqual({ size: 256, published: 256 });
    expect(await audit.publishLog('clock')).toEqual({ size: 300, published: 44 });
    const { size } = await readCheckpoint();
    expect(size).toBe(300n);
    const partial = ['tile/1/000.p/1', 'tile/0/001.p/44', 'tile/entries/001.p/44'];
    expect(await paths()).toEqual(['checkpoint', 'tile/0/000', 'tile/entries/000', ...partial].sort());

    const text = JSON.stringify(await audit.load('acme', String(ids[0])));
    for (const id of ids) {
      const proof = String(await proofOf(id));
      const { entry, event } = openingIn(proof);
      expect(verifyProof(proof, leafHash(Buffer.from(entry)), [await logKey()], origin())).toMatchObject({
        size: 300n,
      });
      expect(JSON.parse(event).id).toBe(id);
    }
    expect(text).toContain('pay_');
  });

  it('writes every tile of every checkpoint’s size, and each checkpoint is the beginning of the next', async () => {
    let before: Awaited<ReturnType<typeof readCheckpoint>> | undefined;
    for (const n of [1, 2, 255, 7, 300, 49]) {
      await recordMore(n);
      await audit.publishLog('clock');
      const { size, root } = await readCheckpoint();
      const there = new Set(await paths());
      for (const tile of newTiles(0, size)) expect(there).toContain(tilePath(tile));
      if (before) {
        const tiles = new Map<string, Uint8Array>();
        for (const tile of tilesForConsistency(before.size, size)) {
          tiles.set(tilePath(tile), await read(tilePath(tile)));
        }
        const proof = consistencyProof(before.size, size, tiles);
        verifyConsistency(before.size, size, proof, before.root, root);
      }
      before = await readCheckpoint();
    }
  });

  it('by size takes whole tiles alone, and leaves what is less to the clock', async () => {
    await recordMore(255);
    expect(await audit.publishLog('size')).toEqual({ size: 0, published: 0 });
    expect(await paths()).toEqual([]);
    await recordMore(2);
    expect(await audit.publishLog('size')).toEqual({ size: 256, published: 256 });
    expect(await paths()).toEqual(['checkpoint', 'tile/0/000', 'tile/1/000.p/1', 'tile/entries/000']);
    expect(await audit.publishLog('size')).toEqual({ size: 256, published: 0 });
    expect(await audit.publishLog('clock')).toEqual({ size: 257, published: 1 });
  });

  it('at the same time by two gives one checkpoint, and nothing is written twice', async () => {
    await recordMore(10);
    const [one, other] = [audit, await startInstance()];
    const outcomes = await Promise.all([one.publishLog('clock'), other.publishLog('clock')]);
    expect(outcomes.map(({ size }) => size)).toEqual([10, 10]);
    expect(outcomes.map(({ published }) => published).sort()).toEqual([0, 10]);
    expect((await readCheckpoint()).size).toBe(10n);
  });

  it('that ended before its checkpoint is done again by the next, with the same files', async () => {
    await recordMore(10);
    await audit.publishLog('clock');
    const bytes = await read('tile/0/000.p/10');
    await s3.send(new DeleteObjectCommand({ Bucket: Bucket(), Key: 'checkpoint' }));
    expect(await (await startInstance()).publishLog('clock')).toEqual({ size: 10, published: 10 });
    expect(await read('tile/0/000.p/10')).toEqual(bytes);
  });

  it('signs nothing when a file is there with other content', async () => {
    await recordMore(3);
    await write('tile/0/000.p/3', Buffer.alloc(96));
    await expect(audit.publishLog('clock')).rejects.toThrow('tile/0/000.p/3 is written already');
    expect(await paths()).not.toContain('checkpoint');
  });

  it('signs nothing when an entry of the table was changed, published or not', async () => {
    await recordMore(3);
    await audit.publishLog('clock');
    await recordMore(3);
    await changeEntries(3);
    await expect(audit.publishLog('clock')).rejects.toThrow('the tree of the head');
    // A file that is wrong could never be replaced: none was written.
    expect(await paths()).not.toContain('tile/entries/000.p/6');
    await changeEntries(0);
    await expect(audit.publishLog('clock')).rejects.toThrow('the tree of the last checkpoint');
    expect((await readCheckpoint()).size).toBe(3n);
  });

  it('catches up a part at a time, without reading what the next runs will', async () => {
    await recordMore(12 * 49);
    // What is wrong is far behind: the first run publishes what is before it, and the second, which reaches it, nothing.
    await changeEntries(11 * 49, 49);
    expect(await audit.publishLog('clock', 256)).toEqual({ size: 256, published: 256 });
    expect((await readCheckpoint()).root).toEqual(await rootAt(256));
    await expect(audit.publishLog('clock', 256)).rejects.toThrow('the tree of the head');
    expect((await readCheckpoint()).size).toBe(256n);
  });

  it('catches up to the end, by clock and by size, and every part is the beginning of the next', async () => {
    await recordMore(20 * 49);
    const sizes: number[] = [];
    for (const occasion of ['clock', 'size', 'clock', 'clock'] as const) {
      const { size } = await audit.publishLog(occasion, 256);
      expect((await readCheckpoint()).root).toEqual(await rootAt(size));
      sizes.push(size);
    }
    expect(sizes).toEqual([256, 512, 768, 980]);
    const there = new Set(await paths());
    for (const tile of newTiles(0, 980)) expect(there).toContain(tilePath(tile));
  });

  it('signs no part of which an entry was changed', async () => {
    await recordMore(12 * 49);
    await changeEntries(2 * 49, 49);
    await expect(audit.publishLog('clock', 256)).rejects.toThrow('the tree of the first 294 of them');
    expect(await paths()).toEqual([]);
  });

  it('reads to the head where what was appended long ago has no tree of its own', async () => {
    await recordMore(12 * 49);
    for (let index = 0; index < 12 * 49; index += 49) await update(index, 'REMOVE root');
    expect(await audit.publishLog('clock', 256)).toEqual({ size: 256, published: 256 });
    await changeEntries(11 * 49, 49);
    await expect(audit.publishLog('clock', 256)).rejects.toThrow('the tree of the head');
  });

  it('signs nothing when the head was put back', async () => {
    await recordMore(3);
    await audit.publishLog('clock');
    await putHead(1, Buffer.alloc(32));
    await expect(audit.publishLog('clock')).rejects.toThrow('1 entries, and 3 are published');
  });
});

const putHead = (size: number, edge: Uint8Array) =>
  dynamodb.send(
    new UpdateItemCommand({
      TableName: process.env.AUDIT_TABLE_NAME,
      Key: marshall({ pk: 'head', sk: 'head' }),
      UpdateExpression: 'SET #size = :size, edge = :edge',
      ExpressionAttributeNames: { '#size': 'size' },
      ExpressionAttributeValues: marshall({ ':size': size, ':edge': edge }),
    }),
  );

/** Replaces entries that were appended together by as many others. */
async function changeEntries(index: number, count = 3): Promise<void> {
  const others = Array.from({ length: count }, (_, i) => Buffer.from(`entry ${i}`));
  await update(index, 'SET deflated = :entries', { ':entries': deflateRawSync(encodeBundle(others)) });
}

async function update(index: number, expression: string, values?: Record<string, unknown>): Promise<void> {
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: process.env.AUDIT_TABLE_NAME,
      Key: marshall({ pk: 'entries', sk: String(index).padStart(16, '0') }),
      UpdateExpression: expression,
      ...(values && { ExpressionAttributeValues: marshall(values) }),
    }),
  );
}

/** The root of the tree over the first entries, as they were appended. */
async function rootAt(size: number): Promise<Uint8Array> {
  const leaves: Uint8Array[] = [];
  for await (const { entries } of audit.readEntries(0)) leaves.push(...entries.map(leafHash));
  return rootOf(extend(emptyEdge, leaves.slice(0, size)));
}

it('an event that was changed beside the log is not proven, although its seal is right', async () => {
  const original = receivedOf('pay_forged', 1);
  await audit.record([original]);
  await audit.publishLog('clock');
  const { opened } = (await audit.loadOpenable('acme', 'pay_forged:1')) ?? {};
  if (!opened || opened === 'broken') throw new Error('it cannot be read');
  const forged = { ...original, text: original.text.replace('100', '1') };
  const { sealed } = itemOf(forged, opened.key, 0, '2026-11-23T10:00:01.000Z');
  await dynamodb.send(
    new UpdateItemCommand({
      TableName: process.env.AUDIT_TABLE_NAME,
      Key: marshall({ pk: 'acme#pay_forged', sk: '0000000001' }),
      UpdateExpression: 'SET sealed = :sealed',
      ExpressionAttributeValues: marshall({ ':sealed': sealed }),
    }),
  );
  await expect(proofOf('pay_forged:1')).rejects.toThrow('not the one that the log has');
});

describe('the witness', () => {
  const now = new Date('2026-11-23T12:00:00.900Z');

  it('cosigns what is published, and readers get its signature behind the log’s', async () => {
    const [id = ''] = await recordMore(1);
    expect(await audit.witness(now)).toEqual({ size: 0 });
    await audit.publishLog('clock');
    expect((await audit.publishedCheckpoint(new Date()))?.note).toBe(await readNote());
    expect(await audit.witness(now)).toEqual({ size: 1 });
    const keys = [await logKey(), await witnessKey()];
    const { note = '' } = (await audit.publishedCheckpoint(new Date())) ?? {};
    expect(openCheckpoint(note, origin(), keys).signatures).toMatchObject([
      { name: origin() },
      { name: `${origin()}/witness`, timestamp: 1_795_435_200n },
    ]);
    // The next checkpoint is not cosigned yet, and proves less of an event than the one before.
    await recordMore(1);
    await audit.publishLog('clock');
    expect((await audit.publishedCheckpoint(new Date()))?.size).toBe(2);
    // What the witness signed less than a minute ago is enough for readers who ask for no entry.
    expect((await audit.publishedCheckpoint(new Date('2026-11-23T12:00:59Z')))?.size).toBe(1);
    expect((await audit.publishedCheckpoint(new Date('2026-11-23T12:01:01Z')))?.size).toBe(2);
    expect(verifyProofOf(await proofOf(id), keys)).toMatchObject({ size: 1n, signatures: [{}, {}] });
    expect(await audit.witness(now)).toEqual({ size: 2 });
    expect(await audit.witness(now)).toEqual({ size: 2 });
  });

  const verifyProofOf = (proof = '', keys: string[] = []) =>
    verifyProof(proof, leafHash(Buffer.from(openingIn(proof).entry)), keys, origin());

  it('cosigns a quiet log again when the log has published it again, and not while the log cannot be signed', async () => {
    const later = new Date('2026-11-23T12:05:00.000Z');
    const signedAt = async () => {
      const { note = '' } = (await audit.publishedCheckpoint(later)) ?? {};
      const { signatures } = openCheckpoint(note, origin(), [await logKey(), await witnessKey()]);
      return Number(signatures.find(({ name }) => name.endsWith('/witness'))?.timestamp) * 1000;
    };
    await recordMore(2);
    await audit.publishLog('clock');
    await audit.witness(now);
    const first = await signedAt();
    expect(await audit.witness(later)).toEqual({ size: 2 });
    expect(await signedAt()).toBe(first);

    // S3 tells in whole seconds when a file was written.
    const { writtenAt } = (await audit.readFile('checkpoint')) as { writtenAt: string };
    await expect
      .poll(
        async () => {
          expect(await audit.publishLog('clock')).toEqual({ size: 2, published: 0 });
          return (await audit.readFile('checkpoint'))?.writtenAt;
        },
        { timeout: 5000 },
      )
      .not.toBe(writtenAt);
    expect(await audit.witness(later)).toEqual({ size: 2 });
    expect(await signedAt()).toBe(later.getTime());

    // As many entries, and others.
    await putHead(2, Buffer.alloc(32));
    await expect(audit.publishLog('clock')).rejects.toThrow('the tree of the last checkpoint');
    await audit.witness(new Date('2026-11-23T12:06:00.000Z'));
    expect(await signedAt()).toBe(later.getTime());
  });

  it('that is slow remembers nothing over what another run remembered since', async () => {
    await recordMore(1);
    await audit.publishLog('clock');
    await audit.witness(now);
    const compared = await audit.loadCosigned();
    await recordMore(1);
    await audit.publishLog('clock');
    await audit.witness(now);
    const newest = await audit.loadCosigned();
    if (!compared || !newest) throw new Error('the witness remembers nothing');
    expect(await audit.replaceCosigned({ ...compared, note: 'slow' }, compared)).toBe(false);
    expect(await audit.replaceCosigned({ ...compared, note: 'first' }, undefined)).toBe(false);
    expect(await audit.loadCosigned()).toEqual(newest);
  });

  it('signs no older checkpoint, no other tree and nothing by another, whatever the log does', async () => {
    await recordMore(2);
    await audit.publishLog('clock');
    const older = await read('checkpoint');
    await recordMore(3);
    await audit.publishLog('clock');
    await audit.witness(now);
    const { note } = (await audit.publishedCheckpoint(new Date())) ?? {};

    await write('checkpoint', older);
    await expect(audit.witness(now)).rejects.toThrow('size1 5 is larger than size2 2');
    await write('checkpoint', await signedByTheLog(5));
    await expect(audit.witness(now)).rejects.toThrow('the log has forked');
    await recordMore(1);
    await write('checkpoint', await signedByTheLog(6));
    await expect(audit.witness(now)).rejects.toThrow('is missing');
    const stranger = (await readNote()).replaceAll(/ [A-Za-z0-9+/=]{80,}\n/g, ` ${'A'.repeat(91)}=\n`);
    await write('checkpoint', Buffer.from(stranger));
    await expect(audit.witness(now)).rejects.toThrow('note');
    await s3.send(new DeleteObjectCommand({ Bucket: Bucket(), Key: 'checkpoint' }));
    await expect(audit.witness(now)).rejects.toThrow('no checkpoint');

    await write('checkpoint', Buffer.from(note ?? ''));
    expect(await audit.witness(now)).toEqual({ size: 5 });
  });

  /** A checkpoint that the log's own key signed, of a tree that the log never was. */
  async function signedByTheLog(size: number): Promise<Uint8Array> {
    const text = formatCheckpoint({ origin: origin(), size, root: Buffer.alloc(32, size) });
    const keyId = String(process.env.LOG_SIGNING_KEY_IDS);
    const { publicKey, signature } = await audit.sign(keyId, Buffer.from(text));
    const line = noteSignature(origin(), publicKey, signature);
    return Buffer.from(assembleNote(text, [line]));
  }
});

describe('erasing', () => {
  const order = { merchantId: 'acme', reason: 'request 1', operationId: 'op_1' };

  it('makes a payment’s events unreadable, in the log and for guesses, and leaves every proof as it was', async () => {
    const paymentId = 'pay_erased';
    const invoiced = receivedOf('inv_erased', 1, { data: { paymentId, customer: { name: 'Ada' } } });
    const others = await recordMore(2);
    await audit.record([receivedOf(paymentId, 1), invoiced]);
    await audit.publishLog('clock');
    const proof = String(await proofOf(`${paymentId}:1`));
    const note = await readNote();

    expect(await audit.eraseSubject({ ...order, subject: 'inv_erased' }, new Date())).toMatchObject([
      { dataSubject: paymentId, operationId: 'op_1' },
    ]);
    for (const id of [`${paymentId}:1`, 'inv_erased:1']) {
      expect(await audit.load('acme', id)).toMatchObject({ id });
      expect(await audit.load('acme', id)).not.toHaveProperty('text');
    }
    for (const id of others) expect(await audit.load('acme', id)).toHaveProperty('text');

    expect(await audit.publishLog('clock')).toMatchObject({ published: 0 });
    expect(await readNote()).toBe(note);
    const keys = [await logKey()];
    const entry = Buffer.from(openingIn(proof).entry);
    verifyProof(proof, leafHash(entry), keys, origin());
    const again = String(await proofOf(`${paymentId}:1`));
    expect(openingIn(again)).toEqual({ entry: entry.toString(), version: 1 });
    verifyProof(again, leafHash(entry), keys, origin());
  });

  it('ordered twice is done once, and says so', async () => {
    await audit.record([receivedOf('pay_twice', 1)]);
    const once = await audit.eraseSubject({ ...order, subject: 'pay_twice' }, new Date());
    const again = await audit.eraseSubject(
      { ...order, subject: 'pay_twice', operationId: 'op_2' },
      new Date(),
    );
    expect(again).toEqual(once);
  });

  it('repeated makes what was recorded in between unreadable as well, and says nothing else than before', async () => {
    await audit.record([receivedOf('pay_repeated', 1)]);
    const [once] = await audit.eraseSubject({ ...order, subject: 'pay_repeated' }, new Date(1));
    await audit.record([receivedOf('pay_repeated', 2)]);
    expect(await audit.eraseSubject({ ...order, subject: 'pay_repeated' }, new Date(2))).toEqual([once]);
    expect(await audit.load('acme', 'pay_repeated:2')).not.toHaveProperty('text');
  });

  it('is done of what belongs to a payment with a name that no order could have', async () => {
    await audit.record([receivedOf('inv_odd', 1, { data: { paymentId: 'zahlung ä' } })]);
    expect(await audit.eraseSubject({ ...order, subject: 'inv_odd' }, new Date())).toMatchObject([
      { dataSubject: 'inv_odd' },
    ]);
    expect(await audit.load('acme', 'inv_odd:1')).not.toHaveProperty('text');
  });

  it('does not affect other ids with the same beginning', async () => {
    await audit.record([receivedOf('pay_1', 1), receivedOf('pay_1#b', 1)]);
    await audit.eraseSubject({ ...order, subject: 'pay_1#b' }, new Date());
    expect(await audit.eraseSubject({ ...order, subject: 'pay_1' }, new Date())).toMatchObject([
      { dataSubject: 'pay_1' },
    ]);
  });

  it('is refused of an unknown subject, another merchant’s included', async () => {
    await audit.record([receivedOf('pay_other', 1, { merchantid: 'umbrella' })]);
    for (const subject of ['pay_nobody', 'pay_other']) {
      await expect(audit.eraseSubject({ ...order, subject }, new Date())).rejects.toThrow(
        `Nothing is recorded of ${subject} of acme`,
      );
    }
    expect(await audit.load('umbrella', 'pay_other:1')).toHaveProperty('text');
  });

  it('is no way to be recorded again, and later events can be read', async () => {
    const [first, second] = [receivedOf('pay_back', 1), receivedOf('pay_back', 2)];
    await audit.record([first]);
    await audit.eraseSubject({ ...order, subject: 'pay_back' }, new Date());
    expect(await audit.record([first, second])).toEqual(new Map());
    expect(await audit.load('acme', 'pay_back:1')).not.toHaveProperty('text');
    expect(await audit.load('acme', 'pay_back:2')).toMatchObject({ text: second.text, position: 1 });
    expect(
      await audit.eraseSubject({ ...order, subject: 'pay_back', operationId: 'op_2' }, new Date()),
    ).toHaveLength(2);
    expect(await audit.load('acme', 'pay_back:2')).not.toHaveProperty('text');
  });
});
