import { type Edge, emptyEdge, extend, leafHash, rootOf } from '@fanfold/tlog/merkle';
import { encodeBundle, encodeTile, fullWidth, type Tile } from '@fanfold/tlog/tile';

/** A file of the log. It never changes once it is written. */
export type LogFile = { tile: Tile; bytes: Uint8Array };

/**
 * Builds the files of a growing log, as https://c2sp.org/tlog-tiles@v0.1.0 has them: 256 entries make a bundle and 256
 * hashes a tile, whose root is one hash in the tile above. It starts where the last full bundle ended. Of everything
 * before, it needs only the hashes in the partial tiles above.
 */
export class TileBuilder {
  /** The entries that are not in a full bundle yet. */
  #entries: Uint8Array[] = [];
  /** For each level of tiles: the hashes that are not in a full tile yet, and the number of full tiles. */
  readonly #levels: { full: number; hashes: Uint8Array[] }[];
  #size: number;

  /**
   * @param size a multiple of 256
   * @param above the hashes of the last, partial tile of each level from 1 on
   */
  constructor(size: number, above: Uint8Array[][]) {
    if (size % fullWidth !== 0) throw new RangeError(`${size} is not where a bundle ends`);
    this.#size = size;
    this.#levels = [[], ...above].map((hashes, level) => ({
      full: Math.floor(size / fullWidth ** (level + 1)),
      hashes: [...hashes],
    }));
  }

  get size(): number {
    return this.#size;
  }

  /** @returns the files that this entry completes, if any */
  add(entry: Uint8Array): LogFile[] {
    this.#size += 1;
    this.#entries.push(entry);
    const completed = this.#addHash(0, leafHash(entry));
    if (this.#entries.length < fullWidth) return completed;
    const bundle = this.#bundle();
    this.#entries = [];
    return [bundle, ...completed];
  }

  #addHash(level: number, hash: Uint8Array): LogFile[] {
    this.#levels[level] ??= { full: 0, hashes: [] };
    const at = this.#levels[level];
    at.hashes.push(hash);
    if (at.hashes.length < fullWidth) return [];
    const tile = { tile: { level, index: BigInt(at.full), width: fullWidth }, bytes: encodeTile(at.hashes) };
    const root = rootOf(extend(emptyEdge, at.hashes));
    this.#levels[level] = { full: at.full + 1, hashes: [] };
    return [tile, ...this.#addHash(level + 1, root)];
  }

  /** The partial files at this size: the last bundle and the last tile of each level. */
  partial(): LogFile[] {
    const tiles = this.#levels.flatMap(({ full, hashes }, level) =>
      hashes.length === 0
        ? []
        : [
            {
              tile: { level, index: BigInt(full), width: hashes.length },
              bytes: encodeTile(hashes),
            },
          ],
    );
    return this.#entries.length === 0 ? tiles : [this.#bundle(), ...tiles];
  }

  #bundle(): LogFile {
    const width = this.#entries.length;
    const index = BigInt(Math.floor((this.#size - 1) / fullWidth));
    return { tile: { level: 'entries', index, width }, bytes: encodeBundle(this.#entries) };
  }

  /** The right edge of the tree over all entries so far. */
  edge(): Edge {
    return this.#levels.reduceRight<Edge>(
      ({ size, hashes: upper }, { hashes }) =>
        extend({ size: size * BigInt(fullWidth), hashes: upper }, hashes),
      emptyEdge,
    );
  }
}
