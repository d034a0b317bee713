import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { clientSettings } from '@fanfold/runtime/aws';
import { environmentVariable } from '@fanfold/runtime/env';
import { readObject, type StoredObject, type WriteCondition, writeObject } from '@fanfold/runtime/objects';
import { Misfit } from '../publish/misfit.ts';

/**
 * The files of the log, in the layout of https://c2sp.org/tlog-tiles@v0.1.0: tiles and bundles, which are written once, and
 * the checkpoint, which is replaced. Each object has the headers that the API serves it with, so that the bucket
 * could serve it as well.
 */
const bucketName = () => environmentVariable('AUDIT_LOG_BUCKET_NAME');

export const checkpointPath = 'checkpoint';

export const checkpointHeaders = {
  contentType: 'text/plain; charset=utf-8',
  // Short: a new checkpoint is published about every minute, and a reader may be waiting for it.
  cacheControl: 'public, max-age=5',
};

export const tileHeaders = {
  contentType: 'application/octet-stream',
  cacheControl: 'public, max-age=31536000, immutable',
};

export type StoredFile = StoredObject;

/** A file by its path; undefined when it does not exist. */
export const readFile = (path: string): Promise<StoredFile | undefined> => readObject(bucketName(), path);

/**
 * Writes a tile or bundle, unless it exists: an earlier run that did not finish has written the same.
 *
 * @throws Misfit when it exists with other content, which must never happen
 */
export async function writeOnce(path: string, bytes: Uint8Array): Promise<void> {
  const written = await write(path, bytes, tileHeaders, { ifMissing: true });
  if (written !== undefined) return;
  const there = await readFile(path);
  if (!there || !Buffer.from(bytes).equals(there.bytes)) {
    throw new Misfit(`${path} is written already, with other content: compare it with the log's table`);
  }
}

/** Files that are not the log's, and served to nobody. */
const privateHeaders = { contentType: 'application/json', cacheControl: 'no-store' };

/** Writes a file that is not the log's, unless it exists. */
export async function writeIfMissing(path: string, bytes: Uint8Array): Promise<void> {
  await write(path, bytes, privateHeaders, { ifMissing: true });
}

/**
 * Replaces a file that is not the log's.
 *
 * @param etag of the one that is replaced; undefined when there is none
 * @returns that of the new one; undefined when another one is there, or none
 */
export const replaceFile = (
  path: string,
  bytes: Uint8Array,
  etag: string | undefined,
): Promise<string | undefined> =>
  write(path, bytes, privateHeaders, etag === undefined ? { ifMissing: true } : { ifMatch: etag });

/** Only to list files: all else is done without this client, which is a sixth of a bundle. */
const s3 = /* @__PURE__ */ new S3Client(clientSettings);

/** The paths of the files in a folder. */
export async function* listFiles(folder: string): AsyncGenerator<string> {
  for (let after: string | undefined; ; ) {
    const { paths, isLast } = await filesAfter(folder, after);
    yield* paths;
    if (isLast) return;
    after = paths.at(-1);
  }
}

/** The paths of files in a folder, a thousand at most, in their order behind one. */
export async function filesAfter(
  folder: string,
  after: string | undefined,
): Promise<{ paths: string[]; isLast: boolean }> {
  const { Contents = [], IsTruncated = false } = await s3.send(
    new ListObjectsV2Command({
      Bucket: bucketName(),
      Prefix: folder,
      ...(after !== undefined && { StartAfter: after }),
    }),
  );
  return { paths: Contents.map(({ Key = '' }) => Key), isLast: !IsTruncated };
}

/**
 * Replaces the checkpoint that was read.
 *
 * @param replaced undefined when there was none
 * @returns whether it did; otherwise another run was faster
 */
export async function replaceCheckpoint(note: string, replaced: StoredFile | undefined): Promise<boolean> {
  const written = await write(
    checkpointPath,
    Buffer.from(note),
    checkpointHeaders,
    replaced ? { ifMatch: replaced.etag } : { ifMissing: true },
  );
  return written !== undefined;
}

/** @returns the ETag, if the condition held */
const write = (
  path: string,
  bytes: Uint8Array,
  headers: typeof tileHeaders,
  condition: WriteCondition,
): Promise<string | undefined> => writeObject(bucketName(), path, { bytes, ...headers }, condition);
