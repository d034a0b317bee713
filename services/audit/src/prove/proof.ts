import { leafHash, verifyInclusion } from '@fanfold/tlog/merkle';
import { formatProof } from '@fanfold/tlog/proof';
import { inclusionProof, tilesForInclusion } from '@fanfold/tlog/prove';
import { fullWidth } from '@fanfold/tlog/tile';
import { checkpointIn } from '../publish/checkpoint.ts';
import { Misfit } from '../publish/misfit.ts';
import { publishedCheckpoint } from '../publish/publishedCheckpoint.ts';
import { readBundle, readTiles } from '../publish/tiles.ts';
import { isCommittedBy, openingOf } from '../record/entry.ts';
import type { Openable } from '../store/eventItems.ts';

/**
 * A file that proves that an event is in the log, and that anybody can verify: https://c2sp.org/tlog-proof. An event
 * that was changed in the table is a misfit: only somebody who has the keys can have changed it.
 *
 * @returns undefined when no checkpoint covers the event yet
 * @throws Misfit, ProofError or TileError when the files of the log do not prove it, or the stored event was changed
 */
export async function proofOf({ position, opened }: Openable, now: Date): Promise<string | undefined> {
  const published = await publishedCheckpoint(now, position);
  if (!published) return undefined;
  const { size, root } = checkpointIn(published.note);
  const index = BigInt(position);
  const entries = await readBundle(position, size);
  const tiles = await readTiles(tilesForInclusion(index, size));
  const entry = entries[position % fullWidth] ?? new Uint8Array();
  const proof = inclusionProof(index, size, tiles);
  verifyInclusion(index, size, leafHash(entry), proof, root);
  const text = Buffer.from(entry).toString();
  if (opened === 'broken' || (opened && !isCommittedBy(text, opened))) {
    throw new Misfit(`The event at ${position} is not the one that the log has`);
  }
  const extra = Buffer.from(openingOf(text, opened));
  return formatProof({ extra, index, proof, checkpoint: published.note });
}
