import { environmentVariable } from '@fanfold/runtime/env';
import { readObject, writeObject } from '@fanfold/runtime/objects';
import type { StoredFile } from '../files/written.ts';

/** The files of documents. An object is written once and then stays: what is issued refers to its key. */
const bucketName = () => environmentVariable('DOCUMENTS_BUCKET_NAME');

/**
 * Stores a file, unless it is stored already: its key says what it has.
 *
 * @throws when it is not known to be stored
 */
export async function storeFile({ key, ...object }: StoredFile): Promise<void> {
  await writeObject(bucketName(), key, object, { ifMissing: true });
}

/** @throws when it is not there: what refers to it is written after it */
export async function readFile(key: string): Promise<Uint8Array> {
  const object = await readObject(bucketName(), key);
  if (!object) throw new Error(`The bucket ${bucketName()} has no ${key}`);
  return object.bytes;
}
