import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyInclusion } from './inclusion.ts';
import { parseKey } from './key.ts';
import { bodyOf, entriesOf, eventOf, leaf, noteOf, origin, path, proofFile, Signer } from './logFixtures.ts';
import { nodeHash, rootOf, rootOfPartialTiles } from './merkle.ts';
import { verifyProofFile } from './proof.ts';

const log = new Signer(origin);
const keys = [await parseKey(log.vkey)];
const size = 11;
const index = 6;
const { entry, ...opening } = eventOf('pay_1', 2);
const leaves = entriesOf(size).with(index, entry).map(leaf);
const note = noteOf(bodyOf(leaves), log);
const extra = { version: 1, entry: entry.toString(), ...opening };
const good = proofFile(index, leaves, extra, note);
const proofOf = (changes: object) => proofFile(index, leaves, { ...extra, ...changes }, note);

describe('a proof file', () => {
  it('proves which event is which entry of which log', async () => {
    expect(await verifyProofFile(good, { keys })).toMatchObject({
      index,
      checkpoint: { origin, size },
      entry: { sequence: '0000000002', version: 1 },
      event: { id: 'pay_1:2', merchantid: 'acme', subject: 'pay_1', type: 'payment.captured.v1' },
    });
  });

  it('of an erased event proves that there was one', async () => {
    const { event, ...proven } = await verifyProofFile(
      proofFile(index, leaves, { version: 1, entry: entry.toString() }, note),
      { keys },
    );
    expect(event).toBe('erased');
    expect(proven).toMatchObject({ index, entry: { type: 'payment.captured.v1' } });
  });

  it('proves nothing once a bit is flipped', async () => {
    const bytes = Buffer.from(good);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(7), async (at, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ (1 << bit);
        await expect(verifyProofFile(flipped.toString(), { keys })).rejects.toThrow(/^[\w' ]+: \S/);
      }),
      { numRuns: 2000 },
    );
  });

  const otherEvent = opening.event.replace('Ada', 'Eve');
  const stranger = new Signer(origin);
  it.each([
    ['proof file', 'nothing', ''],
    ['proof file', 'another version', good.replace('@v1', '@v2')],
    ['proof file', 'no empty line', good.replaceAll('\n\n', '\n')],
    ['proof file', 'far too much', good + 'x'.repeat(2_000_000)],
    ['extra', 'no extra', good.replace(/\nextra \S+/, '')],
    ['extra', 'an extra that is no base64', good.replace('extra ', 'extra *')],
    ['extra', 'an extra that is no JSON', good.replace(/extra \S+/, 'extra AAAA')],
    ['extra', 'another version of extra', proofOf({ version: 2 })],
    ['extra', 'no entry', proofOf({ entry: undefined })],
    ['extra', 'an event without a salt', proofOf({ salt: undefined })],
    ['extra', 'more than that', proofOf({ note: 'trust me' })],
    ['index', 'no index', good.replace(/\nindex \d+/, '')],
    ['index', 'an index with a zero', good.replace('index 6', 'index 06')],
    ['index', 'an index beyond the log', good.replace('index 6', 'index 11')],
    ['index', 'an index that no log reaches', good.replace('index 6', 'index 18446744073709551615')],
    ['inclusion proof', 'another index', good.replace('index 6', 'index 7')],
    ['inclusion proof', 'a hash less', good.replace(/\n\S{44}\n\n/, '\n\n')],
    ['inclusion proof', 'a hash more', good.replace(/\n(\S{44})\n\n/, '\n$1\n$1\n\n')],
    ['inclusion proof', 'very many hashes', good.replace(/\n(\S{44})\n\n/, `\n${'$1\n'.repeat(65)}\n`)],
    ['hash 1 of the inclusion proof', 'a hash that is none', good.replace(/(index 6\n)\S+/, '$1AAAA')],
    ['inclusion proof', 'another entry', proofOf({ entry: eventOf('pay_1', 3).entry.toString() })],
    ['commitment', 'another event', proofOf({ event: otherEvent })],
    ['commitment', 'another salt', proofOf({ salt: opening.subjectSalt })],
    ['salt', 'a short salt', proofOf({ salt: 'AAAA' })],
    ['subject', 'another subject salt', proofOf({ subjectSalt: opening.salt })],
    [
      'signature',
      'the signature of a stranger',
      proofFile(index, leaves, extra, noteOf(bodyOf(leaves), stranger)),
    ],
    ['checkpoint', 'no checkpoint', proofFile(index, leaves, extra, '')],
  ])('is refused for its %s: %s', async (part, _, text) => {
    await expect(verifyProofFile(text, { keys })).rejects.toThrow(expect.objectContaining({ part }));
  });

  it('is reported as cut off when it is', async () => {
    await expect(verifyProofFile(good.slice(0, 100), { keys })).rejects.toThrow('proof file: is cut off');
  });

  it.each([
    ['type', { type: 'payment.refunded.v1' }],
    ['time', { time: '2026-11-25T09:59:59.124Z' }],
    ['source', { source: '/billing' }],
    ['sequence', { sequence: '0000000003' }],
  ])('is refused when entry and event disagree on the %s', async (name, members) => {
    const disagreeing = Buffer.from(JSON.stringify({ ...JSON.parse(entry.toString()), ...members }));
    const others = leaves.with(index, leaf(disagreeing));
    const text = proofFile(
      index,
      others,
      { ...extra, entry: disagreeing.toString() },
      noteOf(bodyOf(others), log),
    );
    await expect(verifyProofFile(text, { keys })).rejects.toThrow(
      `event: its ${name} is another than that of the entry`,
    );
  });

  it('is refused when its entry is in the log and is no entry', async () => {
    const others = leaves.with(index, leaf(Buffer.from('{}')));
    const text = proofFile(index, others, { version: 1, entry: '{}' }, noteOf(bodyOf(others), log));
    await expect(verifyProofFile(text, { keys })).rejects.toThrow(/^entry: /);
  });
});

describe('inclusion', () => {
  const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leaf(Buffer.from(String(i))));

  it('is proven by the path of RFC 6962, for every entry of every small log', async () => {
    for (let count = 1; count <= 40; count++) {
      const all = leavesOf(count);
      const root = Buffer.from(bodyOf(all).split('\n')[2] as string, 'base64');
      for (const [i, each] of all.entries()) {
        const proof = path(i, all);
        await verifyInclusion(i, count, each, proof, root);
        await expect(verifyInclusion(i, count, each, [...proof, root], root)).rejects.toThrow(
          'inclusion proof',
        );
        if (count > 1) {
          await expect(verifyInclusion(i, count, each, proof.slice(1), root)).rejects.toThrow(
            'inclusion proof',
          );
          await expect(verifyInclusion((i + 1) % count, count, each, proof, root)).rejects.toThrow(
            'inclusion proof',
          );
        }
      }
    }
  });

  it('is not proven by hashes of other lengths, which one after the other are the same bytes', async () => {
    const [left, right] = leavesOf(2) as [Buffer, Buffer];
    const root = nodeHash(left, right);
    await verifyInclusion(0, 2, left, [right], root);
    for (const cut of [0, 31, 33, 64]) {
      const both = Buffer.concat([left, right]);
      const [first, second] = [both.subarray(0, cut), both.subarray(cut)];
      await expect(verifyInclusion(0, 2, first, [second], root)).rejects.toThrow(
        /^hash of the entry: has \d+ bytes/,
      );
      await expect(verifyInclusion(0, 2, left, [second], root)).rejects.toThrow(
        /^hash 1 of the inclusion proof: has/,
      );
      expect(() => nodeHash(first, second)).toThrow(/has \d+ bytes, not 32/);
      expect(() => rootOf([first, second])).toThrow(/has \d+ bytes, not 32/);
      expect(() => rootOfPartialTiles([[second]])).toThrow(/has \d+ bytes, not 32/);
    }
    await expect(verifyInclusion(0, 2, left, [right], root.subarray(1))).rejects.toThrow(
      /^root: has 31 bytes/,
    );
    await expect(verifyInclusion(0, 1, left.subarray(1), [], left.subarray(1))).rejects.toThrow(
      'has 31 bytes',
    );
  });

  it.each([
    [-1, 2],
    [2, 2],
    [0.5, 2],
    [0, 2.5],
    [Number.NaN, 2],
    [0, Number.POSITIVE_INFINITY],
    [2 ** 53, 2 ** 53 + 2],
  ])('has no entry %s of %s', async (index, size) => {
    const [left, right] = leavesOf(2) as [Buffer, Buffer];
    await expect(verifyInclusion(index, size, left, [right], nodeHash(left, right))).rejects.toThrow(
      /^index: /,
    );
  });

  it('is proven beyond 2^32 entries', async () => {
    // The last entry of a log of 2^40 + 1 has one sibling: the root of all before it.
    const [left, last] = leavesOf(2) as [Buffer, Buffer];
    const root = Buffer.from(bodyOf([left, last]).split('\n')[2] as string, 'base64');
    await verifyInclusion(2 ** 40, 2 ** 40 + 1, last, [left], root);
    await expect(verifyInclusion(2 ** 40 - 1, 2 ** 40 + 1, last, [left], root)).rejects.toThrow(
      'inclusion proof',
    );
  });
});
