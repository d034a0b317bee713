import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { HttpRequest } from '@smithy/core/protocols';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { readObject, writeObject } from './objects.ts';
import { standInForS3 } from './objectsFixtures.ts';

// Whatever other files have made of it.
mockClient(S3Client).restore();
const s3 = standInForS3();

const refusal = (status: number, code: string) => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>because</Message></Error>`,
});
const object = { bytes: Buffer.from('text'), contentType: 'text/plain' };

describe('A read', () => {
  test('gives the bytes, their tag, and when they were written', async () => {
    s3.answerWith(() => ({
      status: 200,
      headers: { etag: '"1"', 'last-modified': 'Mon, 30 Nov 2026 12:00:00 GMT' },
      body: 'text',
    }));
    expect(await readObject('bucket', 'key')).toEqual({
      bytes: Buffer.from('text'),
      etag: '"1"',
      writtenAt: '2026-11-30T12:00:00.000Z',
    });
  });

  test('gives nothing where no object is, and fails where no bucket is', async () => {
    s3.answerWith(() => refusal(404, 'NoSuchKey'));
    expect(await readObject('bucket', 'key')).toBeUndefined();
    s3.answerWith(() => refusal(404, 'NoSuchBucket'));
    await expect(readObject('bucket', 'key')).rejects.toMatchObject({
      name: 'NoSuchBucket',
      message: 'because',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test("asks the host and path that the SDK's client for S3 asks, in any region, for any key", async () => {
    const asked: HttpRequest[] = [];
    const requestHandler = {
      handle: async (request: HttpRequest) => {
        asked.push(request);
        throw new Error('seen');
      },
    };
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    const keys = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter((key) => !/^\/|\/$|\/\/|^\.|\/\./.test(key));
    const regions = fc.constantFrom('eu-west-1', 'us-east-1', 'us-gov-west-1', 'cn-north-1');
    await fc.assert(
      fc.asyncProperty(keys, regions, async (key, region) => {
        vi.stubEnv('AWS_REGION', region);
        const client = new S3Client({ region, requestHandler, credentials, maxAttempts: 1 });
        await client.send(new GetObjectCommand({ Bucket: 'bucket', Key: key })).catch(() => {});
        await readObject('bucket', key);
        const [theirs, ours] = [asked.at(-1), s3.requests().at(-1)];
        expect(ours).toMatchObject({
          protocol: theirs?.protocol,
          hostname: theirs?.hostname,
          path: theirs?.path,
          method: theirs?.method,
          query: theirs?.query,
        });
        // Signed again by that client's signer, it is signed as it was.
        const { authorization, 'x-amz-date': date = '', ...headers } = ours?.headers ?? {};
        const signingDate = new Date(date.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:'));
        const signer = await client.config.signer();
        const signed = await signer.sign({ ...ours, headers } as HttpRequest, { signingDate });
        expect(signed.headers.authorization).toBe(authorization);
      }),
      { numRuns: 50 },
    );
  });

  test('at another endpoint has the bucket in its path', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:4000');
    await readObject('bucket', 'a folder/key');
    expect(s3.requests()[0]).toMatchObject({
      protocol: 'http:',
      hostname: '127.0.0.1',
      port: 4000,
      path: '/bucket/a%20folder/key',
      headers: { host: '127.0.0.1:4000' },
    });
  });

  test('is repeated when it did not arrive or S3 is busy, signed anew, and not when it is refused', async () => {
    const answers = [refusal(503, 'SlowDown'), refusal(500, 'InternalError'), { status: 200, body: 'text' }];
    vi.spyOn(Math, 'random').mockReturnValue(0);
    s3.answerWith(() => answers.shift() ?? { status: 200 });
    expect((await readObject('bucket', 'key'))?.bytes).toEqual(Buffer.from('text'));
    const sent = s3.requests().map(({ headers }) => headers);
    expect(sent.map((headers) => headers['amz-sdk-request'])).toEqual([
      'attempt=1; max=3',
      'attempt=2; max=3',
      'attempt=3; max=3',
    ]);
    expect(new Set(sent.map(({ authorization }) => authorization)).size).toBe(3);
    s3.answerWith(() => refusal(403, 'AccessDenied'));
    await expect(readObject('bucket', 'key')).rejects.toMatchObject({
      name: 'AccessDenied',
      $fault: 'client',
    });
    expect(s3.requests()).toHaveLength(4);
  });
});

describe('A write', () => {
  test('says what it writes, of what type, under which condition, and signs the hash of its body', async () => {
    s3.answerWith(() => ({ status: 200, headers: { etag: '"2"' } }));
    expect(
      await writeObject('bucket', 'key', { ...object, cacheControl: 'no-store' }, { ifMissing: true }),
    ).toBe('"2"');
    expect(await writeObject('bucket', 'key', object, { ifMatch: '"1"' })).toBe('"2"');
    const [first, second] = s3.requests();
    expect(first).toMatchObject({ method: 'PUT', body: object.bytes });
    expect(first?.headers).toMatchObject({
      'content-type': 'text/plain',
      'content-length': '4',
      'cache-control': 'no-store',
      'if-none-match': '*',
      // printf text | sha256sum
      'x-amz-content-sha256': '982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1',
    });
    expect(second?.headers).toMatchObject({ 'if-match': '"1"' });
    expect(second?.headers).not.toHaveProperty('cache-control');
    expect(second?.headers).not.toHaveProperty('if-none-match');
  });

  test.each([
    ['an object is there', { ifMissing: true } as const, refusal(412, 'PreconditionFailed')],
    ['another object is there', { ifMatch: '"1"' }, refusal(412, 'PreconditionFailed')],
    ['the object is gone', { ifMatch: '"1"' }, refusal(404, 'NoSuchKey')],
  ])('has no tag when %s', async (_what, condition, answer) => {
    s3.answerWith(() => answer);
    expect(await writeObject('bucket', 'key', object, condition)).toBeUndefined();
  });

  test('fails while another write is in progress, whose outcome nobody knows', async () => {
    s3.answerWith(() => refusal(409, 'ConditionalRequestConflict'));
    await expect(writeObject('bucket', 'key', object, { ifMissing: true })).rejects.toMatchObject({
      name: 'ConditionalRequestConflict',
      $metadata: { httpStatusCode: 409 },
    });
  });
});
