import { parseBody } from './body.ts';
import { isSame, utf8 } from './bytes.ts';
import { type Hash, hashBytes, ofLeaf, ofNode, sha256 } from './hashes.ts';
import { type Step, stepsToRoot } from './inclusion.ts';
import type { LogReader } from './logReader.ts';
import { parseNote } from './note.ts';
import { parseExtra, readProofFile } from './proof.ts';
import { fullPathOf, pathOf, tileWidth, widthOf } from './tile.ts';
import { VerificationError } from './wrong.ts';

/** The path from an entry to the root as a proof file has it, to be shown whether or not it is right. */
export type ProofPath = { index: number; size: number; leaf: Hash; steps: Step[]; root: Hash };

/** @throws VerificationError when the file has not the form of a proof */
export async function pathIn(proofFile: string): Promise<ProofPath> {
  const { extra, index, hashes, note } = readProofFile(proofFile);
  const { size, root } = parseBody(parseNote(note).body);
  const leaf = await sha256(ofLeaf(utf8(parseExtra(extra).entry)));
  return { index, size, leaf, steps: await stepsToRoot(index, size, leaf, hashes), root };
}

/** Where a path leaves the log: at its entry, at the sibling of a step (from 0), or only at the root. */
export type Break = 'entry' | number | 'root';

/**
 * Where a path first differs from the tiles of the log. A proof that is wrong cannot say by itself which of its hashes is:
 * the log has all of them.
 *
 * @returns undefined when it does not differ
 * @throws VerificationError when a tile that is needed is not there, or is malformed
 * @throws when the log cannot be read
 */
export async function breakIn(
  { index, size, leaf, steps, root }: ProofPath,
  log: LogReader,
): Promise<Break | undefined> {
  const tiles = new Tiles(log, size);
  if (!isSame(await tiles.rootOf(index, index), leaf)) return 'entry';
  for (const [i, { sibling, first, last }] of steps.entries()) {
    if (!isSame(await tiles.rootOf(first, last), sibling)) return i;
  }
  return isSame(steps.at(-1)?.reached ?? leaf, root) ? undefined : 'root';
}

/** The tiles of hashes of a log of some size, each read once. */
class Tiles {
  readonly #log: LogReader;
  readonly #size: number;
  readonly #read = new Map<string, Promise<Hash[]>>();

  constructor(log: LogReader, size: number) {
    this.#log = log;
    this.#size = size;
  }

  /** The root of the subtree over some entries: a whole one, or one that ends where the log ends. */
  async rootOf(first: number, last: number): Promise<Hash> {
    const count = last - first + 1;
    let width = 1;
    let level = 0;
    for (; width * 2 <= count; width *= 2) level += 1;
    if (width < count) {
      const [left, right] = [
        await this.rootOf(first, first + width - 1),
        await this.rootOf(first + width, last),
      ];
      return sha256(ofNode(left, right));
    }
    // Tiles have every eighth level.
    const tileLevel = Math.floor(level / 8);
    const perHash = tileWidth ** tileLevel;
    const from = first / perHash;
    const tile = await this.#tile(tileLevel, Math.floor(from / tileWidth));
    return treeOf(tile.slice(from % tileWidth, (from % tileWidth) + width / perHash));
  }

  #tile(level: number, index: number): Promise<Hash[]> {
    const path = pathOf(level, index, this.#size);
    const known = this.#read.get(path) ?? this.#readTile(path, level, index);
    this.#read.set(path, known);
    return known;
  }

  /** The log may have grown, and have a full tile instead of a partial one. */
  async #readTile(path: string, level: number, index: number): Promise<Hash[]> {
    const maxBytes = tileWidth * hashBytes;
    const bytes =
      (await this.#log.read(path, maxBytes)) ?? (await this.#log.read(fullPathOf(level, index), maxBytes));
    const width = widthOf(level, index, this.#size);
    if (!bytes || bytes.length < width * hashBytes) {
      throw new VerificationError('tile', `${path} of ${this.#log.name} is missing, or too short`);
    }
    return Array.from({ length: width }, (_, i) => bytes.subarray(i * hashBytes, (i + 1) * hashBytes));
  }
}

async function treeOf(hashes: Hash[]): Promise<Hash> {
  let level = hashes;
  while (level.length > 1) {
    const pairs = Array.from({ length: level.length / 2 }, (_, i) => level.slice(i * 2, i * 2 + 2));
    level = await Promise.all(pairs.map(([left, right]) => sha256(ofNode(left as Hash, right as Hash))));
  }
  return level[0] as Hash;
}
