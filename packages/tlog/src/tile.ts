import { toUint64, type Uint64 } from './encoding.ts';
import { hashBytes } from './merkle.ts';

// Tiles and entry bundles of https://c2sp.org/tlog-tiles@v0.1.0: their paths, which of them exist, and their bytes.

/** A tile, its path or its bytes are malformed; the message says how. */
export class TileError extends Error {
  override name = 'TileError';
}

/** The number of hashes in a full tile, and of entries in a full bundle. */
export const fullWidth = 256;

/** A hash tile of a level, or the bundle of the entries that are hashed in the tile of level 0 with the same index. */
export type Tile = {
  level: number | 'entries';
  index: bigint;
  /** From 1 to 255 in a partial tile, 256 in a full one. */
  width: number;
};

const maxLevel = 63;
/** 2^64 entries would fill as many tiles. */
const maxIndex = 2n ** 56n - 1n;

/** @throws TileError when there is no such tile */
export function tilePath({ level, index, width }: Tile): string {
  if (level !== 'entries' && !isWithin(level, 0, maxLevel)) {
    throw new TileError(`level ${level} is none from 0 to ${maxLevel}`);
  }
  if (typeof index !== 'bigint' || index < 0n || index > maxIndex) {
    throw new TileError(`index ${index} is none of a tile`);
  }
  if (!isWithin(width, 1, fullWidth)) throw new TileError(`width ${width} is none from 1 to ${fullWidth}`);
  const digits = index.toString();
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').replace(/\d{3}(?=\d)/g, 'x$&/');
  return `tile/${level}/${groups}${width === fullWidth ? '' : `.p/${width}`}`;
}

/** A path below `tile/`. */
export const tilePathPattern =
  /^(entries|0|[1-9][0-9]?)\/((?:x(?!000)[0-9]{3}\/(?:x[0-9]{3}\/){0,4})?[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/;

/** The tile with this path, or undefined. Each tile has one path only. */
export function parseTilePath(path: string): Tile | undefined {
  const [, below = ''] = /^tile\/(.+)$/.exec(path) ?? [];
  const [, level = '', groups = '', width] = tilePathPattern.exec(below) ?? [];
  if (level === '') return undefined;
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: BigInt(groups.replace(/[x/]/g, '')),
    width: width === undefined ? fullWidth : Number(width),
  };
  const exists = tile.level === 'entries' || tile.level <= maxLevel;
  const isPartial = width === undefined || tile.width < fullWidth;
  return exists && isPartial && tile.index <= maxIndex ? tile : undefined;
}

/**
 * The tile of a level at an index, with the width that it has in a tree of this size.
 *
 * @throws TileError when the tree has no such tile
 */
export function tileAt(level: Tile['level'], index: bigint, size: bigint): Tile {
  const rest = hashesAt(level === 'entries' ? 0 : level, size) - index * BigInt(fullWidth);
  if (rest <= 0n) throw new TileError(`a tree of size ${size} has no tile ${index} of level ${level}`);
  return { level, index, width: rest < fullWidth ? Number(rest) : fullWidth };
}

/**
 * The tiles of a tree of `size` that it did not have at `previousSize`: bundles first, then tiles from the lowest
 * level up, full ones and the partial one of each level. With a `previousSize` of 0: all tiles of the tree.
 *
 * @throws TileError when the sizes are malformed, or the tree has shrunk
 */
export function* newTiles(previousSize: Uint64, size: Uint64): Generator<Tile, void, undefined> {
  const [previous, current] = [toUint64(previousSize), toUint64(size)];
  if (previous === undefined || current === undefined || previous > current) {
    throw new TileError(`a tree cannot grow from size ${previousSize} to size ${size}`);
  }
  yield* newOfLevel('entries', previous, current);
  for (let level = 0; hashesAt(level, current) > 0n; level += 1) yield* newOfLevel(level, previous, current);
}

function* newOfLevel(level: Tile['level'], previous: bigint, current: bigint): Generator<Tile> {
  const height = level === 'entries' ? 0 : level;
  const [before, now] = [hashesAt(height, previous), hashesAt(height, current)];
  if (before === now) return;
  for (let index = before / BigInt(fullWidth); index * BigInt(fullWidth) < now; index += 1n) {
    yield tileAt(level, index, current);
  }
}

/** The number of hashes in all tiles of a level: each is the root of 256^level entries. */
const hashesAt = (level: number, size: bigint): bigint => size >> BigInt(8 * level);

/**
 * @param hashes from 1 to 256 of them
 * @throws TileError when there are more or fewer, or one is not 32 bytes
 */
export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  checkCount('tile', 'hashes', hashes.length);
  for (const [n, hash] of hashes.entries()) {
    if (hash.length !== hashBytes) {
      throw new TileError(`hash ${n} of the tile is ${hash.length} bytes instead of ${hashBytes}`);
    }
  }
  return Buffer.concat(hashes);
}

const maxEntryBytes = 65_535;
const lengthBytes = 2;

/**
 * @param entries from 1 to 256 of them
 * @throws TileError when there are more or fewer, or one is too large for a bundle
 */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  checkCount('bundle', 'entries', entries.length);
  return Buffer.concat(
    entries.flatMap((entry, n) => {
      if (entry.length > maxEntryBytes) {
        throw new TileError(`entry ${n} is ${entry.length} bytes; an entry may have ${maxEntryBytes}`);
      }
      const length = Buffer.alloc(lengthBytes);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

/**
 * The entries of a bundle, as views of its bytes.
 *
 * @param width how many there must be
 * @throws TileError when there are more or fewer, or one is truncated
 */
export function decodeBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  checkCount('bundle', 'entries', width);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const entries: Uint8Array[] = [];
  let offset = 0;
  for (let n = 0; n < width; n += 1) {
    const start = offset + lengthBytes;
    const end = start <= bytes.length ? start + view.getUint16(offset) : start;
    if (end > bytes.length) throw new TileError(`the bundle ends within entry ${n} of ${width}`);
    entries.push(bytes.subarray(start, end));
    offset = end;
  }
  if (offset < bytes.length) {
    throw new TileError(`the bundle has ${bytes.length - offset} bytes after its ${width} entries`);
  }
  return entries;
}

function checkCount(what: string, parts: string, count: number): void {
  if (!isWithin(count, 1, fullWidth)) {
    throw new TileError(`a ${what} cannot have ${count} ${parts}, but from 1 to ${fullWidth}`);
  }
}

const isWithin = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;
