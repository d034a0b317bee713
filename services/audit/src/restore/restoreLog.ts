import { type Edge, extend, leafHash, rootOf, verifyConsistency } from '@fanfold/tlog/merkle';
import { consistencyProof, tilesForConsistency } from '@fanfold/tlog/prove';
import { fullWidth, tileAt } from '@fanfold/tlog/tile';
import { openOwnCheckpoint } from '../publish/checkpoint.ts';
import { isMisfit, Misfit } from '../publish/misfit.ts';
import { compareLog } from '../publish/publishLog.ts';
import { builderAt, readBundle, readHashes, readTiles } from '../publish/tiles.ts';
import { compareWithCosigned } from '../publish/witness.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { type Appended, maxAppended, readEntriesBackwards, readHead } from '../store/log.ts';
import { mergeAgainFrom } from '../store/mergedListings.ts';
import { openEntriesOf, saveOpenEntries } from '../store/openEntries.ts';
import { moveHeadTo, putEntriesAgain, removeEntriesFrom, setForkedFrom } from '../store/restoredLog.ts';

/** What the table lacks of the published log, or has and the log has not. */
export type LogPlan = {
  /** How many entries the table's log has, and the published one. */
  size: number;
  published: number;
  /** How many of them are the same: from there on the published ones are written. */
  fitting: number;
  /** When the first and the last entry that is missing were recorded; null when none is. */
  from: string | null;
  to: string | null;
  /** Whether events may still be at the positions of others. */
  isForked: boolean;
};

/**
 * What there is to restore, or nothing when entries, head and files belong to one tree. Changes nothing.
 *
 * @throws Misfit when there is nothing to restore it from: no checkpoint, one that the witness has seen more of, another
 *   log's, or files that are missing or changed
 */
export async function planLog(): Promise<LogPlan> {
  const { size: head, forkedFrom } = await readHead();
  if (head === 0n && !(await readFile(checkpointPath))) return emptyPlan;
  const { size, root } = await publishedTree();
  if (await isWhole()) {
    return {
      size: Number(head),
      published: Number(size),
      fitting: Number(head),
      from: null,
      to: null,
      isForked: forkedFrom !== undefined,
    };
  }
  const fitting = await fittingSize({ size, root });
  await compareFiles(fitting, { size, root });
  const missing = fitting < size ? [fitting, Number(size) - 1] : [];
  const [from = null, to = null] = await Promise.all(
    missing.map(async (position) => {
      const entries = await readBundle(position, size);
      const entry = Buffer.from(entries[position % fullWidth] ?? '').toString();
      return String(JSON.parse(entry).recordedtime);
    }),
  );
  return { size: Number(head), published: Number(size), fitting, from, to, isForked: true };
}

/** Of a log in which nothing was ever published. */
const emptyPlan: LogPlan = { size: 0, published: 0, fitting: 0, from: null, to: null, isForked: false };

/**
 * Writes entries and the head again, from the published bundles, after these were compared with the checkpoint. Of each
 * entry it notes that it has no event yet: {@link fillIn} adds the event when it comes again. What the table had instead is
 * taken out: it was never published. It may end at any point and be repeated.
 *
 * @param isTimeUp is asked after each bundle
 * @returns how far the table's log is
 * @throws Misfit as {@link planLog} does
 */
export async function restoreLog(isTimeUp: () => boolean): Promise<{ size: number; published: number }> {
  const { size, root } = await publishedTree();
  if (await isWhole()) return { size: Number((await readHead()).size), published: Number(size) };
  const from = await fittingSize({ size, root });
  await compareFiles(from, { size, root });

  let edge = await edgeAt(from, size);
  await moveHeadTo(edge);
  await setForkedFrom(from);
  await mergeAgainFrom(from);
  await removeEntriesFrom(from);
  while (edge.size < size) {
    const start = Number(edge.size);
    const bundle = await readBundle(start, size);
    const entries = bundle.slice(start % fullWidth);
    // Before the entries: where these begin to fit again is where a repeated run goes on.
    await saveOpenEntries(openEntriesOf(entries, start));
    for (let i = 0; i < entries.length; i += maxAppended) {
      const together = entries.slice(i, i + maxAppended);
      const index = Number(edge.size);
      edge = extend(edge, together.map(leafHash));
      await putEntriesAgain(index, together, rootOf(edge));
    }
    if (isTimeUp()) break;
  }
  await moveHeadTo(edge);
  return { size: Number(edge.size), published: Number(size) };
}

type Tree = { size: bigint; root: Uint8Array };

/** @throws Misfit when it is not this log's, or the witness has cosigned another or a later one */
async function publishedTree(): Promise<Tree> {
  const file = await readFile(checkpointPath);
  if (!file) throw new Misfit('The bucket has no checkpoint, so there is nothing to restore the log from');
  const tree = await openOwnCheckpoint(Buffer.from(file.bytes).toString());
  await compareWithCosigned();
  return tree;
}

async function isWhole(): Promise<boolean> {
  try {
    await compareLog();
    return true;
  } catch (error) {
    if (isMisfit(error)) return false;
    throw error;
  }
}

/**
 * How many entries of the table are the beginning of the published log: from its end backwards, up to the first batch whose
 * tree is.
 *
 * @throws Misfit when the two have nothing in common
 */
async function fittingSize(published: Tree): Promise<number> {
  let isEmpty = true;
  for await (const appended of readEntriesBackwards()) {
    isEmpty = false;
    const end = appended.index + appended.entries.length;
    if (end <= published.size && (await isBeginning(appended, end, published))) return end;
  }
  if (isEmpty) return 0;
  throw new Misfit(
    'The table has no entry in common with the published log: the table or the bucket is of another stage',
  );
}

/** Older entries have no root beside them. Then they are compared themselves. */
async function isBeginning({ index, entries, root }: Appended, end: number, { size, root: whole }: Tree) {
  if (root) {
    const tiles = await readTiles(BigInt(end) < size ? tilesForConsistency(end, size) : []);
    const proof = BigInt(end) < size ? consistencyProof(end, size, tiles) : [];
    try {
      verifyConsistency(end, size, proof, root, whole);
      return true;
    } catch {
      return false;
    }
  }
  for (const [i, entry] of entries.entries()) {
    const bundle = await readBundle(index + i, size);
    if (!Buffer.from(entry).equals(bundle[(index + i) % fullWidth] ?? Buffer.of())) return false;
  }
  return true;
}

/** The right edge of the published tree when it had so many entries. */
async function edgeAt(position: number, size: bigint): Promise<Edge> {
  const start = position - (position % fullWidth);
  const builder = await builderAt(start, size);
  const entries = position > start ? await readBundle(start, size) : [];
  for (const entry of entries.slice(0, position - start)) builder.add(entry);
  return builder.edge();
}

/**
 * Compares the entries of the bundles behind a position with the hashes in the tiles, and all of it with the checkpoint.
 *
 * @throws Misfit that names the first bundle that is missing or was changed
 */
async function compareFiles(from: number, { size, root }: Tree): Promise<void> {
  const start = from - (from % fullWidth);
  const builder = await builderAt(start, size);
  for (let position = start; position < size; position += fullWidth) {
    const [entries, hashes] = await Promise.all([
      readBundle(position, size),
      readHashes(tileAt(0, BigInt(position / fullWidth), size)),
    ]);
    for (const [i, entry] of entries.entries()) {
      builder.add(entry);
      if (Buffer.from(leafHash(entry)).equals(hashes[i] ?? Buffer.of())) continue;
      throw new Misfit(
        `Entry ${position + i} of the bucket does not fit its hash: one of them was changed. See "A file was replaced"`,
      );
    }
  }
  if (Buffer.from(rootOf(builder.edge())).equals(root)) return;
  throw new Misfit(
    'The files of the bucket do not make the tree of the checkpoint: see "A file was replaced"',
  );
}
