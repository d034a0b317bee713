import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  emptyEdge,
  emptyRoot,
  extend,
  leafHash,
  ProofError,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import { consistencyProof, inclusionProof, tilesForConsistency, tilesForInclusion } from './prove.ts';
import { entriesOf, hashTilesOf, MTH, PATH, PROOF } from './rfcFixtures.ts';
import { newTiles, type Tile, tilePath } from './tile.ts';

/** Some hundred thousand hashes take a second, and several when the machine is busy. */
const manyHashes = { timeout: 60_000 };

const entries = entriesOf(70_000);
const leaves = entries.map(leafHash);
const largeTree = { size: 70_000, root: MTH(entries), tiles: hashTilesOf(entries) };

/** As one text, which is compared some hundred times faster than the bytes of arrays. */
const hexOf = (hashes: Uint8Array[]) => Buffer.concat(hashes).toString('hex');

/** Only what was asked for: a proof that reads more fails. */
function fetched(needed: Tile[], tiles: Map<string, Uint8Array>): Map<string, Uint8Array> {
  const paths = needed.map(tilePath);
  expect(new Set(paths).size).toBe(paths.length);
  return new Map(paths.map((path) => [path, tiles.get(path) as Uint8Array]));
}

describe('An inclusion proof', () => {
  test('is the path of the RFC for each entry in trees of each size up to 70', manyHashes, () => {
    for (let size = 1; size <= 70; size += 1) {
      const tree = entries.slice(0, size);
      const tiles = hashTilesOf(tree);
      for (let index = 0; index < size; index += 1) {
        const needed = fetched(tilesForInclusion(index, size), tiles);
        expect(hexOf(inclusionProof(index, BigInt(size), needed))).toBe(hexOf(PATH(index, tree)));
      }
    }
  });

  test.each([256, 257, 511, 513, 1000])('is that of the RFC across tiles, at size %i', (size) => {
    const tree = entries.slice(0, size);
    const tiles = hashTilesOf(tree);
    for (const index of [0, 1, 254, 255, 256, 257, 509, 510, 512, 767, 999].filter((each) => each < size)) {
      const needed = fetched(tilesForInclusion(index, size), tiles);
      expect(hexOf(inclusionProof(index, size, needed))).toBe(hexOf(PATH(index, tree)));
    }
  });

  test('verifies in a tree of three levels of tiles', manyHashes, () => {
    const { size, root, tiles } = largeTree;
    fc.assert(
      fc.property(fc.nat(size - 1), (index) => {
        const needed = fetched(tilesForInclusion(index, size), tiles);
        const proof = inclusionProof(index, size, needed);
        verifyInclusion(index, size, leaves[index] as Uint8Array, proof, root);
      }),
      { numRuns: 200 },
    );
  });

  test('needs no hash of an only entry', () => {
    expect(tilesForInclusion(0, 1)).toEqual([]);
    expect(inclusionProof(0, 1, new Map())).toEqual([]);
  });

  test('needs 5 tiles at most in a tree of a million entries', () => {
    const counts = new Set<number>();
    fc.assert(
      fc.property(fc.nat(999_999), (index) => {
        counts.add(tilesForInclusion(index, 1_000_000).length);
      }),
      { numRuns: 500 },
    );
    expect(Math.max(...counts)).toBe(5);
  });

  test('needs tiles of the tree only, up to 2^64 - 1 entries', () => {
    expect(tilesForInclusion(0, 2n ** 64n - 1n).every(({ width }) => width > 0)).toBe(true);
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 64n }),
        (size, n) => {
          const tiles = tilesForInclusion(n % size, size);
          expect(tiles.length).toBeLessThanOrEqual(16);
          for (const { level, index, width } of tiles) {
            const hashes = size >> BigInt(8 * Number(level));
            expect(index * 256n + BigInt(width)).toBe(width === 256 ? (index + 1n) * 256n : hashes);
            expect(index * 256n + BigInt(width)).toBeLessThanOrEqual(hashes);
          }
        },
      ),
    );
  });
});

describe('A consistency proof', () => {
  test('is that of the RFC between trees of all sizes up to 70', manyHashes, () => {
    for (let size2 = 1; size2 <= 70; size2 += 1) {
      const tree = entries.slice(0, size2);
      const tiles = hashTilesOf(tree);
      for (let size1 = 1; size1 <= size2; size1 += 1) {
        const needed = fetched(tilesForConsistency(size1, size2), tiles);
        expect(hexOf(consistencyProof(size1, BigInt(size2), needed))).toBe(hexOf(PROOF(size1, tree)));
      }
    }
  });

  test.each([256, 257, 511, 513, 1000])('is that of the RFC across tiles, to size %i', (size2) => {
    const tree = entries.slice(0, size2);
    const tiles = hashTilesOf(tree);
    for (const size1 of [1, 2, 255, 256, 257, 258, 510, 512, 768, 1000].filter((each) => each <= size2)) {
      const needed = fetched(tilesForConsistency(size1, size2), tiles);
      expect(hexOf(consistencyProof(size1, size2, needed))).toBe(hexOf(PROOF(size1, tree)));
    }
  });

  test('verifies in a tree of three levels of tiles', manyHashes, () => {
    const { size, root, tiles } = largeTree;
    const sizes = fc.uniqueArray(fc.nat(size), { minLength: 50, maxLength: 50 });
    fc.assert(
      fc.property(sizes, (sizes1) => {
        let edge = emptyEdge;
        for (const size1 of sizes1.sort((a, b) => a - b)) {
          edge = extend(edge, leaves.slice(Number(edge.size), size1));
          const needed = tilesForConsistency(size1, size);
          expect(needed.length).toBeLessThanOrEqual(5);
          const proof = consistencyProof(size1, size, fetched(needed, tiles));
          verifyConsistency(size1, size, proof, rootOf(edge), root);
        }
      }),
      { numRuns: 2 },
    );
  });

  test('needs nothing from an empty tree and from the same one', () => {
    for (const [size1, size2] of [
      [0, 0],
      [0, 5],
      [5, 5],
      [70_000, 70_000],
    ] as const) {
      expect(tilesForConsistency(size1, size2)).toEqual([]);
      expect(consistencyProof(size1, size2, new Map())).toEqual([]);
    }
    verifyConsistency(0, 5, consistencyProof(0, 5, new Map()), emptyRoot, MTH(entries.slice(0, 5)));
  });

  test('to ten million entries, for a witness that has seen one, reads five tiles, and from no size more than six', () => {
    const tenMillion = 10_000_000;
    expect(tilesForConsistency(1, tenMillion)).toHaveLength(5);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: tenMillion }), fc.nat(tenMillion), (size, old) => {
        expect(tilesForConsistency(Math.min(old, size), size).length).toBeLessThanOrEqual(6);
      }),
    );
  });
});

test('The tiles that a log writes, from its edge alone, are those that the specification says', () => {
  // As a publisher does it: leaf hashes, and the hashes that extending the edge tells of at every eighth level.
  const levels: Uint8Array[][] = [leaves, [], []];
  extend(emptyEdge, leaves, (level, _index, hash) => {
    if (level % 8 === 0) levels[level / 8]?.push(hash);
  });
  for (const tile of newTiles(0, largeTree.size)) {
    if (tile.level === 'entries') continue;
    const start = Number(tile.index) * 256;
    const written = Buffer.concat(levels[tile.level]?.slice(start, start + tile.width) ?? []);
    expect(written.equals(largeTree.tiles.get(tilePath(tile)) ?? Buffer.alloc(0))).toBe(true);
  }
});

describe('A prover refuses', () => {
  const { tiles } = largeTree;
  const without = (path: string) => new Map([...tiles].filter(([each]) => each !== path));

  test.each<[string, () => void, string]>([
    [
      'a tile that is missing',
      () => inclusionProof(0, 70_000, without('tile/0/000')),
      'tile/0/000 is missing',
    ],
    [
      'a partial tile that is missing',
      () => inclusionProof(0, 70_000, without('tile/1/001.p/17')),
      'tile/1/001.p/17 is missing',
    ],
    [
      'a tile that is cut off',
      () => inclusionProof(0, 70_000, new Map([...tiles, ['tile/0/000', Buffer.alloc(8160)]])),
      'tile/0/000 is 8160 bytes instead of 8192',
    ],
    [
      'a tile of another width',
      () => consistencyProof(69_999, 70_000, new Map([...tiles, ['tile/0/273.p/112', Buffer.alloc(8192)]])),
      'tile/0/273.p/112 is 8192 bytes instead of 3584',
    ],
    ['an index outside', () => tilesForInclusion(5, 5), 'index 5 is outside a tree of size 5'],
    ['an index in an empty tree', () => inclusionProof(0, 0, tiles), 'index 0 is outside a tree of size 0'],
    [
      'a malformed index',
      () => inclusionProof(-1, 5, tiles),
      'index -1 is no whole number from 0 to 2^64 - 1',
    ],
    [
      'a malformed size',
      () => tilesForInclusion(0, 2n ** 64n),
      'size 18446744073709551616 is no whole number from 0 to 2^64 - 1',
    ],
    ['a tree that shrank', () => tilesForConsistency(6, 5), 'size1 6 is larger than size2 5'],
    [
      'a malformed size2',
      () => consistencyProof(0, 1.5, tiles),
      'size2 1.5 is no whole number from 0 to 2^64 - 1',
    ],
  ])('%s', (_what, prove, message) => {
    expect(prove).toThrow(new ProofError(message));
  });
});
