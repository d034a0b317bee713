import { hash } from 'node:crypto';
import { VerificationError } from './wrong.ts';

/** A SHA-256 hash: 32 bytes. */
export type Hash = Uint8Array;

export const hashBytes = 32;

export const sha256 = (data: Uint8Array | string): Hash => hash('sha256', data, 'buffer');

/** https://www.rfc-editor.org/rfc/rfc6962#section-2.1 */
export const leafHash = (entry: Uint8Array): Hash => sha256(Buffer.concat([leafPrefix, entry]));

/**
 * @throws VerificationError when one of the two is not a hash: 31 and 33 bytes would make the same node as 32 and 32
 */
export function nodeHash(left: Hash, right: Hash): Hash {
  requireHash(left, 'left hash of a node');
  requireHash(right, 'right hash of a node');
  return sha256(Buffer.concat([nodePrefix, left, right]));
}

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

function requireHash(hash: Hash, part: string): void {
  if (hash.length !== hashBytes)
    throw new VerificationError(part, `has ${hash.length} bytes, not ${hashBytes}`);
}

export const isSame = (a: Hash, b: Hash): boolean => Buffer.compare(a, b) === 0;

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

/**
 * Follows the path from a leaf to the root, step by step as in
 * https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2. Numbers are at most 2^53 − 1, so bits are computed by
 * division.
 *
 * @throws VerificationError when the leaf is not in the tree of this root at this index, or a hash or number is
 *   malformed
 */
export function verifyInclusion(index: number, size: number, leaf: Hash, proof: Hash[], root: Hash): void {
  if (![index, size].every(Number.isSafeInteger) || index < 0 || index >= size)
    throw new VerificationError('index', `${index} is not in a log of ${size} entries`);
  requireHash(leaf, 'hash of the entry');
  requireHash(root, 'root');
  for (const [i, sibling] of proof.entries()) requireHash(sibling, `hash ${i + 1} of the inclusion proof`);
  let [fn, sn] = [index, size - 1];
  let reached = leaf;
  for (const sibling of proof) {
    if (sn === 0)
      throw new VerificationError('inclusion proof', 'it has more hashes than the tree has levels');
    if (fn % 2 === 1 || fn === sn) {
      reached = nodeHash(sibling, reached);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else {
      reached = nodeHash(reached, sibling);
    }
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  if (sn !== 0)
    throw new VerificationError('inclusion proof', 'it has fewer hashes than the tree has levels');
  if (!isSame(reached, root)) {
    throw new VerificationError(
      'inclusion proof',
      'it does not lead from the entry to the root of the checkpoint: entry, index or a hash of the proof was changed',
    );
  }
}
