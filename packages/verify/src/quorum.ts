import type { VerifierKey } from './key.ts';

/** Whose cosignatures a checkpoint must have: a witness's, or those of so many members of a group. */
export type Quorum =
  | { name: string; witness: VerifierKey }
  | { name: string; threshold: number; members: readonly Quorum[] };

/** No cosignature is demanded. */
export const noQuorum: Quorum = { name: 'none', threshold: 0, members: [] };

export function isMet(quorum: Quorum, signed: ReadonlySet<VerifierKey>): boolean {
  if ('witness' in quorum) return signed.has(quorum.witness);
  return quorum.members.filter((member) => isMet(member, signed)).length >= quorum.threshold;
}

/** The fewest cosignatures that meet it. */
export function fewestFor(quorum: Quorum): number {
  if ('witness' in quorum) return 1;
  const fewest = quorum.members.map(fewestFor).sort((a, b) => a - b);
  return fewest.slice(0, quorum.threshold).reduce((sum, each) => sum + each, 0);
}

/** The witnesses that count, as the quorum names them. */
export const witnessesIn = (quorum: Quorum): { name: string; witness: VerifierKey }[] =>
  'witness' in quorum ? [quorum] : quorum.members.flatMap(witnessesIn);
