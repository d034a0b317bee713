import { type Hash, leafHash } from './merkle.ts';

/** How many hashes or entries a full tile has: https://c2sp.org/tlog-tiles */
export const tileWidth = 256;

/** A level of tiles, or the entries below all of them. */
export type Level = number | 'entries';

/** How many hashes (or entries) a level has in a log of this size: only full tiles have one in the tile above. */
export const hashesAt = (level: Level, size: number): number =>
  Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level));

export const widthOf = (level: Level, index: number, size: number): number =>
  Math.min(tileWidth, hashesAt(level, size) - index * tileWidth);

/** The path of a tile: its number in groups of three digits, all but the last with an `x`. */
export const fullPathOf = (level: Level, index: number): string => {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/.{3}/g) ?? [];
  return `tile/${level}/${groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')}`;
};

export const pathOf = (level: Level, index: number, size: number): string => {
  const width = widthOf(level, index, size);
  return `${fullPathOf(level, index)}${width < tileWidth ? `.p/${width}` : ''}`;
};

/** The entries of a bundle that could be read, with their hashes, and why the others could not. */
export type Bundle = { entries: Uint8Array[]; hashes: Hash[]; problem: string | undefined };

/**
 * Entries, each with its length in two bytes before it. If the bundle has grown since the checkpoint, only the
 * entries of the checkpoint count.
 */
export function parseBundle(bytes: Uint8Array, width: number, expected: number): Bundle {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const all: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= view.length && all.length < expected) {
    const end = at + 2 + view.readUInt16BE(at);
    if (end > view.length) break;
    all.push(view.subarray(at + 2, end));
    at = end;
  }
  const rest = view.length - at;
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

/** The whole list, if all of it is known. */
export const allOf = <Item>(items: readonly (Item | undefined)[]): Item[] | undefined =>
  items.every((item) => item !== undefined) ? (items as Item[]) : undefined;
