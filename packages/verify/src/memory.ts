import { randomUUID } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { textOf } from './bytes.ts';
import { type Checkpoint, maxCheckpointBytes, openCheckpoint, type TrustedKeys } from './note.ts';
import { folderReader } from './reader.ts';

// The checkpoints that were verified, each in a file, so that a log must continue them the next time.

/** Relative to the working folder, which is that of the repository for `fanfold`. */
export const rememberedFolder = join('.fanfold', 'verified');

/** A file has something else than a checkpoint that one of the keys has signed. */
export class NotRemembered extends Error {}

/**
 * The newest checkpoint of a log that is in a folder, which has a file for each key of the log: during a rotation it has
 * two.
 *
 * @throws NotRemembered when a file is not what {@link rememberIn} wrote
 */
export async function rememberedOf(
  { keys }: TrustedKeys,
  origin: string,
  folder: string,
): Promise<Checkpoint | undefined> {
  const own = keys.filter(({ name }) => name === origin);
  const known = await Promise.all(own.map(({ id }) => rememberedAs(join(folder, id), { keys })));
  return known.reduce(
    (newest, each) => (each && each.size >= (newest?.size ?? 0) ? each : newest),
    undefined,
  );
}

/** @throws NotRemembered when the file is not what {@link rememberAs} wrote */
export async function rememberedAs(file: string, { keys }: TrustedKeys): Promise<Checkpoint | undefined> {
  const bytes = await folderReader(dirname(file)).read(basename(file), maxCheckpointBytes);
  if (!bytes) return undefined;
  try {
    return await openCheckpoint(textOf(bytes, 'checkpoint'), { keys });
  } catch (error) {
    throw new NotRemembered(
      `What ${file} remembers is no checkpoint of this key (${(error as Error).message}).`,
    );
  }
}

export async function rememberIn(
  folder: string,
  checkpoint: Checkpoint,
  trusted: TrustedKeys,
): Promise<void> {
  for (const { id } of checkpoint.signedBy) await rememberAs(join(folder, id), checkpoint, trusted);
}

/** Unless another run has stored a later one meanwhile. */
export async function rememberAs(file: string, checkpoint: Checkpoint, trusted: TrustedKeys): Promise<void> {
  const now = await rememberedAs(file, trusted);
  if (now && now.size > checkpoint.size) return;
  await replaceFile(file, checkpoint.text);
}

/** Writes a file completely or not at all. */
export async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, text, { flush: true });
  await rename(temporary, file);
}
