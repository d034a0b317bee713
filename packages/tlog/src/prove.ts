import type { Uint64 } from './encoding.ts';
import { emptyEdge, extend, hashBytes, nodeHash, ProofError, rootOf, splitHashes, uint64 } from './merkle.ts';
import { type Tile, tileAt, tilePath } from './tile.ts';

// Proofs are made from tiles: first list the tiles that are needed, then read them in parallel, then make the proof.

/** The bytes of tiles by their paths ({@link tilePath}). */
export type Tiles = ReadonlyMap<string, Uint8Array>;

/**
 * The tiles that {@link inclusionProof} reads, each once: 5 at most in a tree of 2^24 entries.
 *
 * @throws ProofError when the index is outside the tree, or a number is malformed
 */
export const tilesForInclusion = (index: Uint64, size: Uint64): Tile[] =>
  tilesFor(inclusionRanges(index, size), size);

/**
 * The proof that an entry is at `index` in the tree of `size` entries: from its sibling up to the root's child.
 *
 * @throws ProofError when the index is outside the tree, a number is malformed, or a tile is missing or has not the
 * length of its width
 */
export const inclusionProof = (index: Uint64, size: Uint64, tiles: Tiles): Uint8Array[] =>
  hashesOf(inclusionRanges(index, size), size, tiles);

/**
 * The tiles that {@link consistencyProof} reads, each once. All of them are tiles of the larger tree.
 *
 * @throws ProofError when the first tree is the larger one, or a size is malformed
 */
export const tilesForConsistency = (size1: Uint64, size2: Uint64): Tile[] =>
  tilesFor(consistencyRanges(size1, size2), size2);

/**
 * The proof that the tree of `size1` entries is the beginning of that of `size2`: empty for no entries and for the
 * same size.
 *
 * @throws ProofError when the first tree is the larger one, a size is malformed, or a tile is missing or has not the
 * length of its width
 */
export const consistencyProof = (size1: Uint64, size2: Uint64, tiles: Tiles): Uint8Array[] =>
  hashesOf(consistencyRanges(size1, size2), size2, tiles);

/** Entries whose root is one hash of a proof: complete subtrees, divided as in the RFC, the largest first. */
type Range = { start: bigint; end: bigint };

function inclusionRanges(index: Uint64, size: Uint64): Range[] {
  const [entryIndex, treeSize] = [uint64('index', index), uint64('size', size)];
  if (entryIndex >= treeSize)
    throw new ProofError(`index ${entryIndex} is outside a tree of size ${treeSize}`);
  return path(entryIndex, { start: 0n, end: treeSize });
}

function consistencyRanges(size1: Uint64, size2: Uint64): Range[] {
  const [first, second] = [uint64('size1', size1), uint64('size2', size2)];
  if (first > second) throw new ProofError(`size1 ${first} is larger than size2 ${second}`);
  return first === 0n ? [] : subproof(first, { start: 0n, end: second }, true);
}

/** PATH of https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.1 */
function path(index: bigint, range: Range): Range[] {
  if (range.end - range.start === 1n) return [];
  const [left, right] = divide(range);
  return index < left.end ? [...path(index, left), right] : [...path(index, right), left];
}

/** SUBPROOF of https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.1; `isKnown`: the verifier has the range's root. */
function subproof(size1: bigint, range: Range, isKnown: boolean): Range[] {
  if (size1 === range.end) return isKnown ? [] : [range];
  const [left, right] = divide(range);
  return size1 <= left.end
    ? [...subproof(size1, left, isKnown), right]
    : [...subproof(size1, right, false), left];
}

/** The left part is the largest power of two that leaves something for the right part. */
function divide({ start, end }: Range): [Range, Range] {
  const middle = start + (1n << BigInt(floorLog2(end - start - 1n)));
  return [
    { start, end: middle },
    { start: middle, end },
  ];
}

/** The index-th subtree of 2^level entries. */
type Subtree = { level: number; index: bigint };

function subtreesOf({ start, end }: Range): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let next = start; next < end; ) {
    const level = floorLog2(end - next);
    subtrees.push({ level, index: next >> BigInt(level) });
    next += 1n << BigInt(level);
  }
  return subtrees;
}

function tilesFor(ranges: Range[], size: Uint64): Tile[] {
  const tiles = ranges.flatMap(subtreesOf).map((subtree) => placeOf(subtree, size).tile);
  return [...new Map(tiles.map((tile) => [tilePath(tile), tile])).values()];
}

function hashesOf(ranges: Range[], size: Uint64, tiles: Tiles): Uint8Array[] {
  return ranges.map((range) =>
    subtreesOf(range)
      .map((subtree) => rootFrom(tiles, subtree, size))
      .reduceRight((joined, left) => nodeHash(left, joined)),
  );
}

function rootFrom(tiles: Tiles, subtree: Subtree, size: Uint64): Uint8Array {
  const { tile, offset, count } = placeOf(subtree, size);
  const tileName = tilePath(tile);
  const bytes = tiles.get(tileName);
  if (bytes === undefined) throw new ProofError(`${tileName} is missing`);
  if (bytes.length !== tile.width * hashBytes) {
    throw new ProofError(`${tileName} is ${bytes.length} bytes instead of ${tile.width * hashBytes}`);
  }
  const hashes = splitHashes(bytes.subarray(offset * hashBytes, (offset + count) * hashBytes));
  return rootOf(extend(emptyEdge, hashes));
}

/** The tile of a subtree: tiles have every eighth level, and the levels between are hashed from the one below. */
function placeOf({ level, index }: Subtree, size: Uint64): { tile: Tile; offset: number; count: number } {
  const heightInTile = level % 8;
  const firstHash = index << BigInt(heightInTile);
  return {
    tile: tileAt((level - heightInTile) / 8, firstHash >> 8n, BigInt(size)),
    offset: Number(firstHash & 0xffn),
    count: 1 << heightInTile,
  };
}

const floorLog2 = (value: bigint): number => value.toString(2).length - 1;
