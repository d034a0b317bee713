import { hash } from 'node:crypto';
import { maxUint64, toUint64, type Uint64 } from './encoding.ts';

// The Merkle tree of RFC 6962 and RFC 9162, section 2.1 (https://www.rfc-editor.org/rfc/rfc9162#section-2.1), with
// SHA-256: hashes of entries and subtrees, verification of proofs, and the right edge, to which a log appends.

/** A part of a proof, an edge or a tree is malformed or wrong; the message names it. */
export class ProofError extends Error {
  override name = 'ProofError';
}

export const hashBytes = 32;

/** The root of a tree without entries. */
export const emptyRoot: Uint8Array = hash('sha256', new Uint8Array(), 'buffer');

// Hashing takes nearly all the time of an append. A new buffer for each hash would add a third.
const leafInput = new Uint8Array(1 + 65_535);
const nodeInput = new Uint8Array(1 + 2 * hashBytes);
nodeInput[0] = 1;

export function leafHash(entry: Uint8Array): Uint8Array {
  const input = entry.length < leafInput.length ? leafInput : new Uint8Array(1 + entry.length);
  input.set(entry, 1);
  return hash('sha256', input.subarray(0, 1 + entry.length), 'buffer');
}

/** @throws ProofError when one of the two is not 32 bytes */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (!isHash(left)) throw noHash('left hash', left);
  if (!isHash(right)) throw noHash('right hash', right);
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashBytes);
  return hash('sha256', nodeInput, 'buffer');
}

/**
 * Verifies that an entry is at `index` in the tree of `size` entries with this root.
 *
 * @param leaf the entry's {@link leafHash}
 * @param proof from the leaf's sibling up to the root's child
 * @throws ProofError when it is not, or anything is malformed
 */
export function verifyInclusion(
  index: Uint64,
  size: Uint64,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): void {
  const [entryIndex, treeSize] = [uint64('index', index), uint64('size', size)];
  if (entryIndex >= treeSize)
    throw new ProofError(`index ${entryIndex} is outside a tree of size ${treeSize}`);
  if (!isHash(leaf)) throw noHash('leaf hash', leaf);
  if (!isHash(root)) throw noHash('root', root);
  const { inner, border } = shapeOf(entryIndex, treeSize);
  checkProof(proof, inner + border);
  const computed = joinLeft(joinInner(leaf, proof.slice(0, inner), bitsOf(entryIndex)), proof.slice(inner));
  if (!isEqual(computed, root)) throw new ProofError('root is not the one that leaf hash and proof lead to');
}

/**
 * Verifies that the tree of `size1` entries is the beginning of the tree of `size2` entries.
 *
 * @param proof empty when the first tree is, or when both are the same
 * @throws ProofError when it is not, or anything is malformed
 */
export function verifyConsistency(
  size1: Uint64,
  size2: Uint64,
  proof: readonly Uint8Array[],
  root1: Uint8Array,
  root2: Uint8Array,
): void {
  const [first, second] = [uint64('size1', size1), uint64('size2', size2)];
  if (first > second) throw new ProofError(`size1 ${first} is larger than size2 ${second}`);
  if (!isHash(root1)) throw noHash('root1', root1);
  if (!isHash(root2)) throw noHash('root2', root2);
  if (first === 0n && !isEqual(root1, emptyRoot)) throw new ProofError('root1 is not that of an empty tree');
  if (first === second && !isEqual(root1, root2)) {
    throw new ProofError(`root1 and root2 differ, and both are of size ${first}: the log has forked`);
  }
  if (first === 0n || first === second) {
    checkProof(proof, 0);
    return;
  }

  // The proof is that of the first tree's last entry in the second tree, from the largest complete subtree on that
  // ends with this entry. If that is the whole first tree, its root is known and left out.
  const { inner, border } = shapeOf(first - 1n, second);
  const height = trailingZeros(first);
  const isWhole = first === 1n << BigInt(height);
  checkProof(proof, (isWhole ? 0 : 1) + inner - height + border);
  const [start = root1, ...rest] = isWhole ? [root1, ...proof] : proof;
  const [innerHashes, borderHashes] = [rest.slice(0, inner - height), rest.slice(inner - height)];
  const path = bitsOf((first - 1n) >> BigInt(height));

  // Only hashes to the left of the path belong to the first tree.
  const leftOfPath = innerHashes.filter((_, level) => isBitSet(path, level));
  const computed1 = joinLeft(start, [...leftOfPath, ...borderHashes]);
  if (!isEqual(computed1, root1)) throw new ProofError('root1 is not the one that the proof leads to');
  const computed2 = joinLeft(joinInner(start, innerHashes, path), borderHashes);
  if (!isEqual(computed2, root2)) throw new ProofError('root2 is not the one that the proof leads to');
}

/**
 * The number of hashes that prove an entry: below the point where its path meets that of the last entry (`inner`)
 * they are on either side, above it (`border`) only on the left, where a complete subtree is.
 */
function shapeOf(index: bigint, size: bigint): { inner: number; border: number } {
  const inner = bitLength(index ^ (size - 1n));
  return { inner, border: bitCount(index >> BigInt(inner)) };
}

const joinInner = (start: Uint8Array, hashes: readonly Uint8Array[], path: string): Uint8Array =>
  hashes.reduce(
    (joined, sibling, level) =>
      isBitSet(path, level) ? nodeHash(sibling, joined) : nodeHash(joined, sibling),
    start,
  );

const joinLeft = (start: Uint8Array, hashes: readonly Uint8Array[]): Uint8Array =>
  hashes.reduce((joined, left) => nodeHash(left, joined), start);

/**
 * The right edge of a tree, which is all that an append needs: the roots of the complete subtrees that its size is
 * the sum of, the largest first, as many as the size has one bits.
 */
export type Edge = { readonly size: bigint; readonly hashes: readonly Uint8Array[] };

export const emptyEdge: Edge = Object.freeze({ size: 0n, hashes: Object.freeze([]) });

/**
 * The edge after more entries.
 *
 * @param onNode is called with each subtree that became complete: of 2^`level` entries (from 1), the `index`-th such
 *   one
 * @throws ProofError when the edge or a hash is malformed, or the tree would have more than 2^64 − 1 entries
 */
export function extend(
  edge: Edge,
  leafHashes: readonly Uint8Array[],
  onNode?: (level: number, index: bigint, hash: Uint8Array) => void,
): Edge {
  checkEdge(edge);
  const size = edge.size + BigInt(leafHashes.length);
  if (size > maxUint64) throw new ProofError(`size ${size} is more than a tree can have`);
  const hashes = [...edge.hashes];
  const levels = levelsOf(edge.size);
  for (const [n, leaf] of leafHashes.entries()) {
    if (!isHash(leaf)) throw noHash(`leaf hash ${n}`, leaf);
    let joined = leaf;
    let level = 0;
    while (levels.at(-1) === level) {
      levels.pop();
      joined = nodeHash(hashes.pop() as Uint8Array, joined);
      level += 1;
      onNode?.(level, (edge.size + BigInt(n)) >> BigInt(level), joined);
    }
    levels.push(level);
    hashes.push(joined);
  }
  return { size, hashes };
}

/** @throws ProofError when the edge is malformed */
export function rootOf(edge: Edge): Uint8Array {
  checkEdge(edge);
  const [smallest = emptyRoot, ...larger] = edge.hashes.toReversed();
  return joinLeft(smallest, larger);
}

/**
 * The hashes of an edge, concatenated. Their number follows from the size.
 *
 * @throws ProofError when the edge is malformed
 */
export function encodeEdge(edge: Edge): Uint8Array {
  checkEdge(edge);
  return Buffer.concat(edge.hashes);
}

/** @throws ProofError when the bytes are not the edge of a tree of this size */
export function decodeEdge(size: Uint64, bytes: Uint8Array): Edge {
  const treeSize = uint64('size', size);
  const expected = bitCount(treeSize) * hashBytes;
  if (bytes.length !== expected) {
    throw new ProofError(`edge is ${bytes.length} bytes; that of size ${treeSize} has ${expected}`);
  }
  return { size: treeSize, hashes: splitHashes(bytes) };
}

/**
 * Splits concatenated hashes, into views of the bytes.
 *
 * @throws ProofError when the length is not a multiple of a hash's
 */
export function splitHashes(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length % hashBytes !== 0) throw new ProofError(`${bytes.length} bytes are no whole hashes`);
  return Array.from({ length: bytes.length / hashBytes }, (_, n) =>
    bytes.subarray(n * hashBytes, (n + 1) * hashBytes),
  );
}

function checkEdge({ size, hashes }: Edge): void {
  const expected = bitCount(uint64('size', size));
  if (hashes.length !== expected) {
    throw new ProofError(`edge has ${hashes.length} hashes; that of size ${size} has ${expected}`);
  }
  for (const [n, each] of hashes.entries()) if (!isHash(each)) throw noHash(`hash ${n} of the edge`, each);
}

function checkProof(proof: readonly Uint8Array[], expected: number): void {
  if (proof.length !== expected) {
    throw new ProofError(`proof has ${proof.length} hashes; for these numbers it has ${expected}`);
  }
  for (const [n, each] of proof.entries()) if (!isHash(each)) throw noHash(`hash ${n} of the proof`, each);
}

const isHash = (bytes: Uint8Array): boolean => bytes instanceof Uint8Array && bytes.length === hashBytes;

const noHash = (part: string, bytes: Uint8Array): ProofError =>
  new ProofError(`${part} is ${bytes?.length} bytes instead of a Uint8Array of ${hashBytes}`);

/** @throws ProofError that names the part */
export function uint64(part: string, value: Uint64): bigint {
  const whole = toUint64(value);
  if (whole === undefined) throw new ProofError(`${part} ${value} is no whole number from 0 to 2^64 - 1`);
  return whole;
}

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const bitsOf = (value: bigint): string => value.toString(2);
const bitLength = (value: bigint): number => (value === 0n ? 0 : bitsOf(value).length);
const bitCount = (value: bigint): number => bitsOf(value).replaceAll('0', '').length;
const isBitSet = (bits: string, bit: number): boolean => bits.at(-1 - bit) === '1';
const trailingZeros = (value: bigint): number => /0*$/.exec(bitsOf(value))?.[0].length ?? 0;

/** The one bits of a size, the highest first. */
const levelsOf = (size: bigint): number[] =>
  [...bitsOf(size)]
    .toReversed()
    .flatMap((bit, level) => (bit === '1' ? [level] : []))
    .toReversed();
