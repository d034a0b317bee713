import { expect, it } from 'vitest';
import { bodyOf, leaf, noteOf, origin, Signer } from './logFixtures.ts';
import { openCheckpoint, parseKey } from './note.ts';

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
  ['a character less', log.vkey.slice(0, -1), 'not an Ed25519 key'],
  ['another type', log.vkey.replace(/^([^+]*\+[^+]*\+)A/, '$1B'), 'not an Ed25519 key'],
])('a key that is %s is refused', async (_, text, reason) => {
  await expect(parseKey(text)).rejects.toThrow(reason);
});
