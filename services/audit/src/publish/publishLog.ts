import { metrics } from '@fanfold/runtime/metrics';
import { type Edge, emptyRoot, rootOf } from '@fanfold/tlog/merkle';
import { fullWidth, tilePath } from '@fanfold/tlog/tile';
import { checkpointPath, readFile, replaceCheckpoint, type StoredFile, writeOnce } from '../store/files.ts';
import { readEntries, readHead } from '../store/log.ts';
import { checkpointIn, signCheckpoint } from './checkpoint.ts';
import { lackOfEntries, Misfit } from './misfit.ts';
import type { LogFile, TileBuilder } from './tileBuilder.ts';
import { builderAt } from './tiles.ts';

/** Why it runs: a tile is complete, or a minute has passed. */
export type Occasion = 'size' | 'clock';

/**
 * Publishes the entries that were appended since the last checkpoint: first the tiles and bundles, then the
 * checkpoint that covers them. It builds the tree from the entries and compares it with the tree of the head and with
 * that of the last checkpoint. Only if both match is the checkpoint signed, so two different trees are never signed.
 * https://c2sp.org/tlog-checkpoint
 *
 * If there is much to publish, a run publishes a part of it. It then compares with the tree that was stored with the
 * last entries that it reads. Later runs reach the head.
 *
 * Two runs at once are safe, and so is a run that ends at any point: files are written once, with the same content by
 * every run, and a checkpoint replaces only the one that this run has read.
 *
 * @throws Misfit when head, entries, files and checkpoint do not belong to one tree; then nothing was signed
 */
export async function publishLog(
  occasion: Occasion,
  maxEntries = maxEntriesPerRun,
): Promise<{ size: number; published: number }> {
  const last = await readLast();
  const head = await readHead();
  const size = sizeToPublish(last.size, Number(head.size), occasion, maxEntries);
  if (size === last.size) {
    if (occasion === 'clock') {
      if (last.file) await publishAgain(last.file, last.root, head);
      measureAge(0);
    }
    return { size, published: 0 };
  }

  const builder = await builderAt(last.size - (last.size % fullWidth), BigInt(last.size));
  const { root, files, first } = await buildFiles(builder, last, size, head);
  await writeAll(files);
  const note = await signCheckpoint(size, root);
  const isNewest = await replaceCheckpoint(note, last.file);
  if (first) measureAge(Date.now() - Date.parse(JSON.parse(Buffer.from(first).toString()).recordedtime));
  return { size, published: isNewest ? size - last.size : 0 };
}

/**
 * How long the oldest entry that is provable now had to wait for it since it was recorded; 0 when all were provable. A run that
 * publishes nothing because it fails measures nothing.
 */
const measureAge = (ageMs: number) => metrics.addMetric('CheckpointAge', 'Milliseconds', ageMs);

/**
 * Writes the same checkpoint again when nothing was appended, for one write a minute: only then does the witness cosign it
 * with a new time. So a log that is quiet can be told from one that cannot be signed.
 *
 * @throws Misfit when the checkpoint is not that of the head
 */
async function publishAgain(file: StoredFile, root: Uint8Array, head: Edge): Promise<void> {
  requireSame('the last checkpoint', rootOf(head), root);
  await replaceCheckpoint(Buffer.from(file.bytes).toString(), file);
}

/**
 * The most that one run publishes: two thousand files, about ten seconds and 100 MB. It reads one batch more than
 * that.
 */
const maxEntriesPerRun = 1024 * fullWidth;

/**
 * The size to publish. When a tile is complete, whole tiles only: then an event costs 4/256 of a write. Partial tiles
 * have to be written again with every checkpoint, up to six writes for any number of events. Every minute, all
 * entries.
 */
export function sizeToPublish(
  published: number,
  size: number,
  occasion: Occasion,
  maxEntries = maxEntriesPerRun,
): number {
  const lack = lackOfEntries(size, published);
  if (lack) throw new Misfit(lack);
  const reachable = Math.min(size, published - (published % fullWidth) + maxEntries);
  return occasion === 'clock' ? reachable : Math.max(published, reachable - (reachable % fullWidth));
}

/** How much of what is not published yet is looked at when nothing is to be published. */
const maxEntriesCompared = 4 * fullWidth;

/**
 * Compares what {@link publishLog} compares, and signs and writes nothing.
 *
 * @throws Misfit, ProofError or TileError when head, entries, files and checkpoint do not belong to one tree
 */
export async function compareLog(): Promise<void> {
  const last = await readLast();
  const head = await readHead();
  const size = sizeToPublish(last.size, Number(head.size), 'clock', maxEntriesCompared);
  await buildFiles(await builderAt(last.size - (last.size % fullWidth), BigInt(last.size)), last, size, head);
}

type Last = { size: number; root: Uint8Array; file?: StoredFile };

async function readLast(): Promise<Last> {
  const file = await readFile(checkpointPath);
  if (!file) return { size: 0, root: emptyRoot };
  const { size, root } = checkpointIn(Buffer.from(file.bytes).toString());
  return { size: Number(size), root, file };
}

/**
 * Builds the files between two sizes, and the root of the tree at the second one. Nothing is written before all
 * comparisons: a wrong file could never be replaced.
 *
 * @returns the first entry after the last checkpoint, too
 * @throws Misfit when the entries do not match the last checkpoint, or the head, or the tree stored with the last entries
 *   read
 */
async function buildFiles(
  builder: TileBuilder,
  last: Last,
  size: number,
  head: Edge,
): Promise<{ root: Uint8Array; files: LogFile[]; first?: Uint8Array }> {
  // If less than a tile remains after it, the rest is read for its hashes, up to the head.
  const isHeadFar = Number(head.size) - size >= fullWidth;
  let [tree, expected] = ['the head', rootOf(head)];
  let root = emptyRoot;
  let first: Uint8Array | undefined;
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
      if (index + i > builder.size) throw new Misfit(`Entry ${builder.size} is not in the log's table`);
      if (builder.size === last.size) first = entry;
      // After the size, only the hashes are needed.
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
  return { root, files, ...(first && { first }) };
}

/** How many files are written in parallel. */
const atOnce = 32;

async function writeAll(files: LogFile[]): Promise<void> {
  for (let i = 0; i < files.length; i += atOnce) {
    await Promise.all(files.slice(i, i + atOnce).map(({ tile, bytes }) => writeOnce(tilePath(tile), bytes)));
  }
}

function requireSame(what: string, found: Uint8Array, expected: Uint8Array): void {
  if (Buffer.from(found).equals(expected)) return;
  throw new Misfit(`The log's entries do not make the tree of ${what}`);
}
