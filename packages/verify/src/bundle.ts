import type { Hash } from './hashes.ts';
import { leafHash } from './merkle.ts';
import { entriesIn } from './tile.ts';

/** The entries of a bundle that could be read, with their hashes, and why the others could not. */
export type Bundle = { entries: Uint8Array[]; hashes: Hash[]; problem: string | undefined };

/** If the bundle has grown since the checkpoint, only the entries of the checkpoint count. */
export function parseBundle(bytes: Uint8Array, width: number, expected: number): Bundle {
  const { entries: all, rest } = entriesIn(bytes, expected);
  const problem =
    all.length < expected
      ? `ends in entry ${all.length} of ${expected}, counted from 0`
      : rest > 0
        ? `has ${rest} bytes after its last entry`
        : undefined;
  const entries = all.slice(0, width);
  return { entries, hashes: entries.map(leafHash), problem };
}

export const completeHashes = ({ hashes }: Bundle, width: number): Hash[] | undefined =>
  hashes.length === width ? hashes : undefined;
