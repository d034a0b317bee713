import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assembleNote,
  cosignatureMessage,
  formatVerifierKey,
  NoteError,
  noteCosignature,
  noteSignature,
  openNote,
  parseVerifierKey,
  rawPublicKey,
  signatureTypes,
  signNote,
} from './note.ts';
import { keyOf } from './noteFixtures.ts';

/** From the documentation and tests of golang.org/x/mod/sumdb/note. */
const neumann = {
  text: "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  signerKey: 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  line: '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
  otherKey: 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop',
  otherLine:
    '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n',
};
const neumannNote = `${neumann.text}\n${neumann.line}`;
const byNeumann = { name: 'PeterNeumann', keyHash: 'c74f20a3' };
const byRoot = { name: 'EnochRoot', keyHash: 'af0cfe78' };

describe('A known note opens', () => {
  test('as the example of the specification', () => {
    const note =
      'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
    expect(openNote(note, ['example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'])).toEqual(
      {
        text: 'This is an example message.\n',
        signatures: [{ name: 'example.com/foo', keyHash: '530d903a' }],
      },
    );
  });

  test("as the example of Go's documentation", () => {
    expect(openNote(neumannNote, [neumann.key])).toEqual({ text: neumann.text, signatures: [byNeumann] });
  });

  test.each([
    '20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n',
    '30055305\nmXfgRcJ0bG0j3CPdKwgGWtUzBUbX67saZGRmFuJGGsM=\n\n— sum.golang.org Az3grpgEild5qw7+5dtV13Kf1C2Xurm8q4fhdxvcsDHnqNTaxL2AFjBY+2TyGKevucFcAAlWFJJYle3EJlDCrQ+y3A8=\n',
  ])("as Go's checksum database signed it: %j", (rest) => {
    const key = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8';
    expect(openNote(`go.sum database tree\n${rest}`, [key]).signatures).toEqual([
      { name: 'sum.golang.org', keyHash: '033de0ae' },
    ]);
  });

  test('as a witness of Sigsum cosigned it, with the time', () => {
    const note =
      'example.org/log\n10\nHA5HAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— example.org/witness ys8uUAAAAAAAAATSftMzceM8zssdZ9jin9SjwIxzx9iADMf63VqirX2hafol9RsqNqbofIz0LVRqHXI2kpEBSki5RTXFtxz1vo9+Cg==\n';
    const key = 'example.org/witness+cacf2e50+BGbguFjkYqYJ5m/nE3DIFtiEb/ED1UmaIqf+w3/bxCSn';
    expect(openNote(note, [key]).signatures).toEqual([
      { name: 'example.org/witness', keyHash: 'cacf2e50', timestamp: 1234n },
    ]);
  });
});

describe('A note tells who of the known signed it', () => {
  const note = neumannNote + neumann.otherLine;

  test('and nothing of others', () => {
    expect(openNote(note, [neumann.key]).signatures).toEqual([byNeumann]);
    expect(openNote(note, [neumann.otherKey]).signatures).toEqual([byRoot]);
  });

  test('in the order of the lines', () => {
    expect(openNote(note, [neumann.otherKey, neumann.key]).signatures).toEqual([byNeumann, byRoot]);
  });

  test('but not by a known name with another hash, nor by another name with a known hash', () => {
    const renamed = neumann.otherLine.replace('EnochRoot', 'PeterNeumann');
    const stolen = neumann.line.replace('PeterNeumann', 'EnochRoot');
    for (const line of [renamed, stolen]) {
      expect(openNote(neumannNote + line, [neumann.key]).signatures).toEqual([byNeumann]);
    }
  });

  test('once, if one signed twice', () => {
    expect(openNote(neumannNote + neumann.line, [neumann.key]).signatures).toEqual([byNeumann]);
  });

  test('also when a key is given twice', () => {
    expect(openNote(note, [neumann.key, neumann.key]).signatures).toEqual([byNeumann]);
  });

  test('with more signatures than must be taken', () => {
    const others = Array.from({ length: 99 }, (_, n) => neumann.otherLine.replace('Root', `${n}`)).join('');
    expect(openNote(neumannNote + others, [neumann.key]).signatures).toEqual([byNeumann]);
    const large = `— quantum ${Buffer.alloc(5000, 1).toString('base64')}\n`.repeat(16);
    expect(openNote(neumannNote + large, [neumann.key]).signatures).toEqual([byNeumann]);
  });

  test('through a rotation: the old key and the new one under the same name', () => {
    const [old, fresh, other] = [
      keyOf('example.com/log', 1),
      keyOf('example.com/log', 2),
      keyOf('example.com/log', 3),
    ];
    const rotated = assembleNote(
      'text\n',
      [old, fresh].map((key) => key.line('text\n')),
    );
    expect(openNote(rotated, [old.verifierKey]).signatures).toHaveLength(1);
    expect(openNote(rotated, [fresh.verifierKey, other.verifierKey]).signatures).toEqual([
      { name: 'example.com/log', keyHash: fresh.keyHash },
    ]);
    expect(() => openNote(rotated, [other.verifierKey])).toThrow(
      new NoteError(
        `note is signed by none of the 1 known keys, but by example.com/log+${old.keyHash}, example.com/log+${fresh.keyHash}`,
      ),
    );
  });

  test('of any text, with empty lines and dashes in it', () => {
    const key = keyOf('example.com/log', 1);
    const line = fc.oneof(
      fc.constantFrom('', '— a b', '—', key.line('x\n').slice(0, -1)),
      fc.string({ unit: 'grapheme' }).filter((each) => !/\p{Cc}/u.test(each)),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const text = `${lines.join('\n')}\n`;
        expect(openNote(signNote(text, key.signerKey), [key.verifierKey])).toEqual({
          text,
          signatures: [{ name: key.name, keyHash: key.keyHash }],
        });
      }),
    );
  });
});

describe('A note is refused', () => {
  const openFails = (note: string, message: string, keys = [neumann.key]) =>
    expect(() => openNote(note, keys)).toThrow(new NoteError(message));

  test('when any of its bytes is another', () => {
    const bytes = Buffer.from(neumannNote);
    for (let n = 0; n < bytes.length; n += 1) {
      const changed = Buffer.from(bytes);
      changed[n] = (changed[n] as number) ^ 1;
      expect(() => openNote(changed.toString('utf8'), [neumann.key])).toThrow(NoteError);
    }
  });

  test('when a known key signed another text, whoever else signed this one', () => {
    const wrong = 'signature of known key PeterNeumann+c74f20a3 is wrong';
    const key = keyOf('example.com/log', 1);
    const note = assembleNote('other\n', [key.line('other\n'), neumann.line]);
    openFails(note, wrong, [key.verifierKey, neumann.key]);
    expect(openNote(note, [key.verifierKey]).signatures).toHaveLength(1);
  });

  test('when a known key signed twice, and once wrong', () => {
    const wrong = neumann.line.replace('ZJku', 'ZJkv');
    openFails(neumannNote + wrong, 'signature of known key PeterNeumann+c74f20a3 is wrong');
  });

  test('when a signature of a known key has another length', () => {
    const [bytes] = [Buffer.from(neumann.line.split(' ')[2] ?? '', 'base64')];
    const short = `— PeterNeumann ${bytes.subarray(0, -1).toString('base64')}\n`;
    openFails(
      `${neumann.text}\n${short}`,
      'signature of known key PeterNeumann+c74f20a3 is 63 bytes instead of 64',
    );
  });

  const unknown = 'note is signed by none of the 0 known keys, but by PeterNeumann+c74f20a3';
  const { text, line } = neumann;
  test.each<[string, string, string]>([
    ['nothing', '', 'note has no blank line between text and signatures'],
    ['its text alone', text, 'note has no blank line between text and signatures'],
    ['no blank line', text + line, 'note has no blank line between text and signatures'],
    ['no signature', `${text}\n`, 'note has no signature after its last blank line'],
    ['a last line that does not end', `${text}\n${line.slice(0, -1)}`, 'note does not end with a newline'],
    [
      'a line after the signatures',
      `${text}\n${line}more\n`,
      'signature line 2 of the note is not a dash, a name and a signature',
    ],
    [
      'a hyphen',
      `${text}\n${line.replace('—', '-')}`,
      'signature line 1 of the note is not a dash, a name and a signature',
    ],
    [
      'a space in a name',
      `${text}\n${line.replace('PeterN', 'Peter N')}`,
      'signature line 1 of the note is not a dash, a name and a signature',
    ],
    [
      'a space after a signature',
      `${text}\n${line.replace('\n', ' \n')}`,
      'signature line 1 of the note is not a dash, a name and a signature',
    ],
    [
      'no signature in its line',
      `${text}\n— PeterNeumann\n`,
      'signature line 1 of the note has a signature of 0 bytes',
    ],
    ['no name', `${text}\n—  x08go/ZJ\n`, 'signature line 1 of the note has a malformed name'],
    [
      'a plus in a name',
      `${text}\n${line.replace('PeterN', 'Peter+N')}`,
      'signature line 1 of the note has a malformed name',
    ],
    [
      'a no-break space in a name',
      `${text}\n${line.replace('PeterN', 'Peter\u00a0N')}`,
      'signature line 1 of the note has a malformed name',
    ],
    [
      'a wide space in a name',
      `${text}\n${line.replace('PeterN', 'Peter\u3000N')}`,
      'signature line 1 of the note has a malformed name',
    ],
    [
      'base64 for URLs',
      `${text}\n${line.replaceAll('/', '_')}`,
      'signature line 1 of the note has a signature that is no base64',
    ],
    [
      'base64 without padding',
      `${text}\n${line.replace('=', '')}`,
      'signature line 1 of the note has a signature that is no base64',
    ],
    [
      'base64 spelt otherwise',
      `${text}\n${line.replace('AM=', 'AN=')}`,
      'signature line 1 of the note has a signature that is no base64',
    ],
    [
      'a signature of a hash only',
      `${text}\n— PeterNeumann x08gow==\n`,
      'signature line 1 of the note has a signature of 4 bytes',
    ],
    ['a tab', neumannNote.replace(' ', '\t'), 'note has a control character'],
    ['a carriage return', neumannNote.replace('\n', '\r\n'), 'note has a control character'],
    ['a null', `\0${neumannNote}`, 'note has a control character'],
    ['half a character', `\ud800${neumannNote}`, 'note has a lone surrogate, which is no character'],
    ['101 signatures', `${text}\n${line.repeat(101)}`, 'note has more than 100 signatures'],
    [
      'a megabyte of text',
      'x'.repeat(1_000_000) + neumannNote,
      `note is ${1_000_000 + neumannNote.length} characters; it may have 262144`,
    ],
    [
      'a megabyte of lines',
      neumannNote + '\n'.repeat(1_000_000),
      `note is ${1_000_000 + neumannNote.length} characters; it may have 262144`,
    ],
    ['200,000 empty lines', '\n'.repeat(200_000), 'note has no signature after its last blank line'],
    [
      '200,000 spaces',
      `${text}\n—${' '.repeat(200_000)}\n`,
      'signature line 1 of the note is not a dash, a name and a signature',
    ],
  ])('with %s', (_what, note, message) => openFails(note, message));

  test('when no key is known', () => openFails(neumannNote, unknown, []));

  test('when two keys cannot be told apart', () => {
    // Four bytes of hash are soon the same: of the first 32,735 numbers taken for keys, these two are.
    const [one, other] = [5_569, 32_734].map((number) => {
      const publicKey = Buffer.alloc(32);
      publicKey.writeUInt32BE(number);
      return formatVerifierKey('a', publicKey);
    }) as [string, string];
    openFails(neumannNote, 'verifier keys: two different ones are a+8deb5fd0', [neumann.key, one, other]);
  });
});

describe('A verifier key', () => {
  test.each([
    [neumann.key, 'PeterNeumann', 'c74f20a3', 1],
    ['TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6', 'TEST', '7997405c', 1],
    ['remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2', 'remora.n621.de', 'da77ade7', 4],
  ] as const)('says all of a key: %s', (text, name, keyHash, type) => {
    const key = parseVerifierKey(text);
    expect(key).toMatchObject({ name, keyHash, type });
    expect(formatVerifierKey(name, key.publicKey, type)).toBe(text);
  });

  test('with anything left out or changed is none', () => {
    const { key } = neumann;
    for (let start = 0; start < key.length; start += 1) {
      for (let end = start; end <= key.length; end += 1) {
        if (start === 0 && end === key.length) continue;
        expect(() => parseVerifierKey(key.slice(start, end))).toThrow(NoteError);
      }
      const next = String.fromCharCode(key.charCodeAt(start) + 1);
      expect(() => parseVerifierKey(key.slice(0, start) + next + key.slice(start + 1))).toThrow(NoteError);
    }
  });

  const bytes = (...parts: (number | Uint8Array)[]) =>
    Buffer.concat(parts.map((part) => (typeof part === 'number' ? Uint8Array.of(part) : part))).toString(
      'base64',
    );
  test.each([
    ['verifier key does not begin with a name, a plus, a hash and a plus', ''],
    ['verifier key does not begin with a name, a plus, a hash and a plus', '+c74f20a3+AQ=='],
    ['verifier key does not begin with a name, a plus, a hash and a plus', 'a b+c74f20a3+AQ=='],
    ['verifier key has a hash that is not 8 hexadecimal digits', neumann.key.toUpperCase()],
    ['verifier key has a hash that is not 8 hexadecimal digits', neumann.key.replace('c74f20a3', 'c74f20a')],
    ['verifier key has no base64 after its hash', `${neumann.key} `],
    ['verifier key has no base64 after its hash', `${neumann.key}\n`],
    ['verifier key is of type undefined; known are 1, 4 and 6', 'PeterNeumann+c74f20a3+'],
    [
      'verifier key is of type 2; known are 1, 4 and 6',
      `PeterNeumann+c74f20a3+${bytes(2, Buffer.alloc(32))}`,
    ],
    [
      'verifier key has a key of 32 bytes instead of 1312',
      `PeterNeumann+c74f20a3+${bytes(6, Buffer.alloc(32))}`,
    ],
    [
      'verifier key has a key of 31 bytes instead of 32',
      `PeterNeumann+c74f20a3+${bytes(1, Buffer.alloc(31))}`,
    ],
    [
      'verifier key has a key of 1000000 bytes instead of 32',
      `PeterNeumann+c74f20a3+${bytes(1, Buffer.alloc(1_000_000))}`,
    ],
    [
      'verifier key has hash c74f20a3, but name and key have 0c75ab21',
      neumann.key.replace('PeterN', 'PaterN'),
    ],
    ['verifier key has a hash that is not 8 hexadecimal digits', neumann.signerKey],
  ])('is none: %s', (message, text) => {
    expect(() => parseVerifierKey(text)).toThrow(new NoteError(message));
  });

  test('cannot be made of what is no key', () => {
    expect(() => formatVerifierKey('a b', Buffer.alloc(32))).toThrow(
      new NoteError('key name is empty or has a space, a plus or a control character'),
    );
    expect(() => formatVerifierKey('a', Buffer.alloc(44))).toThrow(
      new NoteError('public key is 44 bytes instead of 32'),
    );
  });

  test('whose public key is on no curve verifies nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (publicKey) => {
        const line = noteSignature('a', publicKey, Buffer.alloc(64, 1));
        expect(() => openNote(`x\n\n${line}`, [formatVerifierKey('a', publicKey)])).toThrow(NoteError);
      }),
    );
  });

  test('has the public key of a KeyObject, which may come from KMS as DER', () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    expect(rawPublicKey(createPublicKey({ key: der, format: 'der', type: 'spki' }))).toEqual(
      der.subarray(-32),
    );
    expect(rawPublicKey(privateKey)).toEqual(der.subarray(-32));
    expect(() => rawPublicKey(generateKeyPairSync('x25519').publicKey)).toThrow(
      new NoteError('key is of type x25519, not ed25519'),
    );
  });
});

describe('Signing', () => {
  test("makes the note of Go's documentation to the letter", () => {
    expect(signNote(neumann.text, neumann.signerKey)).toBe(neumannNote);
  });

  test('where only the private key is: a line from a signature that was made there', () => {
    const { publicKey } = parseVerifierKey(neumann.key);
    const seed = Buffer.from(neumann.signerKey.split('+').slice(4).join('+'), 'base64').subarray(1);
    const privateKey = createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
      format: 'der',
      type: 'pkcs8',
    });
    const line = noteSignature('PeterNeumann', publicKey, sign(null, Buffer.from(neumann.text), privateKey));
    expect(assembleNote(neumann.text, [line])).toBe(neumannNote);
  });

  const badKey = (change: (key: string) => string) => () => signNote('text\n', change(neumann.signerKey));
  test.each<[string, () => void, string]>([
    ['a verifier key', () => signNote('text\n', neumann.key), 'signer key does not begin with PRIVATE+KEY+'],
    [
      'a key with another hash',
      badKey((key) => key.replace('c74f20a3', 'c74f20a4')),
      'signer key has hash c74f20a4, but name and key have c74f20a3',
    ],
    [
      'a key that is cut off',
      badKey((key) => key.slice(0, -4)),
      'signer key has a key of 29 bytes instead of 32',
    ],
    [
      "a witness' key",
      badKey((key) => key.replace('+AY', '+BI')),
      'signer key is not of type 1, which signs notes',
    ],
    [
      'a text that does not end',
      () => signNote('text', neumann.signerKey),
      'text does not end with a newline',
    ],
    ['no text', () => signNote('', neumann.signerKey), 'text does not end with a newline'],
    ['a text with a tab', () => signNote('\t\n', neumann.signerKey), 'text has a control character'],
    [
      'a text with half a character',
      () => signNote('\udfff\n', neumann.signerKey),
      'text has a lone surrogate, which is no character',
    ],
    [
      'a text of a megabyte',
      () => signNote(`${'x'.repeat(1_000_000)}\n`, neumann.signerKey),
      'note is 1000110 characters; it may have 262144',
    ],
    [
      'a signature that is cut off',
      () => noteSignature('a', Buffer.alloc(32), Buffer.alloc(63)),
      'signature is 63 bytes instead of 64',
    ],
    [
      'a name with a newline',
      () => noteSignature('a\nb', Buffer.alloc(32), Buffer.alloc(64)),
      'key name is empty or has a space, a plus or a control character',
    ],
    ['no lines', () => assembleNote('text\n', []), 'note has no signature after its last blank line'],
    [
      'a line without its newline',
      () => assembleNote('text\n', [neumann.line.slice(0, -1)]),
      'note does not end with a newline',
    ],
    [
      'two lines in one',
      () => assembleNote('text\n', [neumann.line + neumann.otherLine]),
      'signature lines are not one line each',
    ],
    [
      'a line with a text',
      () => assembleNote('text\n', [`more\n\n${neumann.line}`]),
      'signature lines are not one line each',
    ],
  ])('is refused for %s', (_what, make, message) => {
    expect(make).toThrow(new NoteError(message));
  });

  test('is refused without a word of the private key', () => {
    const seed = neumann.signerKey.split('+').slice(4).join('+');
    for (const spoilt of [
      neumann.signerKey.slice(1),
      neumann.signerKey.slice(0, -4),
      `${neumann.signerKey}x`,
    ]) {
      try {
        signNote('text\n', spoilt);
        expect.unreachable();
      } catch (error) {
        expect(String(error)).not.toContain(seed.slice(0, 8));
      }
    }
  });
});

describe('A cosignature', () => {
  const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
  const log = keyOf('example.com/behind-the-sofa', 1);
  const witness = keyOf('example.com/behind-the-sofa/witness', 2, signatureTypes.cosignatureV1);
  const cosigned = (timestamp: bigint | number) =>
    noteCosignature(
      witness.name,
      witness.publicKey,
      timestamp,
      witness.sign(cosignatureMessage(timestamp, text)),
    );

  test('is over time and text as the specification shows', () => {
    expect(Buffer.from(cosignatureMessage(1_679_315_147, text)).toString()).toBe(
      'cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n',
    );
  });

  test('has the form of the example of the specification', () => {
    const example =
      '— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n';
    const signature = Buffer.from(example.split(' ')[2] ?? '', 'base64').subarray(12);
    // The key is not published, so its hash cannot be compared.
    const made = noteCosignature('witness.example.com/w1', Buffer.alloc(32), 1_679_315_147, signature);
    const payload = (line: string) => Buffer.from(line.split(' ')[2] ?? '', 'base64').subarray(4);
    expect(payload(made)).toEqual(payload(example));
    expect(() => openNote(`${text}\n${log.line(text)}${example}`, [log.verifierKey])).not.toThrow();
  });

  test('follows the signature of the log, and tells when', () => {
    const note = assembleNote(text, [log.line(text)]) + cosigned(1_679_315_147);
    expect(openNote(note, [witness.verifierKey, log.verifierKey]).signatures).toEqual([
      { name: log.name, keyHash: log.keyHash },
      { name: witness.name, keyHash: witness.keyHash, timestamp: 1_679_315_147n },
    ]);
  });

  test.each([0n, 1n, 2n ** 53n + 1n, 2n ** 63n - 1n])('keeps time %s exactly', (timestamp) => {
    const note = assembleNote(text, [cosigned(timestamp)]);
    expect(openNote(note, [witness.verifierKey]).signatures).toEqual([
      { name: witness.name, keyHash: witness.keyHash, timestamp },
    ]);
  });

  const wrong = `signature of known key ${witness.name}+${witness.keyHash}`;
  const refused = (line: string, message: string) =>
    expect(() => openNote(`${text}\n${line}`, [witness.verifierKey])).toThrow(new NoteError(message));

  test('at another time is wrong', () => {
    const signature = witness.sign(cosignatureMessage(1, text));
    refused(noteCosignature(witness.name, witness.publicKey, 2, signature), `${wrong} is wrong`);
  });

  test('over the text without a time is wrong', () => {
    const signature = witness.sign(Buffer.from(text));
    refused(noteCosignature(witness.name, witness.publicKey, 1, signature), `${wrong} is wrong`);
  });

  test('without a time has another length', () => {
    const line = `— ${witness.name} ${Buffer.concat([Buffer.from(witness.keyHash, 'hex'), Buffer.alloc(64)]).toString('base64')}\n`;
    refused(line, `${wrong} is 64 bytes instead of 72`);
  });

  test('beyond 2^63 - 1 is refused', () => {
    const payload = [Buffer.from(witness.keyHash, 'hex'), Buffer.alloc(8, 0xff), Buffer.alloc(64)];
    refused(
      `— ${witness.name} ${Buffer.concat(payload).toString('base64')}\n`,
      `${wrong} has a time beyond 2^63 - 1`,
    );
    for (const timestamp of [2n ** 63n, -1, 0.5]) {
      expect(() => cosignatureMessage(timestamp, text)).toThrow(
        new NoteError(`timestamp ${timestamp} is no whole number from 0 to 2^63 - 1`),
      );
    }
  });

  test('is no signature of the note, though the key be the same', () => {
    const sameKey = keyOf(witness.name, 2);
    expect(sameKey.keyHash).not.toBe(witness.keyHash);
    expect(() => openNote(assembleNote(text, [cosigned(1)]), [sameKey.verifierKey])).toThrow(
      /signed by none/,
    );
  });
});

describe('A cosignature by ML-DSA-44', () => {
  /** A checkpoint of tessera, cosigned by the formats of transparency-dev. */
  const vectors = new URL('../../verify/testdata/tessera/', import.meta.url);
  const load = async () => {
    const note = await readFile(new URL('log/checkpoint', vectors), 'utf8');
    const [, key = ''] = /^witness pq (\S+)/m.exec(await readFile(new URL('policy', vectors), 'utf8')) ?? [];
    return { note, key };
  };

  test('by another implementation opens, with its time', async () => {
    const { note, key } = await load();
    expect(openNote(note, [key]).signatures).toEqual([
      { name: 'witness.example/pq', keyHash: '6f28173b', timestamp: 1_796_080_344n },
    ]);
  });

  test.each([
    ['size', (note: string) => note.replace('\n700\n', '\n701\n')],
    ['log', (note: string) => note.replace('log.example/tessera\n', 'log.example/another\n')],
    ['root', (note: string) => note.replace('\nbKQh', '\ncKQh')],
    ['root to none', (note: string) => note.replace('\nbKQh', '\nKQh')],
  ])('is wrong when the %s was changed', async (_, change) => {
    const { note, key } = await load();
    expect(change(note)).not.toBe(note);
    expect(() => openNote(change(note), [key])).toThrow(
      'signature of known key witness.example/pq+6f28173b is wrong',
    );
  });

  test('is of its length', async () => {
    const { note, key } = await load();
    const [, base64 = ''] = /pq (\S+)\n/.exec(note) ?? [];
    const shorter = Buffer.from(base64, 'base64').subarray(0, -1).toString('base64');
    expect(() => openNote(note.replace(base64, shorter), [key])).toThrow('is 2427 bytes instead of 2428');
  });
});
