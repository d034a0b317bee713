import { type Bundle, parseBundle } from './bundle.ts';
import { maxEntryBytes } from './entry.ts';
import type { Findings } from './findings.ts';
import { type Hash, hashBytes } from './hashes.ts';
import type { LogReader } from './logReader.ts';
import { fullPathOf, hashesAt, type Level, pathOf, tileWidth, widthOf } from './tile.ts';

const maxBundleBytes = tileWidth * (2 + maxEntryBytes);
/** A bundle has about 100 KB, and at most 17 MB. */
const leafTilesAhead = 6;

/** The tiles and entry bundles of a log of some size, and which of them are not there. */
export class LogFiles {
  readonly #reader: LogReader;
  readonly #size: number;
  readonly #findings: Findings;
  /** Missing tiles and bundles, by level. */
  readonly #missing = new Map<Level, number[]>();
  readonly #ahead = new Map<number, Promise<[Bundle | undefined, Hash[] | undefined]>>();

  constructor(reader: LogReader, size: number, findings: Findings) {
    this.#reader = reader;
    this.#size = size;
    this.#findings = findings;
  }

  get areAllThere(): boolean {
    return this.#missing.size === 0;
  }

  /** Entries and their tile, while some of the following are being read already. */
  takeLeaves(index: number): Promise<[Bundle | undefined, Hash[] | undefined]> {
    const end = Math.max(index + 1, Math.min(index + leafTilesAhead, hashesAt(1, this.#size)));
    for (let i = index; i < end; i++) {
      if (this.#ahead.has(i)) continue;
      const reading = Promise.all([this.#readBundle(i), this.readTile(0, i)]);
      // The caller that takes it gets the error.
      reading.catch(() => undefined);
      this.#ahead.set(i, reading);
    }
    const taken = this.#ahead.get(index) as Promise<[Bundle | undefined, Hash[] | undefined]>;
    this.#ahead.delete(index);
    return taken;
  }

  async readTile(level: number, index: number): Promise<Hash[] | undefined> {
    const width = widthOf(level, index, this.#size);
    const read = await this.#read(level, index, tileWidth * hashBytes);
    if (!read) return undefined;
    const expected = (read.isFull ? tileWidth : width) * hashBytes;
    if (read.bytes.length !== expected) {
      const bytes = read.bytes.length > tileWidth * hashBytes ? 'too many' : read.bytes.length;
      this.#findings.add('tile', read.path, `has ${bytes} bytes, not ${expected}`);
      return undefined;
    }
    return Array.from({ length: width }, (_, i) => read.bytes.subarray(i * hashBytes, (i + 1) * hashBytes));
  }

  async #readBundle(index: number): Promise<Bundle | undefined> {
    const width = widthOf('entries', index, this.#size);
    const read = await this.#read('entries', index, maxBundleBytes);
    return read && parseBundle(read.bytes, width, read.isFull ? tileWidth : width);
  }

  /**
   * Reads a file of the log. The log may have grown since its checkpoint, and have a full tile instead of a partial
   * one.
   */
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

  reportMissing(): void {
    for (const [level, first, last] of [...this.#missing].flatMap(([level, indexes]) =>
      runsOf(indexes).map((run) => [level, ...run] as const),
    )) {
      const lastThereIs = Math.ceil(hashesAt(level, this.#size) / tileWidth) - 1;
      const from = pathOf(level, first, this.#size);
      const where = first === last ? from : `${from} to ${pathOf(level, last, this.#size)}`;
      if (level !== 'entries') {
        this.#findings.add('missing', where, 'there is no such tile');
      } else if (last === lastThereIs) {
        this.#findings.add(
          'tail',
          where,
          `everything from entry ${first * tileWidth} on is missing: the checkpoint is of ${this.#size} entries`,
        );
      } else {
        const lastEntry = (last + 1) * tileWidth - 1;
        this.#findings.add('missing', where, `entries ${first * tileWidth} to ${lastEntry} are not there`);
      }
    }
  }
}

/** The first and last number of each run of consecutive numbers. */
function runsOf(numbers: number[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.[1] === number - 1) run[1] = number;
    else runs.push([number, number]);
  }
  return runs;
}
