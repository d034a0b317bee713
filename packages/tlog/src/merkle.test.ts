import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeEdge,
  emptyEdge,
  emptyRoot,
  encodeEdge,
  extend,
  leafHash,
  nodeHash,
  ProofError,
  rootOf,
  splitHashes,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import { entriesOf, MTH, PATH, PROOF, rootOfPath, rootsOfPath } from './rfcFixtures.ts';

/** Some hundred thousand hashes take a second, and several when the machine is busy. */
const manyHashes = { timeout: 60_000 };

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const edgeOf = (entries: Uint8Array[]) => extend(emptyEdge, entries.map(leafHash));

/** The inputs with which Certificate Transparency is tested, and the roots of the first one, two … of them. */
const known = {
  entries: [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map(hex),
  roots: [
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ].map(hex),
};
const knownRoot = (size: number) => known.roots[size - 1] as Uint8Array;

describe('Hashes are those of the RFC', () => {
  test('of an empty tree', () => {
    expect(emptyRoot).toEqual(hex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'));
    expect(rootOf(emptyEdge)).toEqual(emptyRoot);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('of the first %i known entries', (size) => {
    expect(rootOf(edgeOf(known.entries.slice(0, size)))).toEqual(knownRoot(size));
  });

  test('of trees of each size up to 300, however they grew', () => {
    const entries = entriesOf(300);
    const leaves = entries.map(leafHash);
    let edge = emptyEdge;
    for (const [n, leaf] of leaves.entries()) {
      edge = extend(edge, [leaf]);
      if (n % 7 === 0 || n < 70) expect(rootOf(edge)).toEqual(MTH(entries.slice(0, n + 1)));
    }
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 10 }), (steps) => {
        let grown = emptyEdge;
        for (const step of steps) {
          const start = Number(grown.size);
          grown = extend(grown, leaves.slice(start, start + step));
        }
        expect(rootOf(grown)).toEqual(MTH(entries.slice(0, Number(grown.size))));
      }),
      { numRuns: 30 },
    );
  });

  test('of entries of any length, one after another', () => {
    for (const length of [70_000, 65_536, 65_535, 65_534, 3, 0, 1]) {
      const entry = Buffer.alloc(length, 7);
      expect(leafHash(entry)).toEqual(MTH([entry]));
    }
  });

  test('and two nodes that are no hashes have none', () => {
    expect(() => nodeHash(Buffer.alloc(31), emptyRoot)).toThrow(
      new ProofError('left hash is 31 bytes instead of a Uint8Array of 32'),
    );
    expect(() => nodeHash(emptyRoot, Buffer.alloc(33))).toThrow(
      new ProofError('right hash is 33 bytes instead of a Uint8Array of 32'),
    );
  });
});

describe('Known proofs verify', () => {
  test.each([
    [0, 1, []],
    [
      0,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      5,
      8,
      [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
    [
      1,
      5,
      [
        '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
  ])('of the entry at %i in a tree of %i', (index, size, proof) => {
    const leaf = leafHash(known.entries[index] as Uint8Array);
    verifyInclusion(index, size, leaf, proof.map(hex), knownRoot(size));
  });

  test('of the last entry of a real log', () => {
    const proof = [
      'fGRlLyuz+L9Jb8+uTSut/2aVc4z7fKFW+clvsb6xjEM=',
      'F6LautOHD5eppkWC0xn/lz00X5g2yLlZAkl2jCI/wdE=',
      'qH7OJxFNup+TDvJuohd2HphKVngfMeMzUK8QChEDcas=',
      '+Y3g758yXtPCRh/eqhLTA3bdcx+cCV1Uah0JdgB0YEs=',
      'vq8cJSjj8dPVmFBRUqDLlaMqW6aAYR2GKugVhgudXLs=',
      'J0z3X5qTb9WFC1gABhVFx0bW1rVZRL+DAoBL2e2h4G4=',
      'NmSbYg25xNFzTRerIsF3HbEMyTIDqW87AQd9ekzopE8=',
      'L8BZipjURnkctkjJtGJs+YyTXMssvNKA7+a8nV2JT/s=',
      'pva4RFzCejMkVMVmYc93As2lbk7WAyrw58TvrzEOjNc=',
    ].map((text) => Buffer.from(text, 'base64'));
    const root = Buffer.from('QYfrD7XAd4qUHbRBs4dDyDZwpZN4M/cccXr2G56pxkY=', 'base64');
    verifyInclusion(76_958, 76_959, leafHash(Buffer.from('hello tesseroak\n')), proof, root);
  });

  test.each([
    [1, 1, []],
    [
      1,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      6,
      8,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [
      2,
      5,
      [
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
    [
      6,
      7,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
  ])('from a tree of %i to one of %i', (size1, size2, proof) => {
    verifyConsistency(size1, size2, proof.map(hex), knownRoot(size1), knownRoot(size2));
  });
});

const entries = entriesOf(300);
const leaves = entries.map(leafHash);
const largestSize = 70;
const roots = Array.from({ length: entries.length + 1 }, (_, size) => MTH(entries.slice(0, size)));
const rootOfSize = (size: number) => roots[size] as Uint8Array;

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
};
const aBit = fc.nat(255);
const hash32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

/** Proofs that are as long as they must be, and differ in one thing. */
const spoilt = (proof: Uint8Array[], at: number, bit: number): Uint8Array[] =>
  proof.map((hash, n) => (n === at ? flipped(hash, bit) : hash));

describe('An inclusion proof', () => {
  test('of each entry verifies in trees of each size up to 70, and in no other place', manyHashes, () => {
    for (let size = 1; size <= largestSize; size += 1) {
      for (let index = 0; index < size; index += 1) {
        const proof = PATH(index, entries.slice(0, size));
        verifyInclusion(index, BigInt(size), leaves[index] as Uint8Array, proof, rootOfSize(size));
        const other = (index + 1 + (index % 3)) % size;
        if (other === index) continue;
        expect(() =>
          verifyInclusion(other, size, leaves[index] as Uint8Array, proof, rootOfSize(size)),
        ).toThrow(ProofError);
      }
    }
  });

  test('is refused with one bit changed, one hash less, more, twice or elsewhere', () => {
    const place = fc
      .integer({ min: 2, max: entries.length })
      .chain((size) => fc.tuple(fc.constant(size), fc.nat(size - 1), fc.nat(20), aBit));
    fc.assert(
      fc.property(place, hash32, ([size, index, n, bit], extra) => {
        const proof = PATH(index, entries.slice(0, size));
        const at = n % proof.length;
        const leaf = leaves[index] as Uint8Array;
        const verify = (changed: Uint8Array[], changedLeaf = leaf, root = rootOfSize(size)) =>
          verifyInclusion(index, size, changedLeaf, changed, root);
        verify(proof);
        const swapped = proof.with(at, proof.at(at - 1) as Uint8Array).with(at - 1, proof[at] as Uint8Array);
        for (const wrong of [
          spoilt(proof, at, bit),
          proof.toSpliced(at, 1),
          proof.toSpliced(at, 0, extra),
          proof.toSpliced(at, 0, proof[at] as Uint8Array),
          [...proof, extra],
          ...(proof.length > 1 ? [swapped] : []),
        ]) {
          expect(() => verify(wrong)).toThrow(ProofError);
        }
        expect(() => verify(proof, flipped(leaf, bit))).toThrow(ProofError);
        expect(() => verify(proof, leaf, flipped(rootOfSize(size), bit))).toThrow(ProofError);
      }),
      { numRuns: 200 },
    );
  });

  test('is verified up to 2^64 - 1 as the RFC verifies it', () => {
    const uint64 = fc.oneof(
      fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
      fc.nat(300).map((distance) => 2n ** 64n - 1n - BigInt(distance)),
      fc.integer({ min: 0, max: 63 }).map((bit) => 2n ** BigInt(bit)),
    );
    const place = uint64.chain((size) =>
      fc.tuple(fc.constant(size), fc.oneof(fc.bigInt({ min: 0n, max: size - 1n }), fc.constant(size - 1n))),
    );
    fc.assert(
      fc.property(place, hash32, fc.nat(63), aBit, ([size, index], leaf, at, bit) => {
        // The hashes are made up: the root is whatever they lead to.
        const { root, taken } = rootOfPath(index, size, leaf, leaves);
        const proof = leaves.slice(0, taken);
        verifyInclusion(index, size, leaf, proof, root);
        const verifyChanged = (changed: Uint8Array[]) => verifyInclusion(index, size, leaf, changed, root);
        expect(() => verifyChanged([...proof, leaf])).toThrow(
          /^proof has \d+ hashes; for these numbers it has \d+$/,
        );
        if (proof.length === 0) return;
        expect(() => verifyChanged(spoilt(proof, at % proof.length, bit))).toThrow(
          'root is not the one that leaf hash and proof lead to',
        );
      }),
      { numRuns: 300 },
    );
  });

  const leaf = leaves[0] as Uint8Array;
  const proof = PATH(0, entries.slice(0, 5));
  const root = rootOfSize(5);
  const no = undefined as unknown as Uint8Array;
  test.each<[string, () => void, string]>([
    [
      'an empty tree',
      () => verifyInclusion(0, 0, leaf, [], emptyRoot),
      'index 0 is outside a tree of size 0',
    ],
    [
      'an index of the size',
      () => verifyInclusion(5, 5, leaf, proof, root),
      'index 5 is outside a tree of size 5',
    ],
    [
      'a negative index',
      () => verifyInclusion(-1, 5, leaf, proof, root),
      'index -1 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'half an index',
      () => verifyInclusion(0.5, 5, leaf, proof, root),
      'index 0.5 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'no index',
      () => verifyInclusion(Number.NaN, 5, leaf, proof, root),
      'index NaN is no whole number from 0 to 2^64 - 1',
    ],
    [
      'an index as text',
      () => verifyInclusion('0' as unknown as bigint, 5, leaf, proof, root),
      'index 0 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'a number that is not exact',
      () => verifyInclusion(0, 2 ** 53, leaf, proof, root),
      'size 9007199254740992 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'a size of 2^64',
      () => verifyInclusion(0, 2n ** 64n, leaf, proof, root),
      'size 18446744073709551616 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'a short leaf hash',
      () => verifyInclusion(0, 5, leaf.subarray(1), proof, root),
      'leaf hash is 31 bytes instead of a Uint8Array of 32',
    ],
    [
      'no leaf hash',
      () => verifyInclusion(0, 5, no, proof, root),
      'leaf hash is undefined bytes instead of a Uint8Array of 32',
    ],
    [
      'a root as text',
      () => verifyInclusion(0, 5, leaf, proof, 'x'.repeat(32) as unknown as Uint8Array),
      'root is 32 bytes instead of a Uint8Array of 32',
    ],
    [
      'a long hash',
      () => verifyInclusion(0, 5, leaf, proof.with(1, Buffer.alloc(33)), root),
      'hash 1 of the proof is 33 bytes instead of a Uint8Array of 32',
    ],
    [
      'too few hashes',
      () => verifyInclusion(0, 5, leaf, proof.slice(1), root),
      'proof has 2 hashes; for these numbers it has 3',
    ],
    [
      'a million hashes',
      () => verifyInclusion(0, 5, leaf, new Array(1_000_000).fill(root), root),
      'proof has 1000000 hashes; for these numbers it has 3',
    ],
    [
      'another root',
      () => verifyInclusion(0, 5, leaf, proof, rootOfSize(6)),
      'root is not the one that leaf hash and proof lead to',
    ],
  ])('is refused for %s', (_what, verify, message) => {
    expect(verify).toThrow(new ProofError(message));
  });
});

describe('A consistency proof', () => {
  test('between trees of all sizes up to 70 verifies, and none leads to another tree', manyHashes, () => {
    for (let size2 = 1; size2 <= largestSize; size2 += 1) {
      for (let size1 = 0; size1 <= size2; size1 += 1) {
        const proof = size1 === 0 ? [] : PROOF(size1, entries.slice(0, size2));
        verifyConsistency(size1, BigInt(size2), proof, rootOfSize(size1), rootOfSize(size2));
        if (size1 === 0) continue;
        expect(() =>
          verifyConsistency(size1, size2, proof, rootOfSize(size1), rootOfSize(size2 + 1)),
        ).toThrow(ProofError);
      }
    }
  });

  test('is refused with one bit changed, one hash less, more, twice or elsewhere', () => {
    const sizes = fc
      .integer({ min: 2, max: entries.length })
      .chain((size2) =>
        fc.tuple(fc.integer({ min: 1, max: size2 - 1 }), fc.constant(size2), fc.nat(20), aBit),
      );
    fc.assert(
      fc.property(sizes, hash32, ([size1, size2, n, bit], extra) => {
        const proof = PROOF(size1, entries.slice(0, size2));
        const at = n % proof.length;
        const verify = (changed: Uint8Array[], root1 = rootOfSize(size1), root2 = rootOfSize(size2)) =>
          verifyConsistency(size1, size2, changed, root1, root2);
        verify(proof);
        const swapped = proof.with(at, proof.at(at - 1) as Uint8Array).with(at - 1, proof[at] as Uint8Array);
        for (const wrong of [
          [],
          spoilt(proof, at, bit),
          proof.toSpliced(at, 1),
          proof.toSpliced(at, 0, extra),
          proof.toSpliced(at, 0, proof[at] as Uint8Array),
          [...proof, extra],
          [rootOfSize(size1), ...proof],
          ...(proof.length > 1 ? [swapped] : []),
        ]) {
          expect(() => verify(wrong)).toThrow(ProofError);
        }
        expect(() => verify(proof, flipped(rootOfSize(size1), bit))).toThrow(ProofError);
        expect(() => verify(proof, undefined, flipped(rootOfSize(size2), bit))).toThrow(ProofError);
        expect(() => verify(proof, rootOfSize(size2), rootOfSize(size1))).toThrow(ProofError);
      }),
      { numRuns: 200 },
    );
  });

  test('is verified up to 2^64 - 1 as the RFC verifies it', () => {
    const size = fc.oneof(
      fc.bigInt({ min: 1n, max: 2n ** 64n - 2n }),
      fc.integer({ min: 0, max: 63 }).map((bit) => 2n ** BigInt(bit)),
    );
    const sizes = size.chain((size1) =>
      fc.tuple(
        fc.constant(size1),
        fc.oneof(fc.bigInt({ min: size1 + 1n, max: 2n ** 64n - 1n }), fc.constant(2n ** 64n - 1n)),
      ),
    );
    fc.assert(
      fc.property(sizes, hash32, fc.nat(63), aBit, ([size1, size2], start, at, bit) => {
        const { root1, root2, taken } = rootsOfPath(size1, size2, [start, ...leaves]);
        const path = [start, ...leaves].slice(0, taken);
        // If the first tree is one complete subtree, its root begins the path and is not sent along.
        const proof = (size1 & (size1 - 1n)) === 0n ? path.slice(1) : path;
        verifyConsistency(size1, size2, proof, root1, root2);
        expect(() => verifyConsistency(size1, size2, [...proof, start], root1, root2)).toThrow(ProofError);
        expect(() =>
          verifyConsistency(size1, size2, spoilt(proof, at % proof.length, bit), root1, root2),
        ).toThrow(/^root[12] is not the one that the proof leads to$/);
      }),
      { numRuns: 300 },
    );
  });

  const [root3, root5] = [rootOfSize(3), rootOfSize(5)];
  const proof = PROOF(3, entries.slice(0, 5));
  test.each<[string, () => void, string]>([
    [
      'a tree that shrank',
      () => verifyConsistency(5, 3, proof, root5, root3),
      'size1 5 is larger than size2 3',
    ],
    [
      'a negative size',
      () => verifyConsistency(-3, 5, proof, root3, root5),
      'size1 -3 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'a size of 2^64',
      () => verifyConsistency(3, 2n ** 64n, proof, root3, root5),
      'size2 18446744073709551616 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'a short root1',
      () => verifyConsistency(3, 5, proof, root3.subarray(1), root5),
      'root1 is 31 bytes instead of a Uint8Array of 32',
    ],
    [
      'a long root2',
      () => verifyConsistency(3, 5, proof, root3, Buffer.alloc(33)),
      'root2 is 33 bytes instead of a Uint8Array of 32',
    ],
    [
      'a fork',
      () => verifyConsistency(5, 5, [], root3, root5),
      'root1 and root2 differ, and both are of size 5: the log has forked',
    ],
    [
      'hashes between the same tree',
      () => verifyConsistency(5, 5, [root5], root5, root5),
      'proof has 1 hashes; for these numbers it has 0',
    ],
    [
      'hashes from an empty tree',
      () => verifyConsistency(0, 5, [root5], emptyRoot, root5),
      'proof has 1 hashes; for these numbers it has 0',
    ],
    [
      'an empty tree with a root',
      () => verifyConsistency(0, 5, [], root3, root5),
      'root1 is not that of an empty tree',
    ],
    [
      'two empty trees',
      () => verifyConsistency(0, 0, [], emptyRoot, root5),
      'root1 and root2 differ, and both are of size 0: the log has forked',
    ],
    [
      'no hashes',
      () => verifyConsistency(3, 5, [], root3, root5),
      'proof has 0 hashes; for these numbers it has 4',
    ],
    [
      'a short hash',
      () => verifyConsistency(3, 5, proof.with(3, Buffer.alloc(0)), root3, root5),
      'hash 3 of the proof is 0 bytes instead of a Uint8Array of 32',
    ],
    [
      'a million hashes',
      () => verifyConsistency(3, 5, new Array(1_000_000).fill(root3), root3, root5),
      'proof has 1000000 hashes; for these numbers it has 4',
    ],
    [
      'another root1',
      () => verifyConsistency(3, 5, proof, root5, root5),
      'root1 is not the one that the proof leads to',
    ],
    [
      'another root2',
      () => verifyConsistency(3, 5, proof, root3, root3),
      'root2 is not the one that the proof leads to',
    ],
  ])('is refused for %s', (_what, verify, message) => {
    expect(verify).toThrow(new ProofError(message));
  });
});

describe('An edge', () => {
  test('holds the roots of the complete subtrees, the largest first', () => {
    const { size, hashes } = edgeOf(entries.slice(0, 13));
    expect(size).toBe(13n);
    expect(hashes).toEqual([MTH(entries.slice(0, 8)), MTH(entries.slice(8, 12)), MTH(entries.slice(12, 13))]);
  });

  test('is left as it is by what is added to it', () => {
    const before = edgeOf(entries.slice(0, 7));
    const hashes = [...before.hashes];
    extend(before, leaves.slice(7, 40));
    expect(before).toEqual({ size: 7n, hashes });
  });

  test('reports each subtree that becomes complete, once, with its place', () => {
    const reported = new Map<string, Uint8Array>();
    let edge = emptyEdge;
    for (const [from, to] of [
      [0, 3],
      [3, 4],
      [4, 100],
      [100, 300],
    ]) {
      edge = extend(edge, leaves.slice(from, to), (level, index, hash) => {
        expect(reported.has(`${level}/${index}`)).toBe(false);
        reported.set(`${level}/${index}`, hash);
      });
    }
    const expected = new Map<string, Uint8Array>();
    for (let level = 1; 2 ** level <= 300; level += 1) {
      for (let index = 0; (index + 1) * 2 ** level <= 300; index += 1) {
        expected.set(`${level}/${index}`, MTH(entries.slice(index * 2 ** level, (index + 1) * 2 ** level)));
      }
    }
    expect(new Map([...reported].sort())).toEqual(new Map([...expected].sort()));
  });

  test('comes back from its bytes, and from none that are of another size', () => {
    for (const size of [0, 1, 2, 7, 8, 255, 300]) {
      const edge = edgeOf(entries.slice(0, size));
      const bytes = encodeEdge(edge);
      expect(decodeEdge(size, bytes)).toEqual(edge);
      expect(() => decodeEdge(size * 2 + 1, bytes)).toThrow(ProofError);
    }
    expect(() => decodeEdge(3, Buffer.alloc(63))).toThrow(
      new ProofError('edge is 63 bytes; that of size 3 has 64'),
    );
    expect(() => decodeEdge(3, Buffer.alloc(96))).toThrow(
      new ProofError('edge is 96 bytes; that of size 3 has 64'),
    );
    expect(() => decodeEdge(2n ** 64n, Buffer.alloc(32))).toThrow(ProofError);
    expect(() => encodeEdge({ size: 3n, hashes: [emptyRoot] })).toThrow(ProofError);
    expect(() => splitHashes(Buffer.alloc(95))).toThrow('95 bytes are no whole hashes');
  });

  test('grows up to 2^64 - 1 entries and not further', () => {
    const almost = { size: 2n ** 64n - 3n, hashes: leaves.slice(0, 63) };
    const full = extend(almost, leaves.slice(0, 2));
    expect(full).toMatchObject({ size: 2n ** 64n - 1n });
    expect(full.hashes).toHaveLength(64);
    expect(() => extend(almost, leaves.slice(0, 3))).toThrow(
      new ProofError('size 18446744073709551616 is more than a tree can have'),
    );
  });

  test.each<[string, () => void, string]>([
    [
      'too few hashes',
      () => rootOf({ size: 3n, hashes: [emptyRoot] }),
      'edge has 1 hashes; that of size 3 has 2',
    ],
    [
      'a malformed size',
      () => rootOf({ size: -1n, hashes: [emptyRoot] }),
      'size -1 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'a malformed hash',
      () => extend({ size: 1n, hashes: [Buffer.alloc(3)] }, []),
      'hash 0 of the edge is 3 bytes instead of a Uint8Array of 32',
    ],
    [
      'a malformed leaf hash',
      () => extend(emptyEdge, [emptyRoot, Buffer.alloc(3)]),
      'leaf hash 1 is 3 bytes instead of a Uint8Array of 32',
    ],
  ])('is refused with %s', (_what, use, message) => {
    expect(use).toThrow(new ProofError(message));
  });
});
