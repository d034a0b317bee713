import { joined } from './bytes.ts';
import { VerificationError } from './wrong.ts';

/** A SHA-256 hash: 32 bytes. */
export type Hash = Uint8Array;

export const hashBytes = 32;

// What is hashed: https://www.rfc-editor.org/rfc/rfc6962#section-2.1

export const ofLeaf = (entry: Uint8Array): Uint8Array => joined(leafPrefix, entry);

/**
 * @throws VerificationError when one of the two is not a hash: 31 and 33 bytes would make the same node as 32 and 32
 */
export function ofNode(left: Hash, right: Hash): Uint8Array {
  requireHash(left, 'left hash of a node');
  requireHash(right, 'right hash of a node');
  return joined(nodePrefix, left, right);
}

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

export function requireHash(hash: Hash, part: string): void {
  if (hash.length !== hashBytes)
    throw new VerificationError(part, `has ${hash.length} bytes, not ${hashBytes}`);
}

/** In Node and in browsers alike, which only have it with a promise. */
export const sha256 = async (bytes: Uint8Array): Promise<Hash> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
