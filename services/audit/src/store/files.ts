import {
  GetObjectCommand,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { clientSettings } from '@fanfold/runtime/aws';
import { environmentVariable } from '@fanfold/runtime/env';

/**
 * The log's files, as https://c2sp.org/tlog-tiles lays them out: tiles and bundles, which are written once, and the
 * checkpoint, which moves on. Each has the headers with which it may be served, from here as from the API.
 */
const s3 = /* @__PURE__ */ new S3Client(clientSettings);

const bucketName = () => environmentVariable('AUDIT_LOG_BUCKET_NAME');

/** The path of the checkpoint. */
export const checkpointPath = 'checkpoint';

export const checkpointHeaders = {
  contentType: 'text/plain; charset=utf-8',
  // A reader who asks again at once learns nothing new, and one who waits for an entry need not wait longer.
  cacheControl: 'public, max-age=5',
};

export const tileHeaders = {
  contentType: 'application/octet-stream',
  cacheControl: 'public, max-age=31536000, immutable',
};

export type StoredFile = { bytes: Uint8Array; etag: string };

/** A file by its path; undefined when there is none. */
export async function readFile(path: string): Promise<StoredFile | undefined> {
  try {
    const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket: bucketName(), Key: path }));
    return { bytes: (await Body?.transformToByteArray()) ?? new Uint8Array(), etag: ETag ?? '' };
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

/**
 * Writes a tile or bundle, unless it is there already: whoever did not finish before wrote the same.
 *
 * @throws when there is something else, which must never be
 */
export async function writeOnce(path: string, bytes: Uint8Array): Promise<void> {
  const written = await write(path, bytes, tileHeaders, { IfNoneMatch: '*' });
  if (written) return;
  const there = await readFile(path);
  if (!there || !Buffer.from(bytes).equals(there.bytes)) {
    throw new Error(`${path} is written already, with other content: compare it with the log's table`);
  }
}

/**
 * Puts a checkpoint in the place of the one that was read.
 *
 * @param replaced undefined when there was none
 * @returns whether it did; otherwise another one came first
 */
export const replaceCheckpoint = (note: string, replaced: StoredFile | undefined): Promise<boolean> =>
  write(
    checkpointPath,
    Buffer.from(note),
    checkpointHeaders,
    replaced ? { IfMatch: replaced.etag } : { IfNoneMatch: '*' },
  );

/** @returns whether the condition held: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
async function write(
  path: string,
  bytes: Uint8Array,
  { contentType, cacheControl }: typeof tileHeaders,
  condition: { IfMatch: string } | { IfNoneMatch: '*' },
): Promise<boolean> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucketName(),
        Key: path,
        Body: bytes,
        ContentType: contentType,
        CacheControl: cacheControl,
        ...condition,
      }),
    );
    return true;
  } catch (error) {
    // 409, when another one is just being written, tells nothing of what will be there: the next run sees.
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412) return false;
    throw error;
  }
}
