import { type Edge, emptyRoot, hashBytes, rootOf, splitHashes } from '@fanfold/tlog/merkle';
import { fullWidth, type Tile, tilePath } from '@fanfold/tlog/tile';
import { checkpointPath, readFile, replaceCheckpoint, type StoredFile, writeOnce } from '../store/files.ts';
import { readEntries, readHead } from '../store/log.ts';
import { checkpointIn, signCheckpoint } from './checkpoint.ts';
import { type LogFile, TileBuilder } from './tileBuilder.ts';
import { readTiles } from './tiles.ts';

/** What made it worth while: a tile was completed, or a minute has passed. */
export type Occasion = 'size' | 'clock';

/**
 * Publishes what was appended since the last checkpoint: first the tiles and bundles, and when all of them are written
 * the checkpoint that covers them. It is signed only after the tree that was built from the entries has been found to be
 * the one that the head has, and the one that the last checkpoint had: no two trees are ever signed.
 * https://c2sp.org/tlog-checkpoint
 *
 * After a long silence a run publishes a part, and compares with the tree that was committed with the last entries that it
 * reads: the head is reached by the runs after it.
 *
 * May run twice at once, or end at any point: files are written once with the same content by whoever comes, and a
 * checkpoint takes the place of the one that was read or none.
 *
 * @throws when head, entries, files and checkpoint do not belong to one tree; then nothing was signed
 */
export async function publishLog(
  occasion: Occasion,
  maxEntries = maxEntriesPerRun,
): Promise<{ size: number; published: number }> {
  const last = await readLast();
  const head = await readHead();
  const size = sizeToPublish(last.size, Number(head.size), occasion, maxEntries);
  if (size === last.size) return { size, published: 0 };

  const builder = await builderAt(last.size);
  const { root, files } = await buildFiles(builder, last, size, head);
  await writeAll(files);
  const note = await signCheckpoint(size, root);
  const isNewest = await replaceCheckpoint(note, last.file);
  return { size, published: isNewest ? size - last.size : 0 };
}

/**
 * What a run publishes at most, so that after a long silence each gets on: two thousand files, some ten seconds and 100 MB.
 * It reads that much and a batch more.
 */
const maxEntriesPerRun = 1024 * fullWidth;

/**
 * Up to where to publish. By size whole tiles alone: an event then costs 4/256 of a write, while partial tiles, which each
 * checkpoint needs anew, cost up to six writes for however few. By the clock all there is.
 */
export function sizeToPublish(
  published: number,
  size: number,
  occasion: Occasion,
  maxEntries = maxEntriesPerRun,
): number {
  if (size < published) throw new Error(`The log has ${size} entries, and ${published} are published`);
  const reachable = Math.min(size, published - (published % fullWidth) + maxEntries);
  return occasion === 'clock' ? reachable : Math.max(published, reachable - (reachable % fullWidth));
}

type Last = { size: number; root: Uint8Array; file?: StoredFile };

async function readLast(): Promise<Last> {
  const file = await readFile(checkpointPath);
  if (!file) return { size: 0, root: emptyRoot };
  const { size, root } = checkpointIn(Buffer.from(file.bytes).toString());
  return { size: Number(size), root, file };
}

/** What has to be known of the files to go on with them: where the last bundle ended, and the partial tiles above. */
async function builderAt(size: number): Promise<TileBuilder> {
  const above: Promise<Uint8Array[]>[] = [];
  for (let level = 1; size >= fullWidth ** level; level++) {
    const count = Math.floor(size / fullWidth ** level);
    const tile = { level, index: BigInt(Math.floor(count / fullWidth)), width: count % fullWidth };
    above.push(tile.width === 0 ? Promise.resolve([]) : readHashes(tile));
  }
  return new TileBuilder(size - (size % fullWidth), await Promise.all(above));
}

async function readHashes(tile: Tile): Promise<Uint8Array[]> {
  const [bytes = new Uint8Array()] = (await readTiles([tile])).values();
  if (bytes.length !== tile.width * hashBytes) throw new Error(`${tilePath(tile)} is cut off`);
  return splitHashes(bytes);
}

/**
 * Builds the files that grow between two sizes, and the root of the tree of the second one. Nothing is written before all
 * of it has been compared: a file that is wrong could never be replaced.
 *
 * @throws when the entries are not those of the last checkpoint, or of the head or what it was then
 */
async function buildFiles(
  builder: TileBuilder,
  last: Last,
  size: number,
  head: Edge,
): Promise<{ root: Uint8Array; files: LogFile[] }> {
  // Of less than a tile behind it only hashes are needed: then the head is at hand.
  const isHeadFar = Number(head.size) - size >= fullWidth;
  let [tree, expected] = ['the head', rootOf(head)];
  let root = emptyRoot;
  const files: LogFile[] = [];
  const arrive = () => {
    if (builder.size === last.size) requireSame('the last checkpoint', rootOf(builder.edge()), last.root);
    if (builder.size !== size) return;
    root = rootOf(builder.edge());
    files.push(...builder.partial());
  };
  arrive();
  for await (const { index, entries, root: committed } of readEntries(builder.size)) {
    for (const [i, entry] of entries.entries()) {
      if (index + i < builder.size || builder.size === Number(head.size)) continue;
      if (index + i > builder.size) throw new Error(`Entry ${builder.size} is not in the log's table`);
      // Of what is behind the size, only the hashes are wanted.
      const completed = builder.add(entry);
      if (builder.size <= size) files.push(...completed);
      arrive();
    }
    if (builder.size === Number(head.size)) break;
    if (isHeadFar && committed && builder.size >= size) {
      [tree, expected] = [`the first ${builder.size} of them`, committed];
      break;
    }
  }
  requireSame(tree, rootOf(builder.edge()), expected);
  return { root, files };
}

/** How many files are written at once. */
const atOnce = 32;

async function writeAll(files: LogFile[]): Promise<void> {
  for (let i = 0; i < files.length; i += atOnce) {
    await Promise.all(files.slice(i, i + atOnce).map(({ tile, bytes }) => writeOnce(tilePath(tile), bytes)));
  }
}

function requireSame(what: string, found: Uint8Array, expected: Uint8Array): void {
  if (Buffer.from(found).equals(expected)) return;
  throw new Error(
    `The log's entries do not make the tree of ${what}: see "The log does not fit" in docs/audit-log.md`,
  );
}
