import { checkpointIn, textOf } from './checkpoint.ts';
import { loadCosigned } from './store/cosigned.ts';
import { checkpointPath, readFile } from './store/files.ts';

/**
 * The checkpoint as readers get it: with the witness's signature when the witness has seen this one.
 *
 * @param index of an entry that it has to cover. Then the one that the witness signed is preferred, if it does: a newer
 * one that only the log has signed proves less.
 * @returns undefined when there is none, or none yet that covers the entry
 */
export async function publishedCheckpoint(
  index?: number,
): Promise<{ note: string; size: number } | undefined> {
  const [file, cosigned] = await Promise.all([readFile(checkpointPath), loadCosigned()]);
  if (!file) return undefined;
  const newest = Buffer.from(file.bytes).toString();
  const isSeen = cosigned && textOf(cosigned.note) === textOf(newest);
  const isEnough = cosigned && index !== undefined && index < cosigned.size;
  if (isSeen || isEnough) return cosigned;
  const size = Number(checkpointIn(newest).size);
  return index === undefined || index < size ? { note: newest, size } : undefined;
}
