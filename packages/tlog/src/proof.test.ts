import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCheckpoint } from './checkpoint.ts';
import { leafHash, ProofError } from './merkle.ts';
import { cosignatureMessage, NoteError, noteCosignature, signatureTypes, signNote } from './note.ts';
import { keyOf } from './noteFixtures.ts';
import { formatProof, parseProof, verifyProof } from './proof.ts';
import { entriesOf, MTH, PATH } from './rfcFixtures.ts';

const log = keyOf('example.com/fancylog', 1);
const entries = entriesOf(13);
const leaf = leafHash(entries[5] as Uint8Array);
const root = MTH(entries);
const checkpointText = formatCheckpoint({ origin: log.name, size: 13, root });
const checkpoint = signNote(checkpointText, log.signerKey);
const proof = PATH(5, entries);
const extra = Buffer.from('{"version":1}');
const file = formatProof({ extra, index: 5, proof, checkpoint });
const hashLines = proof.map((hash) => `${Buffer.from(hash).toString('base64')}\n`).join('');

describe('A proof file', () => {
  test('has the lines of the specification', () => {
    expect(file).toBe(
      `c2sp.org/tlog-proof@v1\nextra eyJ2ZXJzaW9uIjoxfQ==\nindex 5\n${hashLines}\n${checkpoint}`,
    );
    expect(formatProof({ index: 5n, proof, checkpoint })).toBe(
      `c2sp.org/tlog-proof@v1\nindex 5\n${hashLines}\n${checkpoint}`,
    );
  });

  test('is read as the example of the specification, whose checkpoint and extra data are shortened there', () => {
    const example =
      'c2sp.org/tlog-proof@v1\nindex 73894\ngSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\nB95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\nEKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=\nRoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=\nAHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=\n\nexample.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n— example.com/fancylog hI2DJw[...]1roloI=\n';
    const parsed = parseProof(example);
    expect(parsed).toMatchObject({ index: 73_894n });
    expect(parsed.extra).toBeUndefined();
    expect(parsed.proof).toHaveLength(5);
    expect(parsed.checkpoint).toMatch(/^example\.com\/fancylog\n109482\n.*roloI=\n$/s);
    expect(formatProof(parsed)).toBe(example);
  });

  test('gives back what it was made of', () => {
    const parts = fc.record(
      {
        extra: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
        index: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        proof: fc.array(
          fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
          { maxLength: 64 },
        ),
        checkpoint: fc.constantFrom(checkpoint, '', '\n\n', 'index 1\n\n'),
      },
      { requiredKeys: ['index', 'proof', 'checkpoint'] },
    );
    fc.assert(
      fc.property(parts, (each) => {
        expect(parseProof(formatProof(each))).toEqual(each);
      }),
    );
  });

  const first = hashLines.split('\n')[0];
  const none = 'proof file has no line with an index that is a decimal below 2^64';
  const noHash = 'hash 0 of the proof file is not 32 bytes in base64';
  const start = 'c2sp.org/tlog-proof@v1\n';
  test.each<[string, string, string]>([
    ['no text', '', 'proof file has no blank line before its checkpoint'],
    ['another text', 'hello\n\nworld\n', 'proof file does not begin with the line c2sp.org/tlog-proof@v1'],
    [
      'another version',
      file.replace('@v1', '@v2'),
      'proof file does not begin with the line c2sp.org/tlog-proof@v1',
    ],
    ['a space before it', ` ${file}`, 'proof file does not begin with the line c2sp.org/tlog-proof@v1'],
    ['carriage returns', file.replaceAll('\n', '\r\n'), 'proof file has no blank line before its checkpoint'],
    ['no checkpoint', `${start}index 5\n`, 'proof file has no blank line before its checkpoint'],
    ['no index', `${start}\n${checkpoint}`, none],
    ['an empty index', `${start}index \n\n${checkpoint}`, none],
    ['a negative index', `${start}index -1\n\n${checkpoint}`, none],
    ['a leading zero', `${start}index 05\n\n${checkpoint}`, none],
    ['an index of 2^64', `${start}index 18446744073709551616\n\n${checkpoint}`, none],
    ['an index after a hash', `${start}${first}\nindex 5\n\n${checkpoint}`, none],
    ['two extra lines', file.replace('index', 'extra AA==\nindex'), none],
    ['an index before the extra line', `${start}index 5\nextra AA==\n\n${checkpoint}`, noHash],
    [
      'extra data that are no base64',
      file.replace('extra ', 'extra !'),
      'proof file has an extra line that is no base64',
    ],
    ['a hash in hexadecimal', `${start}index 0\n${'ab'.repeat(32)}\n\n${checkpoint}`, noHash],
    [
      'a hash of 31 bytes',
      `${start}index 0\n${Buffer.alloc(31).toString('base64')}\n\n${checkpoint}`,
      noHash,
    ],
    ['a hash and a space', `${start}index 0\n${first} \n\n${checkpoint}`, noHash],
    [
      '65 hashes',
      `${start}index 0\n${`${first}\n`.repeat(65)}\n${checkpoint}`,
      'proof file has more than 64 hashes',
    ],
    [
      '65 hashes and extra data',
      `${start}extra AA==\nindex 0\n${`${first}\n`.repeat(65)}\n${checkpoint}`,
      'proof file has more than 64 hashes',
    ],
    [
      '20,000 hashes',
      `${start}index 0\n${`${first}\n`.repeat(20_000)}\n${checkpoint}`,
      'proof file has more than 64 hashes',
    ],
    [
      'a million hashes',
      `${start}index 0\n${`${first}\n`.repeat(1_000_000)}\n${checkpoint}`,
      `proof file is ${45_000_032 + checkpoint.length} characters; it may have 1048576`,
    ],
    [
      'a million characters without a line',
      'x'.repeat(1_000_000),
      'proof file has no blank line before its checkpoint',
    ],
  ])('is refused with %s', (_what, text, message) => {
    expect(() => parseProof(text)).toThrow(new ProofError(message));
  });

  test.each<[string, Partial<Parameters<typeof formatProof>[0]>, string]>([
    ['half an index', { index: 0.5 }, 'index 0.5 is no whole number from 0 to 2^64 - 1'],
    ['a short hash', { proof: [Buffer.alloc(31)] }, 'hash 0 of the proof file is not 32 bytes in base64'],
    ['65 hashes', { proof: new Array(65).fill(root) }, 'proof file has more than 64 hashes'],
    [
      'a megabyte of extra data',
      { extra: Buffer.alloc(1_000_000) },
      `proof file is ${file.length - 20 + 1_333_336} characters; it may have 1048576`,
    ],
  ])('is not made with %s', (_what, change, message) => {
    expect(() => formatProof({ extra, index: 5, proof, checkpoint, ...change })).toThrow(
      new ProofError(message),
    );
  });
});

describe('A proof', () => {
  const keys = [log.verifierKey];

  test('tells where the entry is, in which tree, and what the file carries along', () => {
    expect(verifyProof(file, leaf, keys, log.name)).toEqual({
      index: 5n,
      size: 13n,
      root,
      signatures: [{ name: log.name, keyHash: log.keyHash }],
      extra,
    });
  });

  test('tells when a witness saw the tree', () => {
    const witness = keyOf(`${log.name}/witness`, 2, signatureTypes.cosignatureV1);
    const signature = witness.sign(cosignatureMessage(1_000, checkpointText));
    const seen = file + noteCosignature(witness.name, witness.publicKey, 1_000, signature);
    const { signatures } = verifyProof(seen, leaf, [...keys, witness.verifierKey], log.name);
    expect(signatures.map(({ timestamp }) => timestamp)).toEqual([undefined, 1_000n]);
  });

  test('of the only entry of a log needs no hash', () => {
    const only = signNote(formatCheckpoint({ origin: log.name, size: 1, root: leaf }), log.signerKey);
    const text = formatProof({ index: 0, proof: [], checkpoint: only });
    expect(verifyProof(text, leaf, keys, log.name)).toMatchObject({ index: 0n, size: 1n });
  });

  test('that differs in any character after its extra data is refused', () => {
    const from = file.indexOf('index');
    for (let n = from; n < file.length; n += 1) {
      const other = file[n] === 'A' ? 'B' : 'A';
      const changed = file.slice(0, n) + other + file.slice(n + 1);
      expect(() => verifyProof(changed, leaf, keys, log.name)).toThrow(/./);
    }
  });

  test.each<[string, () => void, Error]>([
    [
      'another entry',
      () => verifyProof(file, leafHash(entries[6] as Uint8Array), keys, log.name),
      new ProofError('root is not the one that leaf hash and proof lead to'),
    ],
    [
      'another place',
      () => verifyProof(file.replace('index 5', 'index 4'), leaf, keys, log.name),
      new ProofError('root is not the one that leaf hash and proof lead to'),
    ],
    [
      'a place outside the tree',
      () => verifyProof(file.replace('index 5', 'index 13'), leaf, keys, log.name),
      new ProofError('index 13 is outside a tree of size 13'),
    ],
    [
      'another log',
      () => verifyProof(file, leaf, keys, 'example.com/log'),
      new NoteError('checkpoint is of origin example.com/fancylog, not of example.com/log'),
    ],
    [
      'another size',
      () => verifyProof(file.replace('\n13\n', '\n14\n'), leaf, keys, log.name),
      new NoteError(`signature of known key ${log.name}+${log.keyHash} is wrong`),
    ],
    [
      'no known key',
      () => verifyProof(file, leaf, [keyOf(log.name, 9).verifierKey], log.name),
      new NoteError(`note is signed by none of the 1 known keys, but by ${log.name}+${log.keyHash}`),
    ],
    [
      'no checkpoint',
      () => verifyProof(`${file.slice(0, file.indexOf('\n\n'))}\n\n`, leaf, keys, log.name),
      new NoteError('note has no blank line between text and signatures'),
    ],
  ])('is refused for %s', (_what, verify, error) => {
    expect(verify).toThrow(error);
  });
});
