import { formatCheckpoint } from '@fanfold/tlog/checkpoint';
import { emptyEdge, emptyRoot, extend, leafHash, rootOf } from '@fanfold/tlog/merkle';
import { assembleNote, openNote } from '@fanfold/tlog/note';
import { keyOf } from '@fanfold/tlog/noteFixtures';
import { consistencyProof, tilesForConsistency } from '@fanfold/tlog/prove';
import { encodeTile, tilePath } from '@fanfold/tlog/tile';
import { beforeEach, describe, expect, it } from 'vitest';
import { WitnessFake } from './witnessFake.ts';

const log = keyOf('example.com/log', 7);
const leaves = (size: number, kind = 'entry') =>
  Array.from({ length: size }, (_, i) => leafHash(Buffer.from(`${kind} ${i}`)));
const noteOf = (
  size: number,
  { kind = 'entry', root = rootOf(extend(emptyEdge, leaves(size, kind))), key = log } = {},
) => {
  const text = formatCheckpoint({ origin: log.name, size, root });
  return assembleNote(text, [key.line(text)]);
};
const proofOf = (from: number, to: number) => {
  const tiles = tilesForConsistency(from, to).map(
    (tile) => [tilePath(tile), encodeTile(leaves(to))] as const,
  );
  return consistencyProof(from, to, new Map(tiles)).map(
    (hash) => `${Buffer.from(hash).toString('base64')}\n`,
  );
};
const requestOf = (old: number | string, note: string, proof: string[] = []) =>
  `old ${old}\n${proof.join('')}\n${note}`;

let witness: WitnessFake;
beforeEach(() => {
  witness = new WitnessFake({ logKeys: [log.verifierKey], now: () => 1_800_000_000_000 });
});
const send = (...request: Parameters<typeof requestOf>) => witness.addCheckpoint(requestOf(...request));

describe('the witness', () => {
  it('cosigns what continues what it cosigned, and the same again', () => {
    for (const [old, size] of [
      [0, 3],
      [3, 3],
      [3, 8],
      [8, 200],
    ] as const) {
      const note = noteOf(size);
      const { status, body = '' } = send(old, note, proofOf(old, size)) ?? {};
      expect(status).toBe(200);
      const { signatures } = openNote(note + body, [witness.verifierKey]);
      expect(signatures).toMatchObject([{ name: 'witness.example/w1', timestamp: 1_800_000_000n }]);
      expect(witness.sizeOf(log.name)).toBe(size);
    }
  });

  it('says how much it has cosigned when it is asked with another size', () => {
    send(0, noteOf(5));
    for (const old of [0, 3]) {
      expect(send(old, noteOf(8), proofOf(old, 8))).toEqual({
        status: 409,
        headers: { 'content-type': 'text/x.tlog.size' },
        body: '5\n',
      });
    }
  });

  const badSignature = noteOf(3).replace(
    /^(— .*\s\S{20})(.)/m,
    (_, start, one) => start + (one === 'A' ? 'B' : 'A'),
  );
  it.each<[number, string, Parameters<typeof requestOf>]>([
    [400, 'an old size that is none', ['00', noteOf(3)]],
    [400, 'an old size beyond the checkpoint', [4, noteOf(3)]],
    [
      400,
      'more than 63 lines of proof',
      [0, noteOf(3), proofOf(1, 2).concat(Array(63).fill(`${'A'.repeat(43)}=\n`))],
    ],
    [400, 'a line of proof that is no hash', [0, noteOf(3), ['AAAA\n']]],
    [400, 'no checkpoint', [0, 'nothing\n']],
    [404, 'a log that it does not know', [0, noteOf(3).replaceAll('example.com/log', 'example.com/other')]],
    [403, 'a checkpoint that the log has not signed', [0, noteOf(3, { key: keyOf(log.name, 8) })]],
    [403, 'a signature that is wrong', [0, badSignature]],
    [422, 'a proof from nothing', [0, noteOf(3), proofOf(1, 2)]],
    [422, 'a tree of nothing with a root', [0, noteOf(0, { root: rootOf(extend(emptyEdge, leaves(1))) })]],
  ])('answers %i to %s', (status, _what, request) => {
    expect(send(...request)?.status).toBe(status);
    expect(witness.sizeOf(log.name)).toBe(0);
  });

  it('answers 422 to another tree, and keeps it', () => {
    send(0, noteOf(5));
    expect(send(5, noteOf(5, { kind: 'other' }))?.status).toBe(422);
    expect(send(5, noteOf(8, { kind: 'other' }), proofOf(5, 8))?.status).toBe(422);
    expect(send(5, noteOf(8), proofOf(4, 8))?.status).toBe(422);
    expect(witness.refused).toHaveLength(3);
    expect(witness.sizeOf(log.name)).toBe(5);
  });

  it('cosigns a tree of nothing', () => {
    expect(send(0, noteOf(0, { root: emptyRoot }))?.status).toBe(200);
  });
});
