import { loadCosigned } from '../store/cosigned.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { checkpointIn, textOf } from './checkpoint.ts';

/** The witness signs every minute. When it is late, readers get the checkpoint that only the log has signed. */
const witnessIntervalMs = 60_000;

/**
 * The checkpoint for readers: the last one that the witness signed, unless that is too old.
 *
 * @param index of an entry that the checkpoint has to cover. Then a cosigned one is preferred, however old: a newer
 *   one that only the log has signed proves less
 * @returns undefined when there is none, or none that covers the entry yet
 */
export async function publishedCheckpoint(
  now: Date,
  index?: number,
): Promise<{ note: string; size: number } | undefined> {
  const [file, cosigned] = await Promise.all([readFile(checkpointPath), loadCosigned()]);
  if (!file) return undefined;
  const note = Buffer.from(file.bytes).toString();
  const newest = { note, size: Number(checkpointIn(note).size) };
  const covers = ({ size }: { size: number }) => index === undefined || index < size;
  if (cosigned && covers(cosigned)) {
    const isNewest = textOf(cosigned.note) === textOf(note);
    const isYoung = now.getTime() - Date.parse(cosigned.cosignedAt) < witnessIntervalMs;
    if (isNewest || isYoung || index !== undefined) return cosigned;
  }
  return covers(newest) ? newest : undefined;
}
