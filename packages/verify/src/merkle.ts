import { hash } from 'node:crypto';
import { type Hash, ofLeaf, ofNode, requireHash } from './hashes.ts';

// Trees of whole logs. They take millions of hashes, which Node makes ten times as fast when it is not asked for
// promises.

const sha256 = (data: Uint8Array | string): Hash => hash('sha256', data, 'buffer');

export const leafHash = (entry: Uint8Array): Hash => sha256(ofLeaf(entry));

/** @throws VerificationError when one of the two is not a hash */
export const nodeHash = (left: Hash, right: Hash): Hash => sha256(ofNode(left, right));

/**
 * The root of the tree over these hashes, in their order; without hashes, the hash of nothing.
 *
 * @throws VerificationError when one of them is not a hash
 */
export function rootOf(hashes: readonly Hash[]): Hash {
  const [first = sha256('')] = hashes;
  requireHash(first, 'hash of a tree');
  if (hashes.length < 2) return first;
  let left = 1;
  while (left * 2 < hashes.length) left *= 2;
  return nodeHash(rootOf(hashes.slice(0, left)), rootOf(hashes.slice(left)));
}

/**
 * The root of a log, from the hashes of its partial tiles, those of level 0 first.
 *
 * Each hash of a tile stands for a whole subtree, larger than all that is to the right of its level. So the root of
 * everything to the right is one more hash, the last one, of the tile above.
 */
export function rootOfPartialTiles(levels: readonly (readonly Hash[])[]): Hash {
  let rightmost: Hash[] = [];
  for (const tile of levels) {
    const hashes = tile.concat(rightmost);
    rightmost = hashes.length === 0 ? [] : [rootOf(hashes)];
  }
  return rootOf(rightmost);
}
