import { checkpointIn, textOf } from './checkpoint.ts';
import { loadCosigned } from './store/cosigned.ts';
import { checkpointPath, readFile } from './store/files.ts';

/** The witness signs every minute. When it has not for longer, readers get what the log alone has signed. */
const witnessIntervalMs = 60_000;

/**
 * The checkpoint as readers get it: what the witness signed last, unless that is older than it should be, or covers less
 * than is asked for.
 *
 * @param index of an entry that it has to cover; then a cosigned one is preferred however old it is, because a newer one
 * that only the log has signed proves less
 * @returns undefined when there is none, or none yet that covers the entry
 */
export async function publishedCheckpoint(
  now: Date,
  index?: number,
): Promise<{ note: string; size: number } | undefined> {
  const [file, cosigned] = await Promise.all([readFile(checkpointPath), loadCosigned()]);
  if (!file) return undefined;
  const newest = Buffer.from(file.bytes).toString();
  if (cosigned) {
    const isNewest = textOf(cosigned.note) === textOf(newest);
    const isYoung = now.getTime() - Date.parse(cosigned.cosignedAt) < witnessIntervalMs;
    const isEnough = index === undefined ? isYoung : index < cosigned.size;
    if (isNewest || isEnough) return cosigned;
  }
  const size = Number(checkpointIn(newest).size);
  return index === undefined || index < size ? { note: newest, size } : undefined;
}
