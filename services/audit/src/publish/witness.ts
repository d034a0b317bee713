import { metrics } from '@fanfold/runtime/metrics';
import { verifyConsistency } from '@fanfold/tlog/merkle';
import { consistencyProof, tilesForConsistency } from '@fanfold/tlog/prove';
import { type Cosigned, loadCosigned, replaceCosigned } from '../store/cosigned.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { checkpointIn, cosign, openOwnCheckpoint } from './checkpoint.ts';
import { Misfit } from './misfit.ts';
import { readTiles } from './tiles.ts';

/**
 * Cosigns the log's checkpoint if the log has only grown since the last one that it cosigned, and stores it. It
 * follows https://c2sp.org/tlog-witness@v1.0.0, except that it reads the log by itself.
 *
 * It cosigns the same checkpoint again when the log has published it again, which the log does every minute as long as
 * entries, head and checkpoint fit. So the time of the signature tells readers since when the log may be hiding something.
 *
 * @returns the size that is cosigned
 * @throws Misfit or ProofError when the log is not a continuation: then it signs nothing more until somebody has looked
 */
export async function witness(now: Date): Promise<{ size: number }> {
  const [file, last] = await Promise.all([readFile(checkpointPath), loadCosigned()]);
  if (!file) {
    requireNothingCosigned(last);
    measureAge(0);
    return { size: 0 };
  }
  const note = Buffer.from(file.bytes).toString();
  const { size, root } = await openOwnCheckpoint(note);
  if (last) {
    await requireContinuation(last, { size, root });
    measureAge(now.getTime() - Date.parse(last.cosignedAt));
    if (Number(size) === last.size && file.writtenAt === last.writtenAt) return { size: last.size };
  }
  const cosigned = {
    size: Number(size),
    root,
    note: await cosign(note, now),
    cosignedAt: now.toISOString(),
    writtenAt: file.writtenAt,
  };
  await replaceCosigned(cosigned, last);
  return { size: cosigned.size };
}

/** How long ago the witness had signed last. A run that cannot vouch for the log measures nothing. */
const measureAge = (ageMs: number) => metrics.addMetric('OwnWitnessAge', 'Milliseconds', ageMs);

/**
 * Compares what the witness compares, except for signatures, and signs nothing.
 *
 * @throws Misfit or ProofError when the log is not a continuation of what the witness cosigned
 */
export async function compareWithCosigned(): Promise<void> {
  const [file, last] = await Promise.all([readFile(checkpointPath), loadCosigned()]);
  if (!file) requireNothingCosigned(last);
  else if (last) await requireContinuation(last, checkpointIn(Buffer.from(file.bytes).toString()));
}

function requireNothingCosigned(last: Cosigned | undefined): void {
  if (last) throw new Misfit(`The log has no checkpoint, and one of size ${last.size} was cosigned`);
}

async function requireContinuation(last: Cosigned, { size, root }: Tree): Promise<void> {
  const tiles = await readTiles(Number(size) > last.size ? tilesForConsistency(last.size, size) : []);
  const proof = Number(size) > last.size ? consistencyProof(last.size, size, tiles) : [];
  verifyConsistency(last.size, size, proof, last.root, root);
}

type Tree = { size: bigint; root: Uint8Array };
