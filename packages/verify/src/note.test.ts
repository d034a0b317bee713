import { readFile } from 'node:fs/promises';
import { expect, it, vi } from 'vitest';
import { parseKey } from './key.ts';
import { bodyOf, leaf, noteOf, origin, Signer } from './logFixtures.ts';
import { maxCheckpointBytes, openCheckpoint } from './note.ts';
import { parsePolicy } from './policy.ts';
import { noQuorum } from './quorum.ts';

const log = new Signer(origin);
const witness = new Signer(`${origin}/witness`, true);
const trusted = { keys: [await parseKey(log.vkey)], witnessKeys: [await parseKey(witness.vkey)] };
const body = bodyOf([leaf(Buffer.from('one'))]);

/** The example of the package that notes come from, https://pkg.go.dev/golang.org/x/mod/sumdb/note. */
const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const example = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;

it("the example's signature fits, so that it is refused only for being no checkpoint", async () => {
  const keys = [await parseKey(peter)];
  await expect(openCheckpoint(example, { keys })).rejects.toThrow('checkpoint: it has not the lines of one');
  await expect(openCheckpoint(example.replace('know', 'knew'), { keys })).rejects.toThrow(
    'signature: that of PeterNeumann+c74f20a3 does not fit',
  );
});

/** https://c2sp.org/tlog-cosignature */
const cosigned = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`;

it("the specification's example is read, and its signers are named", async () => {
  await expect(openCheckpoint(cosigned, trusted)).rejects.toThrow(
    'by none of the keys given, but by example.com/behind-the-sofa+033de0ae, witness.example.com/w1+8d66cf3f',
  );
});

it('a checkpoint tells what was signed, by whom, and when a witness saw it', async () => {
  const stranger = new Signer(origin);
  const text = noteOf(body, stranger, log, witness);
  const opened = await openCheckpoint(text, trusted);
  expect(opened).toMatchObject({ origin, size: 1, signedBy: trusted.keys, text });
  expect(opened.witnessedBy).toEqual([{ key: trusted.witnessKeys[0], time: new Date(1_800_000_000_000) }]);
});

it('one of several keys must have signed, and none may have signed badly', async () => {
  const next = new Signer(origin);
  const keys = [await parseKey(log.vkey), await parseKey(next.vkey)];
  expect((await openCheckpoint(noteOf(body, next), { keys })).signedBy).toEqual([keys[1]]);
  expect((await openCheckpoint(noteOf(body, next, log), { keys })).signedBy).toEqual(keys);
  const bad = `${noteOf(body, next)}${log.line(`${body}x\n`)}`;
  await expect(openCheckpoint(bad, { keys })).rejects.toThrow('signature: that of');
  expect((await openCheckpoint(bad, { keys: keys.slice(1) })).signedBy).toEqual([keys[1]]);
});

it('every witness that is asked for must have signed this checkpoint', async () => {
  await expect(openCheckpoint(noteOf(body, log), trusted)).rejects.toThrow(/^witness: .* has not signed/);
  const other = `${noteOf(body, log)}${witness.line(bodyOf([]))}`;
  await expect(openCheckpoint(other, trusted)).rejects.toThrow(/^signature: .*witness\+/);
  expect((await openCheckpoint(other, { keys: trusted.keys })).witnessedBy).toEqual([]);
});

it("a witness's time is part of what it signed", async () => {
  const text = noteOf(body, log, witness);
  const [, base64 = ''] = /witness (\S+)\n$/.exec(text) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8((bytes[11] as number) ^ 1, 11);
  await expect(openCheckpoint(text.replace(base64, bytes.toString('base64')), trusted)).rejects.toThrow(
    'does not fit',
  );
});

it('of a witness that has signed twice the latest time counts', async () => {
  const [early, late] = [1_800_000_000, 1_800_000_060].map((seconds) => witness.line(body, seconds));
  for (const lines of [`${early}${late}`, `${late}${early}`]) {
    const { witnessedBy } = await openCheckpoint(noteOf(body, log) + lines, trusted);
    expect(witnessedBy.map(({ time }) => time.getTime())).toEqual([1_800_000_060_000]);
  }
});

/** What tessera wrote, cosigned by a witness with Ed25519 and one with ML-DSA-44: see the policy's first line. */
const tessera = new URL('../testdata/tessera/', import.meta.url);
const [postQuantum, policy] = await Promise.all([
  readFile(new URL('log/checkpoint', tessera), 'utf8'),
  parsePolicy(await readFile(new URL('policy', tessera))),
]);

it('an ML-DSA-44 cosignature by another implementation fits, with its time', async () => {
  const { witnessedBy, notChecked } = await openCheckpoint(postQuantum, policy);
  expect(witnessedBy.map(({ key, time }) => [key.type, time.toISOString()])).toEqual([
    [4, '2026-11-30T23:12:24.000Z'],
    [6, '2026-11-30T23:12:24.000Z'],
  ]);
  expect(notChecked).toEqual([]);
});

it.each([
  ['time', (bytes: Buffer) => bytes.writeUInt8((bytes[11] as number) ^ 1, 11)],
  ['last byte', (bytes: Buffer) => bytes.writeUInt8((bytes.at(-1) as number) ^ 1, bytes.length - 1)],
])('an ML-DSA-44 cosignature whose %s was changed is wrong', async (_, change) => {
  const [, base64 = ''] = /\/pq (\S+)\n/.exec(postQuantum) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  change(bytes);
  await expect(openCheckpoint(postQuantum.replace(base64, bytes.toString('base64')), policy)).rejects.toThrow(
    'signature: that of witness.example/pq+6f28173b does not fit',
  );
});

it('where there is no ML-DSA-44, as in a browser, a cosignature counts for nothing, and it is said', async () => {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  await expect(openCheckpoint(postQuantum, policy)).rejects.toThrow(
    'witness: the quorum both is not met: the signature of pq cannot be checked here: this browser, or version of Node, does not have ML-DSA-44',
  );
  const { witnessedBy, notChecked } = await openCheckpoint(postQuantum, { ...policy, quorum: noQuorum });
  expect([witnessedBy.length, notChecked.map(({ name }) => name)]).toEqual([1, ['witness.example/pq']]);
  vi.restoreAllMocks();
});

it('a checkpoint with as many post-quantum signatures as are read is not too large', async () => {
  const strangers = Array.from({ length: 63 }, (_, i) => {
    const bytes = Buffer.alloc(4 + 8 + 2420, i + 1);
    return `— ${`witness-${i}.example/`.padEnd(255, 'a')} ${bytes.toString('base64')}\n`;
  });
  const text = noteOf(body, log) + strangers.join('');
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxCheckpointBytes);
  expect((await openCheckpoint(text, { keys: trusted.keys })).signedBy).toEqual(trusted.keys);
  // Of those of ML-DSA-87, the largest of their kind, 16 fit, as signed-note demands.
  expect(16 * Math.ceil((4 + 8 + 4627) / 3) * 4 + 17 * 260).toBeLessThan(maxCheckpointBytes);
});

it('of several logs, a checkpoint is of the one that it names', async () => {
  const other = new Signer('fanfold.example/other/audit');
  const keys = [await parseKey(other.vkey), ...trusted.keys];
  expect((await openCheckpoint(noteOf(body, log), { keys })).signedBy).toEqual(trusted.keys);
  expect((await openCheckpoint(noteOf(body, other, log), { keys })).signedBy).toEqual(trusted.keys);
  await expect(openCheckpoint(noteOf(body, other), { keys })).rejects.toThrow(/^origin: /);
});

it('a log cannot sign for another one', async () => {
  const other = bodyOf([], 'fanfold.example/other/audit');
  await expect(openCheckpoint(noteOf(other, log), trusted)).rejects.toThrow(
    /^origin: it is fanfold.example\/other\/audit/,
  );
});

const good = noteOf(body, log);
it.each([
  ['no signature', `${body}\n`],
  ['no end of line', good.slice(0, -1)],
  ['a control character', good.replace('fanfold', 'fan\u0007fold')],
  ['carriage returns', good.replaceAll('\n', '\r\n')],
  ['another dash', good.replace('—', '-')],
  ['base64 in another way', good.replace(/=\n$/, '\n')],
  ['a size with a zero before it', noteOf(body.replace('\n1\n', '\n01\n'), log)],
  ['a size that is none', noteOf(body.replace('\n1\n', '\n-1\n'), log)],
  ['a size that is too large', noteOf(body.replace('\n1\n', '\n18446744073709551615\n'), log)],
  ['a root that is too short', noteOf(body.replace(/\n\S{44}\n/, '\nAAAA\n'), log)],
  ['an empty extension', noteOf(`${body}\nmore\n`, log)],
  ['two lines', noteOf('one\ntwo\n', log)],
  ['very many signatures', good + log.line(body).repeat(64)],
])('a checkpoint with %s is refused', async (_, text) => {
  await expect(openCheckpoint(text, trusted)).rejects.toThrow(/checkpoint|size/);
});

it.each([
  ['nothing', '', 'It is not a key'],
  ['words', 'a key of mine', 'It is not a key'],
  ['a part less', log.vkey.split('+').slice(0, 2).join('+'), 'It is not a key'],
  ['another name', log.vkey.replace('test', 'tset'), 'has a typing error'],
  ['another id', log.vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), 'has a typing error'],
  ['a character less', log.vkey.slice(0, -1), 'is not whole, or has too much'],
  [
    'another type',
    log.vkey.replace(/^([^+]*\+[^+]*\+)A/, '$1B'),
    'is of type 5, and known are 1 (Ed25519 of a log), 4 (Ed25519 of a witness) and 6 (ML-DSA-44)',
  ],
])('a key that is %s is refused', async (_, text, reason) => {
  await expect(parseKey(text)).rejects.toThrow(reason);
});
