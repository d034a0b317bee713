import { type AgeLimit, checkAges } from './age.ts';
import { type Bundle, completeHashes } from './bundle.ts';
import { isSame, textOf } from './bytes.ts';
import { type Finding, Findings } from './findings.ts';
import type { Hash } from './hashes.ts';
import { LogFiles } from './logFiles.ts';
import type { LogReader } from './logReader.ts';
import { nodeHash, rootOf, rootOfPartialTiles } from './merkle.ts';
import { type Checkpoint, maxCheckpointBytes, openCheckpoint, type TrustedKeys } from './note.ts';
import { Numbers } from './numbers.ts';
import { Remembered } from './remembered.ts';
import { allOf, hashesAt, pathOf, tileWidth } from './tile.ts';
import { VerificationError } from './wrong.ts';

export type LogReport = {
  checkpoint: Checkpoint;
  /** The size of the stored checkpoint, when the log was compared with it. */
  rememberedSize: number | undefined;
  /** The first findings; empty when the log is verified. */
  findings: Finding[];
  findingCount: number;
  /** Observations that may be, but do not prove, that something is wrong. */
  warnings: string[];
};

export type LogOptions = TrustedKeys & {
  /** The log's checkpoint, if it was read already. */
  checkpoint?: Checkpoint;
  /** An earlier checkpoint: a note signed by a trusted key. */
  remembered?: string | undefined;
  /** Without it, the witnesses may have signed at any time. */
  ageLimit?: AgeLimit | undefined;
  onProgress?: (entries: number, size: number) => void;
  /** How many subjects and waiting numbers are kept in memory. */
  maxSubjects?: number;
};

/**
 * Verifies a whole log (https://c2sp.org/tlog-tiles@v0.1.0): hashes every entry, compares each hash of every tile with the
 * entries or hashes below it, and the root with the checkpoint. Memory does not grow with the log, except for the
 * names of subjects.
 *
 * It goes from the root downwards, so it is known which hashes are right. So for an entry that differs from its hash,
 * or a hash from the tile below, it can name the one that was changed.
 *
 * @throws VerificationError when its checkpoint is not one that is trusted
 * @throws when the log cannot be read
 */
export async function verifyLog(reader: LogReader, options: LogOptions): Promise<LogReport> {
  const checkpoint = options.checkpoint ?? (await readCheckpoint(reader, options));
  const remembered =
    options.remembered === undefined
      ? undefined
      : new Remembered(await openCheckpoint(options.remembered, { keys: options.keys }));
  return new LogCheck(reader, checkpoint, remembered, options).run();
}

/**
 * The checkpoint that a log shows.
 *
 * @throws VerificationError when it is not one that is trusted
 * @throws when it cannot be read, or there is none
 */
export async function readCheckpoint(reader: LogReader, trusted: TrustedKeys): Promise<Checkpoint> {
  const bytes = await reader.read('checkpoint', maxCheckpointBytes);
  if (!bytes) throw new Error(`There is no checkpoint, so there is no log, at ${reader.name}.`);
  if (bytes.length > maxCheckpointBytes) throw new VerificationError('checkpoint', 'is too large to be one');
  return openCheckpoint(textOf(bytes, 'checkpoint'), trusted);
}

/** The hash of a tile in the tile above. */
type Claim = { hash: Hash; isTrusted: boolean; by: string };

/** An entry, or a hash of one, that differs from what is signed. */
type Different = { index: number; found: Hash; expected: Hash };

class LogCheck {
  readonly #name: string;
  readonly #checkpoint: Checkpoint;
  readonly #remembered: Remembered | undefined;
  readonly #ageLimit: AgeLimit | undefined;
  readonly #onProgress: LogOptions['onProgress'];
  readonly #size: number;
  readonly #findings = new Findings();
  readonly #files: LogFiles;
  readonly #numbers: Numbers;
  /** Entries that were changed, as many as are reported: two of them may have been swapped. */
  readonly #changed: (Different & { finding: Finding })[] = [];
  /** Roots of perfect subtrees over the entries so far, the largest first; undefined once an entry is missing. */
  #subtrees: { tiles: number; root: Hash }[] | undefined = [];

  constructor(
    reader: LogReader,
    checkpoint: Checkpoint,
    remembered: Remembered | undefined,
    { ageLimit, onProgress, maxSubjects = 1_000_000 }: LogOptions,
  ) {
    this.#name = reader.name;
    this.#checkpoint = checkpoint;
    this.#remembered = remembered;
    this.#ageLimit = ageLimit;
    this.#onProgress = onProgress;
    this.#size = checkpoint.size;
    this.#files = new LogFiles(reader, checkpoint.size, this.#findings);
    this.#numbers = new Numbers(this.#findings, maxSubjects);
  }

  async run(): Promise<LogReport> {
    const warnings: string[] = [];
    await this.#checkTree();
    this.#files.reportMissing();
    this.#reportSwapped();
    this.#remembered?.compareWith(this.#checkpoint, this.#findings, warnings);
    this.#numbers.report(warnings);
    // Whatever the tiles contain: the log is the signed one if its entries alone have the signed root.
    if (this.#findings.count === 0 && !isSame(this.#rootOfEntries(), this.#checkpoint.root)) {
      this.#findings.add('rewritten', 'checkpoint', 'the entries do not have the root that was signed');
    }
    if (this.#ageLimit) checkAges(this.#checkpoint, this.#ageLimit, this.#findings, warnings);
    return {
      checkpoint: this.#checkpoint,
      rememberedSize: this.#remembered?.checkpoint.size,
      findings: this.#findings.first,
      findingCount: this.#findings.count,
      warnings,
    };
  }

  /**
   * Starts with the partial tile of each level, at the right edge of the log: together they make the root, and
   * everything else is below one of their hashes.
   */
  async #checkTree(): Promise<void> {
    const edge: { level: number; index: number; width: number; hashes: Hash[] | undefined }[] = [];
    for (let level = 0; hashesAt(level, this.#size) > 0; level++) {
      const count = hashesAt(level, this.#size);
      const [index, width] = [Math.floor(count / tileWidth), count % tileWidth];
      if (level === 0) edge.push({ level, index, width, hashes: [] });
      else edge.push({ level, index, width, hashes: width ? await this.#files.readTile(level, index) : [] });
    }
    const last = edge[0];
    const [lastBundle, lastTile] = last?.width ? await this.#files.takeLeaves(last.index) : [undefined, []];
    if (last) last.hashes = lastTile;
    const isRoot = (tiles: readonly (readonly (Hash | undefined)[] | undefined)[]) => {
      const known = allOf(tiles.map((tile) => tile && allOf(tile)));
      return known !== undefined && isSame(rootOfPartialTiles(known), this.#checkpoint.root);
    };
    const isTrusted = isRoot(edge.map(({ hashes }) => hashes));

    const below: (Hash | undefined)[][] = edge.map(() => []);
    for (const { level, index, width, hashes } of edge.toReversed()) {
      if (level === 0) continue;
      for (let i = 0; i < width; i++) {
        const by = `hash ${i} of ${pathOf(level, index, this.#size)}`;
        const claim = hashes && { hash: hashes[i] as Hash, isTrusted, by };
        below[level]?.push(await this.#checkTile(level - 1, index * tileWidth + i, claim));
      }
      this.#remembered?.keep(level, index, isTrusted && hashes ? hashes : (below[level] ?? []));
    }

    const fits = (leaves: Hash[] | undefined) => isRoot([leaves, ...below.slice(1)]);
    const leaves = lastBundle && completeHashes(lastBundle, last?.width ?? 0);
    const fitting =
      isTrusted || fits(lastTile) ? 'tile' : fits(last?.width ? leaves : []) ? 'entries' : undefined;
    for (const { level, index, hashes } of isTrusted ? [] : edge.slice(1)) {
      this.#reportHashes(pathOf(level, index, this.#size), hashes, below[level] ?? [], fitting !== undefined);
    }
    if (last?.width) {
      this.#grow(0, leaves && rootOf(leaves));
      this.#reportLeaves(last.index, lastBundle, lastTile, fitting);
      this.#remembered?.keep(0, last.index, (fitting === 'entries' ? leaves : lastTile) ?? leaves ?? []);
    }
    if (fitting === undefined && this.#findings.count === 0 && this.#files.areAllThere) {
      this.#findings.add(
        'rewritten',
        'checkpoint',
        this.#size === 0
          ? 'the log is empty, and the checkpoint has a root that an empty log does not have'
          : `what lies at ${this.#name} is not the log that was signed: its root is another one, and no single change explains it`,
      );
    }
  }

  /** Checks a full tile and all below it. @returns its hash: the one that fits, as far as it is known */
  async #checkTile(level: number, index: number, claim: Claim | undefined): Promise<Hash | undefined> {
    if (level === 0) return this.#checkLeaves(index, claim);
    const path = pathOf(level, index, this.#size);
    const tile = await this.#files.readTile(level, index);
    const stored = tile && rootOf(tile);
    const isTrusted = claim?.isTrusted === true && stored !== undefined && isSame(stored, claim.hash);
    const below: (Hash | undefined)[] = [];
    for (let i = 0; i < tileWidth; i++) {
      const claimed = tile && { hash: tile[i] as Hash, isTrusted, by: `hash ${i} of ${path}` };
      below.push(await this.#checkTile(level - 1, index * tileWidth + i, claimed));
    }
    this.#remembered?.keep(level, index, isTrusted && tile ? tile : below);
    const known = allOf(below);
    const mended = known && rootOf(known);
    const isMended = mended !== undefined && claim !== undefined && isSame(mended, claim.hash);
    const wasReported = !isTrusted && this.#reportHashes(path, tile, below, isMended);
    const span = tileWidth ** (level + 1);
    const entries = `entries ${index * span} to ${(index + 1) * span - 1}`;
    return this.#decide({ path, entries, stored, below: mended, claim, wasReported });
  }

  async #checkLeaves(index: number, claim: Claim | undefined): Promise<Hash | undefined> {
    const [bundle, tile] = await this.#files.takeLeaves(index);
    const leaves = bundle && completeHashes(bundle, tileWidth);
    const stored = tile && rootOf(tile);
    const below = leaves && rootOf(leaves);
    this.#grow(1, below);
    const isClaimed = (root: Hash | undefined) => root && claim && isSame(root, claim.hash);
    const fitting = isClaimed(stored) ? 'tile' : isClaimed(below) ? 'entries' : undefined;
    const wasReported = this.#reportLeaves(index, bundle, tile, fitting);
    this.#remembered?.keep(0, index, (fitting === 'entries' ? leaves : tile) ?? leaves ?? []);
    const path = pathOf(0, index, this.#size);
    const entries = `entries ${index * tileWidth} to ${(index + 1) * tileWidth - 1}`;
    // Changed entries are reported one by one. If their hashes do not fit either, these are still the better guess.
    if (wasReported && fitting === undefined) return stored ?? below;
    return this.#decide({ path, entries, stored, below, claim, wasReported });
  }

  /** Adds the root of the next bundle's entries: of one tile, or of none, which is the partial one at the end. */
  #grow(tiles: number, root: Hash | undefined): void {
    if (!root) this.#subtrees = undefined;
    if (!root || !this.#subtrees) return;
    let right = { tiles, root };
    while (tiles > 0 && this.#subtrees.at(-1)?.tiles === right.tiles) {
      const left = this.#subtrees.pop() as typeof right;
      right = { tiles: right.tiles * 2, root: nodeHash(left.root, right.root) };
    }
    this.#subtrees.push(right);
  }

  #rootOfEntries(): Hash {
    let right: Hash | undefined;
    for (const { root } of this.#subtrees?.toReversed() ?? []) right = right ? nodeHash(root, right) : root;
    return right ?? rootOf([]);
  }

  /**
   * Chooses the hash of a tile, after all its differences from the level below were reported.
   *
   * @returns the one in the tile above, if the tile or the level below it has the same
   */
  #decide(tile: {
    path: string;
    entries: string;
    stored: Hash | undefined;
    below: Hash | undefined;
    claim: Claim | undefined;
    wasReported: boolean;
  }): Hash | undefined {
    const { path, entries, stored, below, claim, wasReported } = tile;
    const found = below ?? stored;
    if (!claim || !found || [stored, below].some((hash) => hash && isSame(hash, claim.hash))) {
      return claim?.hash ?? found;
    }
    if (claim.isTrusted && !wasReported) {
      if (below) {
        const fits = `${claim.by}, which fits the checkpoint`;
        this.#findings.add(
          'rewritten',
          path,
          `${entries} were changed together with their hashes: they do not fit ${fits}`,
        );
      } else {
        this.#findings.add('tile', path, `does not fit ${claim.by}`);
      }
    }
    return found;
  }

  /** Reports the hashes of a tile that differ from the level below. @returns whether there are any */
  #reportHashes(
    path: string,
    tile: Hash[] | undefined,
    below: (Hash | undefined)[],
    isMended: boolean,
  ): boolean {
    const before = this.#findings.count;
    for (const [i, hash] of (tile ?? []).entries()) {
      const found = below[i];
      if (!found || isSame(hash, found)) continue;
      const reason = isMended
        ? 'was changed: what lies below it and what is above fit each other, and not it'
        : 'does not fit what lies below it; which of them was changed cannot be told, for more is wrong';
      this.#findings.add('hash', `hash ${i} of ${path}`, reason);
    }
    return this.#findings.count > before;
  }

  /**
   * Compares entries with the tile of their hashes, and reports each that differs.
   *
   * @param fitting which of the two fits the tree; undefined when neither does
   * @returns whether something was reported
   */
  #reportLeaves(
    index: number,
    bundle: Bundle | undefined,
    tile: Hash[] | undefined,
    fitting: 'tile' | 'entries' | undefined,
  ): boolean {
    const first = index * tileWidth;
    const path = pathOf('entries', index, this.#size);
    const different: Different[] = [];
    for (const [i, found] of bundle?.hashes.entries() ?? []) {
      const expected = tile?.[i];
      if (expected && !isSame(found, expected)) different.push({ index: first + i, found, expected });
      else this.#numbers.read(first + i, bundle?.entries[i] as Uint8Array);
    }
    this.#onProgress?.(Math.min(first + tileWidth, this.#size), this.#size);
    if (!bundle || bundle.problem || (different.length > 0 && fitting !== 'entries'))
      this.#numbers.isComplete = false;
    if (bundle?.problem) {
      const [worst] = different;
      const from = worst ? `; the first entry that does not fit is ${worst.index}` : '';
      this.#findings.add('bundle', path, `${bundle.problem}${from}`);
      return true;
    }
    if (bundle && different.length > 1 && different.length === bundle.hashes.length && fitting === 'tile') {
      this.#findings.add(
        'bundle',
        path,
        `none of its entries, ${first} to ${first + bundle.hashes.length - 1}, fits its hash`,
      );
      return true;
    }
    for (const each of different) this.#reportLeaf(each, fitting);
    return different.length > 0;
  }

  #reportLeaf(different: Different, fitting: 'tile' | 'entries' | undefined): void {
    const { index } = different;
    const tile = Math.floor(index / tileWidth);
    const hash = `hash ${index % tileWidth} of ${pathOf(0, tile, this.#size)}`;
    if (fitting === 'entries') {
      this.#findings.add(
        'hash',
        hash,
        `was changed: entry ${index} and the tree above fit each other, and not it`,
      );
      return;
    }
    const where = `entry ${index}`;
    const finding =
      fitting === 'tile'
        ? this.#findings.add('entry', where, `was changed: it does not fit ${hash}, which fits the tree`)
        : this.#findings.add(
            'entry',
            where,
            `does not fit ${hash}; which of them was changed cannot be told, for more is wrong`,
          );
    if (finding) this.#changed.push({ ...different, finding });
  }

  #reportSwapped(): void {
    const byExpected = new Map(
      this.#changed.map((each) => [Buffer.from(each.expected).toString('hex'), each]),
    );
    for (const { found, finding, index } of this.#changed) {
      const other = byExpected.get(Buffer.from(found).toString('hex'));
      if (!other) continue;
      finding.kind = 'swapped';
      finding.message = `is what belongs at ${other.index}: entries were swapped. It does not fit hash ${index % tileWidth} of its tile`;
    }
  }
}
