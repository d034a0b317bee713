import { verifyConsistency } from '@fanfold/tlog/merkle';
import { consistencyProof, tilesForConsistency } from '@fanfold/tlog/prove';
import { loadCosigned, replaceCosigned } from '../store/cosigned.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { cosign, openOwnCheckpoint } from './checkpoint.ts';
import { Misfit } from './misfit.ts';
import { readTiles } from './tiles.ts';

/**
 * Cosigns the log's checkpoint if the log has only grown since the last one that it cosigned, and stores it. It
 * follows https://c2sp.org/tlog-witness, except that it reads the log by itself.
 *
 * @returns the size that is cosigned
 * @throws Misfit or ProofError when the log is not a continuation: then it signs nothing more until somebody has looked
 */
export async function witness(now: Date): Promise<{ size: number }> {
  const [file, last] = await Promise.all([readFile(checkpointPath), loadCosigned()]);
  if (!file) {
    if (last) throw new Misfit(`The log has no checkpoint, and one of size ${last.size} was cosigned`);
    return { size: 0 };
  }
  const note = Buffer.from(file.bytes).toString();
  const { size, root } = await openOwnCheckpoint(note);
  if (last) {
    const tiles = await readTiles(Number(size) > last.size ? tilesForConsistency(last.size, size) : []);
    const proof = Number(size) > last.size ? consistencyProof(last.size, size, tiles) : [];
    verifyConsistency(last.size, size, proof, last.root, root);
    if (Number(size) === last.size) return { size: last.size };
  }
  const cosigned = {
    size: Number(size),
    root,
    note: await cosign(note, now),
    cosignedAt: now.toISOString(),
  };
  await replaceCosigned(cosigned, last);
  return { size: cosigned.size };
}
