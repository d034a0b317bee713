import { base64Of, isSame } from './bytes.ts';
import { parseEntry } from './entry.ts';
import type { Findings } from './findings.ts';
import type { Hash } from './hashes.ts';
import { LogFiles } from './logFiles.ts';
import type { LogReader } from './logReader.ts';
import { rootOf, rootOfPartialTiles } from './merkle.ts';
import type { Checkpoint } from './note.ts';
import { allOf, hashesAt, pathOf, tileWidth } from './tile.ts';

/** Of the entries that were read, how many are an audit log's, by their form. Of other logs' entries nothing is known. */
export type Growth = { entries: number; auditEntries: number };

/**
 * Verifies what a log (https://c2sp.org/tlog-tiles@v0.1.0) has beyond a checkpoint that was verified before: that it continues that one,
 * each new entry, and each hash of the tiles that the new entries are in. It reads as much as is new, and one tile of each
 * level; {@link verifyLog} reads the whole log, and can tell more exactly what was changed.
 *
 * The tree is built from the entries alone, beginning with the hashes that make up the earlier root. So the log is what was
 * signed if that tree has the signed root; and others can prove it from the tiles if these have the same hashes.
 *
 * @param before undefined for the whole log
 * @param signal ends it: it throws, when it has not come to its end
 * @throws when the log cannot be read
 */
export async function verifyGrowth(
  reader: LogReader,
  checkpoint: Checkpoint,
  before: Checkpoint | undefined,
  findings: Findings,
  signal?: AbortSignal,
): Promise<Growth> {
  const read = { entries: 0, auditEntries: 0 };
  if (before && before.size >= checkpoint.size) {
    compareWith(before, checkpoint, findings);
    return read;
  }
  const files = new LogFiles(reader, checkpoint.size, findings);
  const start = before ? await edgeOf(before, files) : [];
  if (!start) {
    files.reportMissing();
    return read;
  }
  if (before && !isSame(rootOfPartialTiles(start), before.root)) {
    const root = base64Of(rootOfPartialTiles(start));
    findings.add(
      'forked',
      'checkpoint',
      `the first ${before.size} entries had root ${base64Of(before.root)} before, and what is there now has ${root}: the past was rewritten, or a tile is not what was signed. \`verify --log\` tells which`,
    );
    return read;
  }
  const tree = new Tree(start, before?.size ?? 0, checkpoint.size, files, findings);
  const formats = new Formats();
  for (let index = Math.floor(tree.size / tileWidth); tree.size < checkpoint.size; index++) {
    signal?.throwIfAborted();
    const [bundle, tile] = await files.takeLeaves(index);
    if (!bundle || bundle.problem) {
      if (bundle?.problem) findings.add('bundle', pathOf('entries', index, checkpoint.size), bundle.problem);
      break;
    }
    for (const [i, hash] of bundle.hashes.entries()) {
      const entry = index * tileWidth + i;
      if (tile && !isSame(tile[i] as Hash, hash)) {
        findings.add(
          'entry',
          `entry ${entry}`,
          `does not fit hash ${i} of ${pathOf(0, index, checkpoint.size)}`,
        );
      }
      if (entry < tree.size) continue;
      formats.read(entry, bundle.entries[i] as Uint8Array);
      await tree.add(hash);
    }
  }
  if (tree.size === checkpoint.size) await tree.compareEdge();
  files.reportMissing();
  formats.report(findings);
  if (findings.count === 0 && !isSame(tree.root, checkpoint.root)) {
    findings.add('rewritten', 'checkpoint', 'the entries do not have the root that was signed');
  }
  return formats;
}

/** With a checkpoint that was seen before, and is not of a smaller log. */
function compareWith(before: Checkpoint, { size, root }: Checkpoint, findings: Findings): void {
  if (before.size > size) {
    findings.add(
      'old-checkpoint',
      'checkpoint',
      `it is of ${size} entries, and one of ${before.size} was seen before: entries were taken away, or an old state is shown`,
    );
  } else if (!isSame(before.root, root)) {
    const [one, other] = [base64Of(before.root), base64Of(root)];
    findings.add(
      'forked',
      'checkpoint',
      `of ${size} entries two were signed: root ${one} before, ${other} now`,
    );
  }
}

/** The hashes of the partial tiles that the log had then, by level, as it has them now; undefined when one is missing. */
async function edgeOf({ size }: Checkpoint, files: LogFiles): Promise<Hash[][] | undefined> {
  const edge: (Hash[] | undefined)[] = [];
  for (let level = 0; hashesAt(level, size) > 0; level++) {
    const count = hashesAt(level, size);
    const width = count % tileWidth;
    const tile = width === 0 ? [] : await files.readTile(level, Math.floor(count / tileWidth));
    edge.push(tile?.slice(0, width));
  }
  return allOf(edge);
}

/** A tree that grows by its entries' hashes. What the tiles above them have is compared with it. */
class Tree {
  size: number;
  /** The hashes of the unfinished tile of each level. */
  readonly #levels: Hash[][];
  readonly #finalSize: number;
  readonly #files: LogFiles;
  readonly #findings: Findings;

  constructor(start: Hash[][], size: number, finalSize: number, files: LogFiles, findings: Findings) {
    this.#levels = start;
    this.size = size;
    this.#finalSize = finalSize;
    this.#files = files;
    this.#findings = findings;
  }

  get root(): Hash {
    return rootOfPartialTiles(this.#levels);
  }

  async add(leaf: Hash): Promise<void> {
    this.size++;
    let hash: Hash | undefined = leaf;
    for (let level = 0; hash; level++) {
      const tile: Hash[] = this.#levels[level] ?? [];
      tile.push(hash);
      this.#levels[level] = tile;
      if (tile.length < tileWidth) return;
      // The tile of the entries was compared with them.
      if (level > 0) await this.#compare(level, hashesAt(level, this.size) / tileWidth - 1, tile);
      hash = rootOf(tile);
      this.#levels[level] = [];
    }
  }

  /** Compares the partial tiles above the entries, where the log ends. */
  async compareEdge(): Promise<void> {
    for (const [level, tile] of this.#levels.entries()) {
      if (level > 0 && tile.length > 0) {
        await this.#compare(level, Math.floor(hashesAt(level, this.size) / tileWidth), tile);
      }
    }
  }

  async #compare(level: number, index: number, expected: Hash[]): Promise<void> {
    const tile = await this.#files.readTile(level, index);
    for (const [i, hash] of (tile ?? []).entries()) {
      if (isSame(hash, expected[i] as Hash)) continue;
      const path = pathOf(level, index, this.#finalSize);
      this.#findings.add('hash', `hash ${i} of ${path}`, 'is not that of the entries below it');
    }
  }
}

/** Whether entries are an audit log's. One that is not, among others that are, is wrong. */
class Formats implements Growth {
  entries = 0;
  auditEntries = 0;
  /** The first ones of another form. */
  readonly #others: { entry: number; message: string }[] = [];

  read(entry: number, bytes: Uint8Array): void {
    this.entries++;
    try {
      parseEntry(bytes);
      this.auditEntries++;
    } catch (error) {
      if (this.#others.length < 20) this.#others.push({ entry, message: (error as Error).message });
    }
  }

  report(findings: Findings): void {
    if (this.auditEntries === 0) return;
    for (const { entry, message } of this.#others) findings.add('format', `entry ${entry}`, message);
  }
}
