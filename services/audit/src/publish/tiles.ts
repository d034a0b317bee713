import { decodeBundle, fullWidth, type Tile, tileAt, tilePath } from '@fanfold/tlog/tile';
import { readFile } from '../store/files.ts';
import { Misfit } from './misfit.ts';

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
