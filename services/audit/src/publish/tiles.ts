import { hashBytes, splitHashes } from '@fanfold/tlog/merkle';
import { decodeBundle, fullWidth, type Tile, tileAt, tilePath } from '@fanfold/tlog/tile';
import { readFile } from '../store/files.ts';
import { Misfit } from './misfit.ts';
import { TileBuilder } from './tileBuilder.ts';

/**
 * Reads tiles and bundles of a checkpoint, by their paths.
 *
 * @throws Misfit when one is missing: all files that a checkpoint covers are written before it
 */
export async function readTiles(tiles: Tile[]): Promise<Map<string, Uint8Array>> {
  const files = await Promise.all(
    tiles.map(async (tile): Promise<[string, Uint8Array]> => {
      const path = tilePath(tile);
      const file = await readFile(path);
      if (!file) throw new Misfit(`${path} is missing, and the checkpoint covers it`);
      return [path, file.bytes];
    }),
  );
  return new Map(files);
}

/**
 * The entries of the bundle that contains a position, at the width that the checkpoint of this size has.
 *
 * @throws when it is missing or truncated
 */
export async function readBundle(position: number, size: bigint): Promise<Uint8Array[]> {
  const bundle = tileAt('entries', BigInt(position) / BigInt(fullWidth), size);
  const [bytes = new Uint8Array()] = (await readTiles([bundle])).values();
  return decodeBundle(bytes, bundle.width);
}

/**
 * Where the files of a tree were when a bundle ended: the hashes in its partial tiles above the entries.
 *
 * @param start a multiple of 256
 * @param size of the tree whose files are read
 */
export async function builderAt(start: number, size: bigint): Promise<TileBuilder> {
  const above: Promise<Uint8Array[]>[] = [];
  for (let level = 1; start >= fullWidth ** level; level++) {
    const count = Math.floor(start / fullWidth ** level);
    const width = count % fullWidth;
    const hashes = width === 0 ? [] : readHashes(tileAt(level, BigInt(Math.floor(count / fullWidth)), size));
    above.push(Promise.resolve(hashes).then((all) => all.slice(0, width)));
  }
  return new TileBuilder(start, await Promise.all(above));
}

/** @throws Misfit when the tile is missing or truncated */
export async function readHashes(tile: Tile): Promise<Uint8Array[]> {
  const [bytes = new Uint8Array()] = (await readTiles([tile])).values();
  if (bytes.length !== tile.width * hashBytes) throw new Misfit(`${tilePath(tile)} is cut off`);
  return splitHashes(bytes);
}
