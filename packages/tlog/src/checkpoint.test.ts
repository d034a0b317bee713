import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { emptyRoot, leafHash } from './merkle.ts';
import {
  assembleNote,
  cosignatureMessage,
  NoteError,
  noteCosignature,
  signatureTypes,
  signNote,
} from './note.ts';
import { keyOf } from './noteFixtures.ts';

const sofa = {
  text: 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
  checkpoint: {
    origin: 'example.com/behind-the-sofa',
    size: 20_852_163n,
    root: Buffer.from('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=', 'base64'),
    extensions: [],
  },
};

describe('A checkpoint is its three lines', () => {
  test('as in the example of the specification', () => {
    expect(parseCheckpoint(sofa.text)).toEqual(sofa.checkpoint);
    expect(formatCheckpoint(sofa.checkpoint)).toBe(sofa.text);
  });

  test("as in the tests of Go's checksum database", () => {
    const text = 'go.sum database tree\n123456789012\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\n';
    const root = leafHash(Buffer.from('hello world'));
    expect(formatCheckpoint({ origin: 'go.sum database tree', size: 123_456_789_012, root })).toBe(text);
    expect(parseCheckpoint(text)).toMatchObject({ size: 123_456_789_012n, root });
  });

  test('of an empty tree, and of the largest one', () => {
    for (const size of [0n, 2n ** 64n - 1n]) {
      const text = formatCheckpoint({ origin: 'a', size, root: emptyRoot });
      expect(text).toBe(`a\n${size}\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`);
      expect(parseCheckpoint(text)).toEqual({ origin: 'a', size, root: emptyRoot, extensions: [] });
    }
  });

  test('and what the log adds to them', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((each) => !each.includes('\n'));
    const checkpoint = fc.record({
      origin: line,
      size: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
      extensions: fc.array(line, { maxLength: 5 }),
    });
    fc.assert(
      fc.property(checkpoint, (each) => {
        expect(parseCheckpoint(formatCheckpoint(each))).toEqual(each);
      }),
    );
  });
});

describe('A checkpoint is refused', () => {
  const [origin, size, root] = sofa.text.split('\n') as [string, string, string];
  const sizeMessage = 'checkpoint has a size that is no decimal below 2^64';
  const rootMessage = 'checkpoint has a root that is not 32 bytes in base64';
  const endMessage = 'checkpoint has not three lines that end with a newline';
  test.each<[string, string, string]>([
    ['no text', '', endMessage],
    ['two lines', `${origin}\n${size}\n`, endMessage],
    ['an end without a newline', sofa.text.slice(0, -1), endMessage],
    ['no origin', `\n${size}\n${root}\n`, 'checkpoint has no origin'],
    ['no size', `${origin}\n\n${root}\n`, sizeMessage],
    ['a leading zero', `${origin}\n0${size}\n${root}\n`, sizeMessage],
    ['a plus', `${origin}\n+${size}\n${root}\n`, sizeMessage],
    ['a minus', `${origin}\n-1\n${root}\n`, sizeMessage],
    ['a space', `${origin}\n${size} \n${root}\n`, sizeMessage],
    ['a hexadecimal size', `${origin}\n0x10\n${root}\n`, sizeMessage],
    ['an exponent', `${origin}\n1e3\n${root}\n`, sizeMessage],
    ['Arabic digits', `${origin}\n٢٠\n${root}\n`, sizeMessage],
    ['a size of 2^64', `${origin}\n18446744073709551616\n${root}\n`, sizeMessage],
    ['a size of a million digits', `${origin}\n${'9'.repeat(200_000)}\n${root}\n`, sizeMessage],
    ['a root of 31 bytes', `${origin}\n${size}\n${Buffer.alloc(31).toString('base64')}\n`, rootMessage],
    ['a root of 33 bytes', `${origin}\n${size}\n${Buffer.alloc(33).toString('base64')}\n`, rootMessage],
    ['a root in hexadecimal', `${origin}\n${size}\n${'ab'.repeat(32)}\n`, rootMessage],
    ['a root without padding', `${origin}\n${size}\n${root.slice(0, -1)}\n`, rootMessage],
    ['a root spelt otherwise', `${origin}\n${size}\n${root.replace('I=', 'J=')}\n`, rootMessage],
    ['an empty line after it', `${sofa.text}\n`, 'checkpoint has an empty extension line'],
    ['an empty line among others', `${sofa.text}a\n\nb\n`, 'checkpoint has an empty extension line'],
    [
      'a million lines',
      `${sofa.text}${'a\n'.repeat(1_000_000)}`,
      'checkpoint is 2000082 characters; it may have 262144',
    ],
  ])('with %s', (_what, text, message) => {
    expect(() => parseCheckpoint(text)).toThrow(new NoteError(message));
  });

  test.each<[string, Partial<Parameters<typeof formatCheckpoint>[0]>, string]>([
    ['no origin', { origin: '' }, 'origin of the checkpoint is not one line'],
    ['an origin of two lines', { origin: 'a\nb' }, 'origin of the checkpoint is not one line'],
    ['an empty extension', { extensions: ['a', ''] }, 'extension of the checkpoint is not one line'],
    ['a short root', { root: Buffer.alloc(31) }, 'root is 31 bytes instead of 32'],
    ['half a size', { size: 0.5 }, 'size 0.5 is no whole number from 0 to 2^64 - 1'],
    [
      'a size of 2^64',
      { size: 2n ** 64n },
      'size 18446744073709551616 is no whole number from 0 to 2^64 - 1',
    ],
  ])('before it is signed, with %s', (_what, change, message) => {
    expect(() => formatCheckpoint({ ...sofa.checkpoint, ...change })).toThrow(new NoteError(message));
  });
});

describe('Opening a checkpoint', () => {
  const { origin } = sofa.checkpoint;
  const log = keyOf(origin, 1);
  const witness = keyOf(`${origin}/witness`, 2, signatureTypes.cosignatureV1);
  const cosignature = noteCosignature(
    witness.name,
    witness.publicKey,
    1_679_315_147,
    witness.sign(cosignatureMessage(1_679_315_147, sofa.text)),
  );
  const note = signNote(sofa.text, log.signerKey) + cosignature;
  const byLog = { name: log.name, keyHash: log.keyHash };
  const byWitness = { name: witness.name, keyHash: witness.keyHash, timestamp: 1_679_315_147n };

  test('tells what it says and who signed it', () => {
    expect(openCheckpoint(note, origin, [log.verifierKey])).toEqual({
      ...sofa.checkpoint,
      signatures: [byLog],
    });
    expect(openCheckpoint(note, origin, [log.verifierKey, witness.verifierKey])).toEqual({
      ...sofa.checkpoint,
      signatures: [byLog, byWitness],
    });
  });

  test('takes one of a log whose key has another name than its origin', () => {
    const published =
      'go.sum database tree\n30055305\nmXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=\n\n— sum.golang.org Az3grpgEild5qw7+5dtV13Kf1C2Xurm8q4fhdxvcsDHnqNTaxL2AFjBY+2TyGKevucFcAAlWFJJYle3EJlDCrQ+y3A8=\n';
    const key = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
    expect(openCheckpoint(published, 'go.sum database tree', [key])).toMatchObject({ size: 30_055_305n });
  });

  test.each<[string, () => void, string]>([
    [
      'of another log',
      () => openCheckpoint(note, 'example.com/other', [log.verifierKey]),
      'checkpoint is of origin example.com/behind-the-sofa, not of example.com/other',
    ],
    [
      'that only a witness signed',
      () =>
        openCheckpoint(assembleNote(sofa.text, [cosignature]), origin, [
          log.verifierKey,
          witness.verifierKey,
        ]),
      'checkpoint is cosigned by a witness, but signed by no known key of the log',
    ],
    [
      'that somebody else signed',
      () => openCheckpoint(signNote(sofa.text, keyOf(origin, 3).signerKey), origin, [log.verifierKey]),
      `note is signed by none of the 1 known keys, but by ${origin}+${keyOf(origin, 3).keyHash}`,
    ],
    [
      'that is another note, though signed',
      () => openCheckpoint(signNote(`${origin}\n`, log.signerKey), origin, [log.verifierKey]),
      'checkpoint has not three lines that end with a newline',
    ],
  ])('refuses one %s', (_what, open, message) => {
    expect(open).toThrow(new NoteError(message));
  });
});
