import { base64Of, isSame } from './bytes.ts';
import type { Findings } from './findings.ts';
import type { Hash } from './hashes.ts';
import { rootOfPartialTiles } from './merkle.ts';
import type { Checkpoint } from './note.ts';
import { allOf, hashesAt, tileWidth } from './tile.ts';

/** A checkpoint that was seen before, with which the log is compared. */
export class Remembered {
  readonly checkpoint: Checkpoint;
  /** The hashes of the partial tiles that the log had then, by level. */
  readonly #tiles: (readonly (Hash | undefined)[])[] = [];

  constructor(checkpoint: Checkpoint) {
    this.checkpoint = checkpoint;
  }

  /** Keeps of a tile what made up the right edge of the log then. */
  keep(level: number, index: number, hashes: readonly (Hash | undefined)[]): void {
    const count = hashesAt(level, this.checkpoint.size);
    if (Math.floor(count / tileWidth) !== index) return;
    this.#tiles[level] = Array.from({ length: count % tileWidth }, (_, i) => hashes[i]);
  }

  compareWith(current: Checkpoint, findings: Findings, warnings: string[]): void {
    const { size, root, origin } = this.checkpoint;
    if (origin !== current.origin) {
      findings.add(
        'forked',
        'checkpoint',
        `it is of ${current.origin}, and what was remembered of ${origin}`,
      );
    } else if (size > current.size) {
      findings.add(
        'old-checkpoint',
        'checkpoint',
        `it is of ${current.size} entries, and one of ${size} was seen before: entries were taken away, or an old state is shown`,
      );
    } else if (size === current.size) {
      if (isSame(root, current.root)) return;
      const now = base64Of(current.root);
      findings.add(
        'forked',
        'checkpoint',
        `of ${size} entries two were signed: root ${base64Of(root)} before, ${now} now`,
      );
    } else {
      const tiles = allOf(Array.from(this.#tiles, (tile) => allOf(tile ?? [])));
      if (!tiles) {
        warnings.push('The log was not compared with what was remembered: not all of it could be read.');
        return;
      }
      const now = rootOfPartialTiles(tiles);
      if (isSame(now, root)) return;
      findings.add(
        'forked',
        'checkpoint',
        `the first ${size} entries had root ${base64Of(root)} before and have ${base64Of(now)} now: the past was rewritten`,
      );
    }
  }
}
