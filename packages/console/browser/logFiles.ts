import { bytesOf, textOf } from '@fanfold/verify/bytes';
import { parseEntry } from '@fanfold/verify/entry';
import { parseKey } from '@fanfold/verify/key';
import type { LogReader } from '@fanfold/verify/logReader';
import { type Checkpoint, maxCheckpointBytes, openCheckpoint, type TrustedKeys } from '@fanfold/verify/note';
import { noQuorum } from '@fanfold/verify/quorum';
import { entriesIn, pathOf, tileWidth, widthOf } from '@fanfold/verify/tile';
import { call } from './calls.ts';
import type { Grown } from './parts/growth.ts';

/** The files of the stage's log, which the page verifies by itself: the console hands them on as they are. */
export const log: LogReader = {
  name: 'the log',
  async read(path) {
    const { base64 } = await call('logFile', { path });
    return base64 === null ? undefined : bytesOf(base64, path);
  },
};

/** Who may have signed, as KMS has their keys. What the witness has not signed yet is shown as well. */
export async function trustedKeys(): Promise<TrustedKeys> {
  const { log: key, witness } = await call('logKeys', {});
  return { keys: [await parseKey(key)], witnessKeys: [await parseKey(witness)], quorum: noQuorum };
}

/** @returns the checkpoint that the log shows now, verified; undefined when it has none yet */
export async function newestCheckpoint(keys: TrustedKeys): Promise<Checkpoint | undefined> {
  const bytes = await log.read('checkpoint', maxCheckpointBytes);
  return bytes && openCheckpoint(textOf(bytes, 'checkpoint'), keys);
}

/** Of so many bundles, each of 256 entries, the last entry of each is looked at. */
const maxBundles = 12;
const maxPoints = 64;

/** How a log of this size has grown: its entries say when each was recorded. */
export async function grownTo(size: number): Promise<Grown[]> {
  const bundles = Math.ceil(size / tileWidth);
  const few = Math.min(bundles, maxBundles);
  const chosen = Array.from({ length: few }, (_, i) => Math.floor(((i + 1) * bundles) / few) - 1);
  const points: Grown[] = [];
  for (const bundle of chosen) {
    const width = widthOf('entries', bundle, size);
    const bytes = await log.read(pathOf('entries', bundle, size), Number.POSITIVE_INFINITY);
    const { entries } = entriesIn(bytes ?? new Uint8Array(), width);
    // The first bundle begins the line, and a small log is all in a few of them.
    const every = few === bundles ? Math.max(1, Math.floor((few * width) / maxPoints)) : width;
    entries.forEach((entry, i) => {
      if (i !== entries.length - 1 && (i % every !== 0 || (i === 0 && bundle > 0))) return;
      points.push({ at: parseEntry(entry).recordedtime, size: bundle * tileWidth + i + 1 });
    });
  }
  return points;
}
