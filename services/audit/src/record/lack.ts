import { guardBy } from '@fanfold/runtime/behind';
import { checkpointIn } from '../publish/checkpoint.ts';
import { lackOfEntries } from '../publish/misfit.ts';
import { checkpointPath, readFile } from '../store/files.ts';
import { readHead } from '../store/log.ts';

/**
 * What audit's table lacks of what is published, as a sentence. The table was put back to an earlier time then, and its
 * next entries would get positions that the published log has given to others.
 *
 * The checkpoint is read first, because the head may grow between the two reads. Without the bucket, which nobody can empty,
 * there is nothing to compare with: what is recorded can be published into another one.
 */
export async function lackOfLog(): Promise<string | undefined> {
  const checkpoint = await readFile(checkpointPath).catch((error: Error) => {
    if (error.name === 'NoSuchBucket') return undefined;
    throw error;
  });
  if (!checkpoint) return undefined;
  const published = Number(checkpointIn(Buffer.from(checkpoint.bytes).toString()).size);
  return lackOfEntries(Number((await readHead()).size), published);
}

/** Asked before anything is recorded or erased. */
export const logGuard = /* @__PURE__ */ guardBy('audit', lackOfLog);
