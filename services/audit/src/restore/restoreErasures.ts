import { readErasedKeys } from '../store/erasedKeys.ts';
import { eraseAgain, wasForgotten } from '../store/erasures.ts';

/**
 * Destroys keys again that a table of keys has which was put back, and writes erasures again that the log's table has
 * forgotten. The log's bucket has them all. A key that was made after the erasure stays.
 *
 * @param isDryRun only counts
 * @returns how many erasures had to be made again
 */
export async function restoreErasures(isDryRun: boolean): Promise<{ erasures: number }> {
  let erasures = 0;
  for await (const { keyId, erasure } of readErasedKeys()) {
    if (isDryRun ? await wasForgotten(erasure, keyId) : await eraseAgain(erasure, keyId)) erasures += 1;
  }
  return { erasures };
}
