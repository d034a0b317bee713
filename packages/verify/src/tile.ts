/** How many hashes or entries a full tile has: https://c2sp.org/tlog-tiles@v0.1.0 */
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

/**
 * The first entries of a bundle, each with its length in two bytes before it, and how many bytes come after the last whole
 * one that was read.
 */
export function entriesIn(bytes: Uint8Array, atMost: number): { entries: Uint8Array[]; rest: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= bytes.length && entries.length < atMost) {
    const end = at + 2 + view.getUint16(at);
    if (end > bytes.length) break;
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return { entries, rest: bytes.length - at };
}

/** The whole list, if all of it is known. */
export const allOf = <Item>(items: readonly (Item | undefined)[]): Item[] | undefined =>
  items.every((item) => item !== undefined) ? (items as Item[]) : undefined;
