import { isSame } from './bytes.ts';
import { type Hash, ofNode, requireHash, sha256 } from './hashes.ts';
import { VerificationError } from './wrong.ts';

/** One step from an entry to the root: a hash of the proof, and what it makes with what was reached below. */
export type Step = {
  sibling: Hash;
  /** Where the sibling is, seen from the path. */
  side: 'left' | 'right';
  reached: Hash;
  /** The entries below the sibling, from the first to the last one. */
  first: number;
  last: number;
};

/**
 * Follows the path from a leaf to the root, step by step as in
 * https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2. Numbers are at most 2^53 − 1, so bits are computed by
 * division.
 *
 * @returns its steps; after the last one the root is reached, if the proof is right
 * @throws VerificationError when the proof is none for this place, or a hash or number is malformed
 */
export async function stepsToRoot(
  index: number,
  size: number,
  leaf: Hash,
  proof: readonly Hash[],
): Promise<Step[]> {
  if (![index, size].every(Number.isSafeInteger) || index < 0 || index >= size)
    throw new VerificationError('index', `${index} is not in a log of ${size} entries`);
  requireHash(leaf, 'hash of the entry');
  for (const [i, sibling] of proof.entries()) requireHash(sibling, `hash ${i + 1} of the inclusion proof`);
  const steps: Step[] = [];
  let [fn, sn, width] = [index, size - 1, 1];
  let [first, end] = [index, index + 1];
  let reached = leaf;
  for (const sibling of proof) {
    if (sn === 0)
      throw new VerificationError('inclusion proof', 'it has more hashes than the tree has levels');
    if (fn % 2 === 1 || fn === sn) {
      // At the right edge a subtree has nothing beside it on some levels.
      while (fn % 2 === 0) [fn, sn, width] = [fn / 2, Math.floor(sn / 2), width * 2];
      reached = await sha256(ofNode(sibling, reached));
      steps.push({ sibling, side: 'left', reached, first: first - width, last: first - 1 });
      first -= width;
    } else {
      reached = await sha256(ofNode(reached, sibling));
      const last = Math.min(end + width, size) - 1;
      steps.push({ sibling, side: 'right', reached, first: end, last });
      end = last + 1;
    }
    [fn, sn, width] = [Math.floor(fn / 2), Math.floor(sn / 2), width * 2];
  }
  if (sn !== 0)
    throw new VerificationError('inclusion proof', 'it has fewer hashes than the tree has levels');
  return steps;
}

/**
 * @throws VerificationError when the leaf is not in the tree of this root at this index, or a hash or number is
 *   malformed
 */
export async function verifyInclusion(
  index: number,
  size: number,
  leaf: Hash,
  proof: readonly Hash[],
  root: Hash,
): Promise<void> {
  const steps = await stepsToRoot(index, size, leaf, proof);
  requireHash(root, 'root');
  if (!isSame(steps.at(-1)?.reached ?? leaf, root)) {
    throw new VerificationError(
      'inclusion proof',
      'it does not lead from the entry to the root of the checkpoint: entry, index or a hash of the proof was changed',
    );
  }
}
