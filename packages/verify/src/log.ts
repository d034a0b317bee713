import { type Entry, maxEntryBytes, parseEntry } from './entry.ts';
import { type Hash, hashBytes, isSame, leafHash, nodeHash, rootOf, rootOfPartialTiles } from './merkle.ts';
import { type Checkpoint, openCheckpoint, type TrustedKeys } from './note.ts';
import type { LogReader } from './reader.ts';
import { Sequences } from './sequences.ts';
import { textOf, VerificationError } from './wrong.ts';

export type FindingKind =
  /** A file is not there, and larger ones behind it are. */
  | 'missing'
  /** Everything from an entry on is not there: the end of the log was cut off. */
  | 'tail'
  /** The files fit each other, and not what was signed. */
  | 'rewritten'
  /** The log does not continue what was remembered. */
  | 'forked'
  /** The checkpoint is of fewer entries than the remembered one. */
  | 'old-checkpoint'
  /** An entry was changed: its hash still fits the tree. */
  | 'entry'
  /** An entry lies where another one belongs, and that one does not lie in its place either. */
  | 'swapped'
  /** An entry bundle is not made as one, or nothing in it fits. */
  | 'bundle'
  /** A hash in a tile was changed: what lies below it and above it fits. */
  | 'hash'
  /** A tile is not made as one, or fits nothing. */
  | 'tile'
  /** An entry is in the tree, and not what an entry of an audit log is. */
  | 'format'
  /** A subject has a number twice, or lacks one. */
  | 'sequence';

export type Finding = {
  kind: FindingKind;
  /** A path in the log, `entry 5`, or the pseudonym of a subject. */
  where: string;
  message: string;
};

export type LogReport = {
  checkpoint: Checkpoint;
  /** The size that was remembered, when the log was compared with it. */
  rememberedSize: number | undefined;
  /** The first ones; none when the log is verified. */
  findings: Finding[];
  findingCount: number;
  /** What is no proof that something is wrong, but may be. */
  warnings: string[];
};

export type LogOptions = TrustedKeys & {
  /** A checkpoint that was seen before: a note, signed by a key that is trusted. */
  remembered?: string | undefined;
  onProgress?: (entries: number, size: number) => void;
  /** How many subjects and waiting numbers are followed, in memory. */
  maxSubjects?: number;
};

const tileWidth = 256;
const maxCheckpointBytes = 65_536;
const maxBundleBytes = tileWidth * (2 + maxEntryBytes);
/** A bundle has some 100 KB and 17 MB at most. */
const leafTilesAhead = 6;
const maxFindings = 20;
/** An event can be late: its queue was away, or it was redriven. Most are not later than this. */
const lateMs = 3_600_000;

/**
 * Verifies a whole log (https://c2sp.org/tlog-tiles): hashes every entry, compares each hash of every tile with what lies
 * below it, and the root with the checkpoint. Memory does not grow with the log, but for the names of subjects.
 *
 * From the root downwards it is known which hashes are right: so of two that differ, an entry and its hash, or a hash and
 * the tile below it, it can be told which one was changed.
 *
 * @throws VerificationError when there is no checkpoint that can be trusted
 * @throws when the log cannot be read
 */
export async function verifyLog(reader: LogReader, options: LogOptions): Promise<LogReport> {
  const bytes = await reader.read('checkpoint', maxCheckpointBytes);
  if (!bytes)
    throw new VerificationError('checkpoint', `there is none, so there is no log at ${reader.name}`);
  if (bytes.length > maxCheckpointBytes) throw new VerificationError('checkpoint', 'is too large to be one');
  const checkpoint = openCheckpoint(textOf(bytes, 'checkpoint'), options);
  const remembered =
    options.remembered === undefined ? undefined : openCheckpoint(options.remembered, { keys: options.keys });
  return new LogCheck(reader, checkpoint, remembered, options).run();
}

/** What the tile above says of a tile. */
type Claim = { hash: Hash; isTrusted: boolean; by: string };

/** An entry, or a hash of one, that differs from what is signed. */
type Different = { index: number; found: Hash; expected: Hash };

class LogCheck {
  readonly #reader: LogReader;
  readonly #checkpoint: Checkpoint;
  readonly #remembered: Checkpoint | undefined;
  readonly #onProgress: LogOptions['onProgress'];
  readonly #size: number;
  readonly #findings: Finding[] = [];
  #findingCount = 0;
  readonly #warnings: string[] = [];
  /** What is not there, by level. */
  readonly #missing = new Map<Level, number[]>();
  /** Entries that were changed, for as many as are told of: two of them may have been swapped. */
  readonly #changed: (Different & { finding: Finding })[] = [];
  /** The hashes of the partial tiles that the log had when it was remembered, by level. */
  readonly #rememberedTiles: (readonly (Hash | undefined)[])[] = [];
  readonly #ahead = new Map<number, Promise<[Bundle | undefined, Hash[] | undefined]>>();
  readonly #sequences: Sequences;
  /** Whether every entry could be read, so that a number which is not there is not in the log. */
  #isComplete = true;
  #newestMs = 0;
  /** Roots of perfect subtrees over the entries so far, the largest first; undefined once an entry is missing. */
  #subtrees: { tiles: number; root: Hash }[] | undefined = [];

  constructor(
    reader: LogReader,
    checkpoint: Checkpoint,
    remembered: Checkpoint | undefined,
    { onProgress, maxSubjects = 1_000_000 }: LogOptions,
  ) {
    this.#reader = reader;
    this.#checkpoint = checkpoint;
    this.#remembered = remembered;
    this.#onProgress = onProgress;
    this.#size = checkpoint.size;
    this.#sequences = new Sequences(maxSubjects);
  }

  async run(): Promise<LogReport> {
    await this.#checkTree();
    this.#reportMissing();
    this.#reportSwapped();
    this.#compareWithRemembered();
    this.#reportGaps();
    // Whatever is thought of tiles above: the log is what was signed if the entries alone make the root that was signed.
    if (this.#findingCount === 0 && !isSame(this.#rootOfEntries(), this.#checkpoint.root)) {
      this.#add('rewritten', 'checkpoint', 'the entries do not have the root that was signed');
    }
    return {
      checkpoint: this.#checkpoint,
      rememberedSize: this.#remembered?.size,
      findings: this.#findings,
      findingCount: this.#findingCount,
      warnings: this.#warnings,
    };
  }

  /**
   * Goes down from the partial tiles at the right edge of the log, of each level the last one: all of them together make
   * the root, and all else lies below one of their hashes.
   */
  async #checkTree(): Promise<void> {
    const edge: { level: number; index: number; width: number; hashes: Hash[] | undefined }[] = [];
    for (let level = 0; hashesAt(level, this.#size) > 0; level++) {
      const count = hashesAt(level, this.#size);
      const [index, width] = [Math.floor(count / tileWidth), count % tileWidth];
      if (level === 0) edge.push({ level, index, width, hashes: [] });
      else edge.push({ level, index, width, hashes: width ? await this.#readTile(level, index) : [] });
    }
    const last = edge[0];
    const [lastBundle, lastTile] = last?.width ? await this.#takeLeaves(last.index) : [undefined, []];
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
      this.#remember(level, index, isTrusted && hashes ? hashes : (below[level] ?? []));
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
      this.#remember(0, last.index, (fitting === 'entries' ? leaves : lastTile) ?? leaves ?? []);
    }
    if (fitting === undefined && this.#findingCount === 0 && this.#missing.size === 0) {
      this.#add(
        'rewritten',
        'checkpoint',
        this.#size === 0
          ? 'the log is empty, and the checkpoint has a root that an empty log does not have'
          : `what lies at ${this.#reader.name} is not the log that was signed: its root is another one, and no single change explains it`,
      );
    }
  }

  /** Checks a full tile and all below it. @returns its hash: the one that fits, as far as can be told */
  async #checkTile(level: number, index: number, claim: Claim | undefined): Promise<Hash | undefined> {
    if (level === 0) return this.#checkLeaves(index, claim);
    const path = pathOf(level, index, this.#size);
    const tile = await this.#readTile(level, index);
    const stored = tile && rootOf(tile);
    const isTrusted = claim?.isTrusted === true && stored !== undefined && isSame(stored, claim.hash);
    const below: (Hash | undefined)[] = [];
    for (let i = 0; i < tileWidth; i++) {
      const claimed = tile && { hash: tile[i] as Hash, isTrusted, by: `hash ${i} of ${path}` };
      below.push(await this.#checkTile(level - 1, index * tileWidth + i, claimed));
    }
    this.#remember(level, index, isTrusted && tile ? tile : below);
    const known = allOf(below);
    const mended = known && rootOf(known);
    const isMended = mended !== undefined && claim !== undefined && isSame(mended, claim.hash);
    const wasReported = !isTrusted && this.#reportHashes(path, tile, below, isMended);
    const span = tileWidth ** (level + 1);
    const entries = `entries ${index * span} to ${(index + 1) * span - 1}`;
    return this.#decide({ path, entries, stored, below: mended, claim, wasReported });
  }

  async #checkLeaves(index: number, claim: Claim | undefined): Promise<Hash | undefined> {
    const [bundle, tile] = await this.#takeLeaves(index);
    const leaves = bundle && completeHashes(bundle, tileWidth);
    const stored = tile && rootOf(tile);
    const below = leaves && rootOf(leaves);
    this.#grow(1, below);
    const isClaimed = (root: Hash | undefined) => root && claim && isSame(root, claim.hash);
    const fitting = isClaimed(stored) ? 'tile' : isClaimed(below) ? 'entries' : undefined;
    const wasReported = this.#reportLeaves(index, bundle, tile, fitting);
    this.#remember(0, index, (fitting === 'entries' ? leaves : tile) ?? leaves ?? []);
    const path = pathOf(0, index, this.#size);
    const entries = `entries ${index * tileWidth} to ${(index + 1) * tileWidth - 1}`;
    // Changed entries are told of one by one; if their hashes do not fit either, these are still the better guess.
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
   * Chooses the hash of a tile, when all in it that differs from what lies below has been told.
   *
   * @returns the one that the tile above has, if the tile or what lies below it has the same
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
        this.#add(
          'rewritten',
          path,
          `${entries} were changed together with their hashes: they do not fit ${fits}`,
        );
      } else {
        this.#add('tile', path, `does not fit ${claim.by}`);
      }
    }
    return found;
  }

  /** Tells which hashes of a tile differ from what lies below. @returns whether there are any */
  #reportHashes(
    path: string,
    tile: Hash[] | undefined,
    below: (Hash | undefined)[],
    isMended: boolean,
  ): boolean {
    const before = this.#findingCount;
    for (const [i, hash] of (tile ?? []).entries()) {
      const found = below[i];
      if (!found || isSame(hash, found)) continue;
      const reason = isMended
        ? 'was changed: what lies below it and what is above fit each other, and not it'
        : 'does not fit what lies below it; which of them was changed cannot be told, for more is wrong';
      this.#add('hash', `hash ${i} of ${path}`, reason);
    }
    return this.#findingCount > before;
  }

  /**
   * Compares entries with the tile of their hashes, and tells of each that differs.
   *
   * @param fitting which of the two fits the tree; undefined when neither does
   * @returns whether something was told
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
      else this.#readEntry(first + i, bundle?.entries[i] as Uint8Array);
    }
    this.#onProgress?.(Math.min(first + tileWidth, this.#size), this.#size);
    if (!bundle || bundle.problem || (different.length > 0 && fitting !== 'entries'))
      this.#isComplete = false;
    if (bundle?.problem) {
      const [worst] = different;
      const from = worst ? `; the first entry that does not fit is ${worst.index}` : '';
      this.#add('bundle', path, `${bundle.problem}${from}`);
      return true;
    }
    if (bundle && different.length > 1 && different.length === bundle.hashes.length && fitting === 'tile') {
      this.#add(
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
      this.#add('hash', hash, `was changed: entry ${index} and the tree above fit each other, and not it`);
      return;
    }
    const where = `entry ${index}`;
    const finding =
      fitting === 'tile'
        ? this.#add('entry', where, `was changed: it does not fit ${hash}, which fits the tree`)
        : this.#add(
            'entry',
            where,
            `does not fit ${hash}; which of them was changed cannot be told, for more is wrong`,
          );
    if (finding) this.#changed.push({ ...different, finding });
  }

  #readEntry(index: number, bytes: Uint8Array): void {
    let entry: Entry;
    try {
      entry = parseEntry(bytes);
    } catch (error) {
      this.#add('format', `entry ${index}`, (error as Error).message);
      this.#isComplete = false;
      return;
    }
    const { subject, sequence, recordedtime } = entry;
    const recordedMs = Date.parse(recordedtime);
    this.#newestMs = Math.max(this.#newestMs, recordedMs);
    if (this.#sequences.hear(subject, Number(sequence), recordedMs)) return;
    this.#add('sequence', `entry ${index}`, `subject ${subject} has the number ${Number(sequence)} twice`);
  }

  #reportGaps(): void {
    const { notFollowed } = this.#sequences;
    if (notFollowed > 0) {
      this.#warnings.push(
        `The numbers of ${notFollowed} entries were not checked: there are more subjects than are followed at once.`,
      );
    }
    if (!this.#isComplete) {
      this.#warnings.push('Whether numbers are missing was not checked: not every entry could be read.');
      return;
    }
    let [atBeginning, late] = [0, 0];
    for (const { subject, first, last, shownAtMs } of this.#sequences.gaps()) {
      if (first === 1) atBeginning++;
      else if (shownAtMs > this.#newestMs - lateMs) late++;
      else {
        const numbers = first === last ? `number ${first}` : `numbers ${first} to ${last}`;
        this.#add('sequence', `subject ${subject}`, `has no ${numbers}, though it has greater ones`);
      }
    }
    if (atBeginning > 0) {
      this.#warnings.push(
        `Of ${atBeginning} subjects the first numbers are not there: they are older than the log, or were left out.`,
      );
    }
    if (late > 0) {
      this.#warnings.push(
        `${late} numbers or more were not there within an hour of the newest entry: they may still come. Verify again later.`,
      );
    }
  }

  /** Keeps of a tile what made up the right edge of the log when it was remembered. */
  #remember(level: number, index: number, hashes: readonly (Hash | undefined)[]): void {
    if (!this.#remembered) return;
    const count = hashesAt(level, this.#remembered.size);
    if (Math.floor(count / tileWidth) !== index) return;
    this.#rememberedTiles[level] = Array.from({ length: count % tileWidth }, (_, i) => hashes[i]);
  }

  #compareWithRemembered(): void {
    if (!this.#remembered) return;
    const { size, root, origin } = this.#remembered;
    const base64 = (hash: Hash) => Buffer.from(hash).toString('base64');
    if (origin !== this.#checkpoint.origin) {
      this.#add(
        'forked',
        'checkpoint',
        `it is of ${this.#checkpoint.origin}, and what was remembered of ${origin}`,
      );
    } else if (size > this.#size) {
      this.#add(
        'old-checkpoint',
        'checkpoint',
        `it is of ${this.#size} entries, and one of ${size} was seen before: entries were taken away, or an old state is shown`,
      );
    } else if (size === this.#size) {
      if (isSame(root, this.#checkpoint.root)) return;
      const now = base64(this.#checkpoint.root);
      this.#add(
        'forked',
        'checkpoint',
        `of ${size} entries two were signed: root ${base64(root)} before, ${now} now`,
      );
    } else {
      const tiles = allOf(Array.from(this.#rememberedTiles, (tile) => allOf(tile ?? [])));
      if (!tiles) {
        this.#warnings.push(
          'The log was not compared with what was remembered: not all of it could be read.',
        );
        return;
      }
      const now = rootOfPartialTiles(tiles);
      if (isSame(now, root)) return;
      this.#add(
        'forked',
        'checkpoint',
        `the first ${size} entries had root ${base64(root)} before and have ${base64(now)} now: the past was rewritten`,
      );
    }
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

  #reportMissing(): void {
    for (const [level, first, last] of [...this.#missing].flatMap(([level, indexes]) =>
      runsOf(indexes).map((run) => [level, ...run] as const),
    )) {
      const lastThereIs = Math.ceil(hashesAt(level, this.#size) / tileWidth) - 1;
      const from = pathOf(level, first, this.#size);
      const where = first === last ? from : `${from} to ${pathOf(level, last, this.#size)}`;
      if (level !== 'entries') {
        this.#add('missing', where, 'there is no such tile');
      } else if (last === lastThereIs) {
        this.#add(
          'tail',
          where,
          `everything from entry ${first * tileWidth} on is missing: the checkpoint is of ${this.#size} entries`,
        );
      } else {
        const lastEntry = (last + 1) * tileWidth - 1;
        this.#add('missing', where, `entries ${first * tileWidth} to ${lastEntry} are not there`);
      }
    }
  }

  #add(kind: FindingKind, where: string, message: string): Finding | undefined {
    this.#findingCount++;
    if (this.#findings.length === maxFindings) return undefined;
    const finding = { kind, where, message };
    this.#findings.push(finding);
    return finding;
  }

  /** Entries and their tile, while some behind them are being read already. */
  #takeLeaves(index: number): Promise<[Bundle | undefined, Hash[] | undefined]> {
    const end = Math.max(index + 1, Math.min(index + leafTilesAhead, hashesAt(1, this.#size)));
    for (let i = index; i < end; i++) {
      if (this.#ahead.has(i)) continue;
      const reading = Promise.all([this.#readBundle(i), this.#readTile(0, i)]);
      // Whoever takes it gets the error; until then it is nobody's.
      reading.catch(() => undefined);
      this.#ahead.set(i, reading);
    }
    const taken = this.#ahead.get(index) as Promise<[Bundle | undefined, Hash[] | undefined]>;
    this.#ahead.delete(index);
    return taken;
  }

  async #readTile(level: number, index: number): Promise<Hash[] | undefined> {
    const width = widthOf(level, index, this.#size);
    const read = await this.#read(level, index, tileWidth * hashBytes);
    if (!read) return undefined;
    const expected = (read.isFull ? tileWidth : width) * hashBytes;
    if (read.bytes.length !== expected) {
      const bytes = read.bytes.length > tileWidth * hashBytes ? 'too many' : read.bytes.length;
      this.#add('tile', read.path, `has ${bytes} bytes, not ${expected}`);
      return undefined;
    }
    return Array.from({ length: width }, (_, i) => read.bytes.subarray(i * hashBytes, (i + 1) * hashBytes));
  }

  async #readBundle(index: number): Promise<Bundle | undefined> {
    const width = widthOf('entries', index, this.#size);
    const read = await this.#read('entries', index, maxBundleBytes);
    return read && parseBundle(read.bytes, width, read.isFull ? tileWidth : width);
  }

  /** Reads a file of the log. The log may have grown since its checkpoint, and have a full tile instead of a partial one. */
  async #read(level: Level, index: number, maxBytes: number) {
    const isFull = widthOf(level, index, this.#size) === tileWidth;
    const paths = [pathOf(level, index, this.#size), ...(isFull ? [] : [fullPathOf(level, index)])];
    for (const [i, path] of paths.entries()) {
      const bytes = await this.#reader.read(path, maxBytes);
      if (bytes) return { path, bytes, isFull: isFull || i === 1 };
    }
    const missing = this.#missing.get(level) ?? [];
    missing.push(index);
    this.#missing.set(level, missing);
    return undefined;
  }
}

/** A level of tiles, or the entries below all of them. */
type Level = number | 'entries';

/** How many hashes (or entries) a level has in a log of this size: only full tiles have one in the tile above. */
const hashesAt = (level: Level, size: number): number =>
  Math.floor(size / tileWidth ** (level === 'entries' ? 0 : level));

const widthOf = (level: Level, index: number, size: number): number =>
  Math.min(tileWidth, hashesAt(level, size) - index * tileWidth);

/** Where a tile lies: its number in groups of three digits, all but the last after an `x`. */
const fullPathOf = (level: Level, index: number): string => {
  const digits = String(index).padStart(Math.ceil(String(index).length / 3) * 3, '0');
  const groups = digits.match(/.{3}/g) ?? [];
  return `tile/${level}/${groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')}`;
};

export const pathOf = (level: Level, index: number, size: number): string => {
  const width = widthOf(level, index, size);
  return `${fullPathOf(level, index)}${width < tileWidth ? `.p/${width}` : ''}`;
};

/** The entries of a bundle that could be read, with their hashes, and why the others could not. */
type Bundle = { entries: Uint8Array[]; hashes: Hash[]; problem: string | undefined };

/** Entries, each after its length in two bytes. Of a bundle that has grown since, only those of the checkpoint count. */
function parseBundle(bytes: Uint8Array, width: number, expected: number): Bundle {
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

const completeHashes = ({ hashes }: Bundle, width: number): Hash[] | undefined =>
  hashes.length === width ? hashes : undefined;

/** First and last of each run of neighbours. */
function runsOf(numbers: number[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}

/** All of a list, if all of it is known. */
const allOf = <Item>(items: readonly (Item | undefined)[]): Item[] | undefined =>
  items.every((item) => item !== undefined) ? (items as Item[]) : undefined;
