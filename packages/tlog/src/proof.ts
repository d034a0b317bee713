import { openCheckpoint } from './checkpoint.ts';
import { decodeBase64, encodeBase64, parseUint64, type Uint64 } from './encoding.ts';
import { hashBytes, ProofError, uint64, verifyInclusion } from './merkle.ts';
import type { VerifiedSignature } from './note.ts';

// Proof files, https://c2sp.org/tlog-proof: all that is needed to verify offline that something is in a log.

export type Proof = {
  /** Further data in the file. Nobody has signed it. */
  extra?: Uint8Array;
  index: bigint;
  /** From the leaf's sibling up to the root's child. */
  proof: Uint8Array[];
  /** The signed note, as it was published. */
  checkpoint: string;
};

const header = 'c2sp.org/tlog-proof@v1';
/** Room for the largest entry and event in `extra`, and for the largest note. */
const maxProofLength = 1024 * 1024;
/** A tree of 2^64 entries is no higher. */
const maxHashes = 64;

/** @throws ProofError when a part is malformed, or the file would be larger than {@link parseProof} takes */
export function formatProof(parts: {
  extra?: Uint8Array;
  index: Uint64;
  proof: readonly Uint8Array[];
  checkpoint: string;
}): string {
  const { extra, proof, checkpoint } = parts;
  const text = [
    header,
    ...(extra === undefined ? [] : [`extra ${encodeBase64(extra)}`]),
    `index ${uint64('index', parts.index)}`,
    ...proof.map(encodeBase64),
    '',
    checkpoint,
  ].join('\n');
  parseProof(text);
  return text;
}

/**
 * The parts of a proof file. They are not verified: {@link verifyProof} does both.
 *
 * @throws ProofError when it is not a valid proof file, or too large
 */
export function parseProof(text: string): Proof {
  if (text.length > maxProofLength) {
    throw new ProofError(`proof file is ${text.length} characters; it may have ${maxProofLength}`);
  }
  const end = text.indexOf('\n\n');
  if (end < 0) throw new ProofError('proof file has no blank line before its checkpoint');
  const lines = text.slice(0, end).split('\n', maxHashes + 4);
  if (lines.shift() !== header) throw new ProofError(`proof file does not begin with the line ${header}`);
  const extra = lines[0]?.startsWith('extra ')
    ? decodeBase64(lines.shift()?.slice('extra '.length) ?? '')
    : null;
  if (extra === undefined) throw new ProofError('proof file has an extra line that is no base64');
  const [, digits = ''] = /^index (.*)$/.exec(lines.shift() ?? '') ?? [];
  const index = parseUint64(digits);
  if (index === undefined)
    throw new ProofError('proof file has no line with an index that is a decimal below 2^64');
  if (lines.length > maxHashes) throw new ProofError(`proof file has more than ${maxHashes} hashes`);
  const proof = lines.map((line, n) => {
    const hash = decodeBase64(line);
    if (hash?.length !== hashBytes)
      throw new ProofError(`hash ${n} of the proof file is not 32 bytes in base64`);
    return hash;
  });
  const checkpoint = text.slice(end + 2);
  return { ...(extra === null ? {} : { extra }), index, proof, checkpoint };
}

/**
 * Verifies that the entry with this hash is in this log, by a checkpoint that one of the keys has signed.
 *
 * @param leafHash of the entry that the reader knows, never one that was taken from the file unread
 * @param verifierKeys the log's, and its witness' if its time is of interest
 * @returns the index, the tree, and who has signed
 * @throws ProofError when it is not, or the file is malformed
 * @throws NoteError when the checkpoint is malformed, of another origin, or signed by none of the keys
 */
export function verifyProof(
  text: string,
  leafHash: Uint8Array,
  verifierKeys: readonly string[],
  origin: string,
): { index: bigint; size: bigint; root: Uint8Array; signatures: VerifiedSignature[]; extra?: Uint8Array } {
  const { index, proof, checkpoint, ...rest } = parseProof(text);
  const { size, root, signatures } = openCheckpoint(checkpoint, origin, verifierKeys);
  verifyInclusion(index, size, leafHash, proof, root);
  return { index, size, root, signatures, ...rest };
}
