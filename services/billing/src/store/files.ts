import { GetObjectCommand, PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { clientSettings } from '@fanfold/runtime/aws';
import { environmentVariable } from '@fanfold/runtime/env';
import type { StoredFile } from '../files/written.ts';

/** The files of documents. An object is written once and then stays: what is issued refers to its key. */
const s3 = /* @__PURE__ */ new S3Client(clientSettings);

const bucketName = () => environmentVariable('DOCUMENTS_BUCKET_NAME');

/**
 * Stores a file, unless it is stored already: its key says what it has.
 *
 * @throws when it is not known to be stored
 */
export async function storeFile({ key, bytes, contentType }: StoredFile): Promise<void> {
  try {
    await s3.send(
      new PutObjectCommand({
        Bucket: bucketName(),
        Key: key,
        Body: bytes,
        ContentType: contentType,
        IfNoneMatch: '*',
      }),
    );
  } catch (error) {
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412) return;
    throw error;
  }
}

/** @throws when it is not there: what refers to it is written after it */
export async function readFile(key: string): Promise<Uint8Array> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucketName(), Key: key }));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
}
