import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { formatCheckpoint } from '@fanfold/tlog/checkpoint';
import { emptyEdge, encodeEdge, extend, leafHash, rootOf } from '@fanfold/tlog/merkle';
import { assembleNote, cosignatureMessage, noteCosignature, noteSignature } from '@fanfold/tlog/note';
import { formatProof } from '@fanfold/tlog/proof';
import { encodeBundle, encodeTile } from '@fanfold/tlog/tile';
import { formatKey, parseKey } from '@fanfold/verify/key';
import { WitnessFake } from '@fanfold/witness-fake/witnessFake';
import { beforeEach, describe, expect, it } from 'vitest';
import { cosigningBreaches, fillerEntry, LogWatch, logBreaches, proofBreaches } from './log.ts';

const origin = 'log.example';
const [log, witness] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
const rawKey = (key: KeyObject) => Buffer.from(String(key.export({ format: 'jwk' }).x), 'base64url');
const keys = {
  log: await parseKey(await formatKey(origin, 'log', rawKey(log.publicKey))),
  witness: await parseKey(await formatKey(`${origin}/witness`, 'witness', rawKey(witness.publicKey))),
};

const entries = [0, 1, 2].map(fillerEntry);
const edgeOf = (size: number) => extend(emptyEdge, entries.slice(0, size).map(leafHash));
const rootAt = (size: number) => rootOf(edgeOf(size));
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
const textAt = (size: number, root = rootAt(size)) => formatCheckpoint({ origin, size, root });
const signedNote = (text: string) => {
  const signature = sign(null, Buffer.from(text), log.privateKey);
  return assembleNote(text, [noteSignature(origin, rawKey(log.publicKey), signature)]);
};

let watch: LogWatch;
let files: Map<string, Buffer>;
let items: Record<string, unknown>[];

/** Each call is a command of its own, unless this is set back. */
let commandId = 0;

const did = (operation: string, target: string, body: object, path = '/'): void => {
  commandId++;
  watch.see(
    {
      functionName: 'audit.any',
      operation,
      target: `fanfold-local-${target}`,
      protocol: 's3',
      commandId: String(commandId),
      method: 'POST',
      path,
      headers: {},
      body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
    },
    { status: 200, headers: {}, body: '' },
  );
};

const append = (size: number) => {
  const head = { Key: { pk: { S: 'head' } }, ExpressionAttributeValues: { ':newSize': { N: String(size) } } };
  did('TransactWriteItems', 'audit', { TransactItems: [{ Update: head }] });
};
const signs = (text: string) => did('Sign', 'audit-log', { Message: base64(Buffer.from(text)) });
const writes = (path: string, bytes: Uint8Array) => {
  files.set(path, Buffer.from(bytes));
  const kind = path.split('/')[0];
  did('PutObject', `audit-log/${kind}`, Buffer.from(bytes), `/fanfold-local-audit-log-000000000000/${path}`);
};
const remembers = (size: number) =>
  did('PutItem', 'audit-witness', {
    Item: { size: { N: String(size) }, root: { B: base64(rootAt(size)) } },
  });
const notes = (highest: number) =>
  writes('given/series', Buffer.from(JSON.stringify({ merchantId: 'acme', name: 'INV-2026', highest })));
const counts = (highest: number) => {
  const Item = { pk: { S: 'series:0' }, sk: { S: 'acme#INV-2026' }, highest: { N: String(highest) } };
  did('TransactWriteItems', 'audit', { TransactItems: [{ Put: { Item } }] });
};
const writesCheckpoint = (size: number) => writes('checkpoint', Buffer.from(signedNote(textAt(size))));

function publish(size: number): void {
  writes(`tile/entries/000.p/${size}`, encodeBundle(entries.slice(0, size)));
  writes(`tile/0/000.p/${size}`, encodeTile(entries.slice(0, size).map(leafHash)));
  signs(textAt(size));
  writesCheckpoint(size);
  signs(`cosignature/v1\ntime 1\n${textAt(size)}`);
  remembers(size);
}

const breaches = () => logBreaches(watch, items as never, async (path) => files.get(path), keys);

beforeEach(() => {
  watch = new LogWatch();
  files = new Map();
  items = [
    { pk: 'head', size: 3, edge: base64(encodeEdge(edgeOf(3))) },
    {
      pk: 'entries',
      sk: '0000000000000002',
      count: 1,
      deflated: base64(deflateRawSync(encodeBundle(entries.slice(2)))),
    },
    {
      pk: 'entries',
      sk: '0000000000000000',
      count: 2,
      entries: base64(encodeBundle(entries.slice(0, 2))),
    },
    ...[0, 1, 2].map((position) => ({ pk: 'acme#pay', position })),
  ];
  append(2);
  publish(2);
  append(3);
  publish(3);
});

describe('a log', () => {
  it('that only grew, and was published and cosigned as it did, keeps the promise', async () => {
    // The quiet log is published and cosigned again.
    writesCheckpoint(3);
    signs(`cosignature/v1\ntime 2\n${textAt(3)}`);
    remembers(3);
    notes(3);
    counts(3);
    expect(watch.isWitnessed).toBe(true);
    expect(await breaches()).toEqual([]);
  });

  it.each<[string, () => void, string]>([
    ['has two roots of one size', () => signs(textAt(2, rootAt(3))), 'two roots for one size: 2'],
    [
      'is signed otherwise than it is',
      () => signs(textAt(1, rootAt(3))),
      'signature of 1 entries is not of the beginning',
    ],
    [
      'is cosigned otherwise than it is',
      () => signs(`cosignature/v1\ntime 1\n${textAt(1, rootAt(2))}`),
      'cosignature of 1 entries is not of the beginning',
    ],
    [
      'is signed before its head has moved',
      () => signs(textAt(4, rootAt(3))),
      'a tree of 4 entries was signed, and the head had 3',
    ],
    ['goes back', () => writesCheckpoint(2), 'the checkpoint went from 3 to 2'],
    [
      'has a checkpoint whose write comes twice and takes effect twice',
      () => {
        // The one that published 3: after it came the cosignature and the witness's memory.
        commandId -= 3;
        writesCheckpoint(3);
      },
      'the checkpoint was replaced twice by one command',
    ],
    ['is forgotten by its witness', () => remembers(2), "the witness's memory went from 3 to 2"],
    [
      'has a file with two contents',
      () => writes('tile/0/000.p/2', Buffer.alloc(64)),
      'tile/0/000.p/2 was written twice, differently',
    ],
    [
      'notes that fewer numbers were given than before',
      () => {
        for (const highest of [3, 2]) notes(highest);
      },
      'what the bucket notes of acme#INV-2026 went from 3 to 2',
    ],
    [
      'counts a number that the bucket has not noted',
      () => {
        notes(3);
        counts(4);
      },
      'the table counts acme#INV-2026 up to 4, and the bucket has noted 3',
    ],
    [
      'has a file that is written again',
      () => writes('tile/0/000.p/3', encodeTile(entries.map(leafHash))),
      'tile/0/000.p/3 was written twice',
    ],
    ['lost a file', () => files.delete('tile/entries/000.p/3'), 'tile/entries/000.p/3'],
    ['has a file that was replaced', () => files.set('tile/0/000.p/3', Buffer.alloc(96)), 'tile/0/000.p/3'],
    [
      'has another head',
      () => Object.assign(items[0] as object, { size: 4 }),
      'the head has 4 entries, and there are 3',
    ],
    [
      'has another edge',
      () => Object.assign(items[0] as object, { edge: base64(Buffer.alloc(64)) }),
      'the edge of the head is not that of the entries',
    ],
    ['has a gap', () => Object.assign(items[1] as object, { sk: '3' }), 'entries begin at 3, not at 2'],
    ['has two events at one entry', () => items.push({ pk: 'x', position: 2 }), 'have events at 0, 1, 2, 2'],
    [
      'is not published to its end',
      () =>
        items.push({
          pk: 'entries',
          sk: '3',
          count: 1,
          deflated: base64(deflateRawSync(encodeBundle([fillerEntry(3)]))),
        }),
      '3 of 4 entries are published, and 3 cosigned',
    ],
  ])('that %s does not', async (_what, breakIt, breach) => {
    breakIt();
    expect(await breaches()).toContainEqual(expect.stringContaining(breach));
  });

  it.each<[string, () => void]>([
    ['signed', () => signs(textAt(3))],
    ['published', () => writesCheckpoint(3)],
  ])('whose checkpoint is %s before its files are written does not', async (done, vouch) => {
    watch = new LogWatch();
    append(3);
    vouch();
    expect(await breaches()).toContain(
      `I6 a checkpoint of 3 entries was ${done} before tile/entries/000.p/3 was written`,
    );
  });

  describe('whose table was put back', () => {
    const waiting = (isFilled?: true) => ({
      pk: 'open',
      position: 2,
      entry: String(entries[2]),
      ...(isFilled && { isFilled }),
    });

    it('keeps the promise when its event came back to the entry that waited for it', async () => {
      items.push(waiting(true));
      expect(await breaches()).toEqual([]);
    });

    it('does not when the event of an entry is lost that a publisher has', async () => {
      items = [...items.filter(({ position }) => position !== 2), waiting()];
      watch.mayBeLost = (type) => type !== 'nothing.said.v1';
      expect(await breaches()).toEqual(['I6 the event of entry 2 is lost: nothing.said.v1']);
      watch.mayBeLost = () => true;
      expect(await breaches()).toEqual([]);
    });

    it('is signed again when its head is restored, and cosigned before', async () => {
      const restore = (size: number) =>
        did('UpdateItem', 'audit', {
          Key: { pk: { S: 'head' } },
          ExpressionAttributeValues: { ':size': { N: String(size) } },
        });
      watch.headSize = 2;
      signs(`cosignature/v1\ntime 2\n${textAt(3)}`);
      expect(await breaches()).toEqual([]);
      restore(3);
      signs(textAt(3));
      expect(await breaches()).toEqual([]);
      restore(2);
      signs(textAt(3));
      expect(await breaches()).toEqual(['I6 a tree of 3 entries was signed, and the head had 2']);
    });
  });

  it('has the head of its last transaction, also when one before it comes again, which is answered and not done', () => {
    append(4);
    const first = commandId;
    append(5);
    commandId = first - 1;
    append(4);
    expect(watch.headSize).toBe(5);
  });

  it('may begin with entries that are nobody’s', async () => {
    watch = new LogWatch(3);
    items = items.filter(({ position }) => position === undefined);
    publish(3);
    expect(await breaches()).toEqual([]);
  });
});

describe('a proof', () => {
  const entry = entries[0] as Buffer;
  const note = signedNote(formatCheckpoint({ origin, size: 1, root: leafHash(entry) }));
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1);
  const cosignature = sign(null, cosignatureMessage(1, text), witness.privateKey);
  const line = noteCosignature(`${origin}/witness`, rawKey(witness.publicKey), 1, cosignature);
  const extra = Buffer.from(JSON.stringify({ entry: entry.toString(), version: 1 }));
  const proof = formatProof({ extra, index: 0, proof: [], checkpoint: note + line });
  const unwitnessed = formatProof({ extra, index: 0, proof: [], checkpoint: note });
  const expected = { id: 'pay_1:1', position: 0, isErased: true };

  it('that log and witness have signed, of this event, is one', async () => {
    expect(await proofBreaches(expected, proof, keys)).toEqual([]);
  });

  it.each([
    ['is of another entry', { ...expected, position: 1 }, proof, 'proves {"index":0'],
    ['does not have an event that was not erased', { ...expected, isErased: false }, proof, '"id":"erased"'],
    ['no witness has seen', expected, unwitnessed, 'has not signed the checkpoint'],
  ])('that %s is none', async (_what, of, file, breach) => {
    expect(await proofBreaches(of, file, keys)).toEqual([expect.stringContaining(breach)]);
  });
});

describe('the cosignatures of witnesses outside', () => {
  const collects = (size: number, timestamp: number) => {
    const collected = { M: { size: { N: String(size) }, timestamp: { N: String(timestamp) } } };
    const Key = { pk: { S: 'cosignatures' }, sk: { S: 'witness:w' } };
    did('UpdateItem', 'audit', { Key, ExpressionAttributeValues: { ':collected': collected } });
  };
  const hasQuorum = (size: number, at: string) => {
    const pk = { S: 'cosignatures' };
    const Item = { pk, sk: { S: 'quorum' }, size: { N: String(size) }, collectedAt: { S: at } };
    did('PutItem', 'audit', { Item });
  };

  it('go forward, unless the table was put back', () => {
    for (const [size, time] of [
      [1, 5],
      [1, 5],
      [1, 6],
      [2, 6],
    ] as const) {
      collects(size, time);
      hasQuorum(size, `T0${time}`);
    }
    watch.forgetCosignatures();
    collects(1, 5);
    hasQuorum(1, 'T05');
    expect(watch.breaches).toEqual([]);
    collects(1, 4);
    collects(0, 9);
    hasQuorum(1, 'T04');
    expect(watch.breaches).toEqual([
      'the cosignatures witness:w went from 1 at 5 to 1 at 4',
      'the cosignatures witness:w went from 1 at 4 to 0 at 9',
      'the cosignatures quorum went from 1 at T05 to 1 at T04',
    ]);
  });

  it('are of all that is published, and of no other log', async () => {
    const outside = new WitnessFake({ logKeys: [await formatKey(origin, 'log', rawKey(log.publicKey))] });
    const show = (note: string, old: number) => outside.addCheckpoint(`old ${old}\n\n${note}`)?.body ?? '';
    const note = signedNote(textAt(1));
    const cosigned = note + show(note, 0);
    expect(cosigningBreaches(cosigned, outside, 1)).toEqual([]);
    expect(cosigningBreaches(cosigned, outside, 2)).toEqual(['I6 readers get 1 of 2 entries cosigned']);
    expect(cosigningBreaches(note, outside, 1)).toEqual([
      expect.stringContaining('I6 readers get no cosignature of the witness outside'),
    ]);
    show(signedNote(textAt(1, rootAt(2))), 1);
    expect(cosigningBreaches(cosigned, outside, 1)).toEqual([
      expect.stringContaining('I6 a witness was shown another log'),
    ]);
  });
});
