import { hash } from 'node:crypto';
import { newTiles, tilePath } from './tile.ts';

// RFC 9162, section 2.1, as literally as possible, to compare with the fast implementation in bigints.

const sha256 = (...parts: Uint8Array[]) => hash('sha256', Buffer.concat(parts), 'buffer');
const HASH_NODE = (left: Uint8Array, right: Uint8Array) => sha256(Uint8Array.of(1), left, right);

/** Entries that differ from each other. */
export const entriesOf = (size: number): Uint8Array[] =>
  Array.from({ length: size }, (_, n) => Buffer.from(`entry ${n}`));

/** The largest power of two smaller than n. */
const splitOf = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));

/** https://www.rfc-editor.org/rfc/rfc9162#section-2.1.1 */
export function MTH(D: Uint8Array[]): Uint8Array {
  const n = D.length;
  if (n === 0) return sha256();
  if (n === 1) return sha256(Uint8Array.of(0), D[0] as Uint8Array);
  const k = splitOf(n);
  return HASH_NODE(MTH(D.slice(0, k)), MTH(D.slice(k, n)));
}

/** https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.1 */
export function PATH(m: number, D: Uint8Array[]): Uint8Array[] {
  const n = D.length;
  if (n === 1) return [];
  const k = splitOf(n);
  return m < k
    ? [...PATH(m, D.slice(0, k)), MTH(D.slice(k, n))]
    : [...PATH(m - k, D.slice(k, n)), MTH(D.slice(0, k))];
}

/** https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.1 */
export const PROOF = (m: number, D: Uint8Array[]): Uint8Array[] => SUBPROOF(m, D, true);

function SUBPROOF(m: number, D: Uint8Array[], b: boolean): Uint8Array[] {
  const n = D.length;
  if (m === n) return b ? [] : [MTH(D)];
  const k = splitOf(n);
  return m <= k
    ? [...SUBPROOF(m, D.slice(0, k), b), MTH(D.slice(k, n))]
    : [...SUBPROOF(m - k, D.slice(k, n), false), MTH(D.slice(0, k))];
}

/**
 * The root that a path leads to, https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2, and how many of the hashes
 * it uses.
 */
export function rootOfPath(leafIndex: bigint, treeSize: bigint, leaf: Uint8Array, path: Uint8Array[]) {
  let [fn, sn, r, taken] = [leafIndex, treeSize - 1n, leaf, 0];
  for (const p of path) {
    if (sn === 0n) break;
    if (fn & 1n || fn === sn) {
      r = HASH_NODE(p, r);
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      r = HASH_NODE(r, p);
    }
    [fn, sn, taken] = [fn >> 1n, sn >> 1n, taken + 1];
  }
  return { root: r, taken };
}

/**
 * The roots that a path between two sizes leads to, https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.2, and how
 * many of the hashes it uses.
 */
export function rootsOfPath(first: bigint, second: bigint, [start, ...path]: [Uint8Array, ...Uint8Array[]]) {
  let [fn, sn, fr, sr, taken] = [first - 1n, second - 1n, start, start, 1];
  while (fn & 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  for (const c of path) {
    if (sn === 0n) break;
    if (fn & 1n || fn === sn) {
      [fr, sr] = [HASH_NODE(c, fr), HASH_NODE(c, sr)];
      while (!(fn & 1n) && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = HASH_NODE(sr, c);
    }
    [fn, sn, taken] = [fn >> 1n, sn >> 1n, taken + 1];
  }
  return { root1: fr, root2: sr, taken };
}

/** All hash tiles of a tree by their paths, as in https://c2sp.org/tlog-tiles#merkle-tree */
export function hashTilesOf(D: Uint8Array[]): Map<string, Uint8Array> {
  const tiles = [...newTiles(0, D.length)].flatMap((tile) => {
    const { level: l, index, width } = tile;
    if (l === 'entries') return [];
    const n = Number(index);
    const hashes = Array.from({ length: width }, (_, i) =>
      MTH(D.slice((n * 256 + i) * 256 ** l, (n * 256 + i + 1) * 256 ** l)),
    );
    return [[tilePath(tile), Buffer.concat(hashes)] as const];
  });
  return new Map(tiles);
}
