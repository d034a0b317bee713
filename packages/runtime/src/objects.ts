import { fromEnv } from '@aws-sdk/credential-provider-env';
import { ServiceException } from '@smithy/core/client';
import { HttpRequest, type HttpResponse } from '@smithy/core/protocols';
import { retryMiddleware, StandardRetryStrategy } from '@smithy/core/retry';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { SignatureV4 } from '@smithy/signature-v4';
import { clientSettings } from './aws.ts';

/**
 * Objects in S3, read and written as a whole. The SDK's client for S3 is 84 KB of each bundle, a sixth, of which these two
 * operations need little. The requests are made here, and the parts of the SDK that are there for DynamoDB sign them, send
 * them and repeat them, with the same time-outs. A request's signature covers the SHA-256 of its body, which S3 checks.
 */
export type StoredObject = {
  bytes: Uint8Array;
  etag: string;
  /** When it was written, by S3's clock: RFC 3339, UTC. */
  writtenAt: string;
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export type WriteCondition = { ifMatch: string } | { ifMissing: true };

/** @returns undefined when there is no such object: S3 tells it only to those who may list the bucket */
export async function readObject(bucketName: string, key: string): Promise<StoredObject | undefined> {
  try {
    const { headers, bytes } = await send('GetObject', bucketName, key, {});
    const { etag = '', 'last-modified': lastModified } = headers;
    const writtenAt = lastModified === undefined ? '' : new Date(lastModified).toISOString();
    return { bytes, etag, writtenAt };
  } catch (error) {
    if (isRefusedWith(error, 'NoSuchKey')) return undefined;
    throw error;
  }
}

/**
 * Writes an object if a condition holds.
 *
 * @returns its ETag; undefined when the condition does not hold
 * @throws ServiceException with status 409 when another write is in progress: the outcome of that is not known
 */
export async function writeObject(
  bucketName: string,
  key: string,
  {
    bytes,
    contentType,
    cacheControl,
  }: { bytes: Uint8Array; contentType: string; cacheControl?: string | undefined },
  condition: WriteCondition,
): Promise<string | undefined> {
  try {
    const { headers } = await send('PutObject', bucketName, key, {
      headers: {
        'content-type': contentType,
        ...(cacheControl !== undefined && { 'cache-control': cacheControl }),
        ...('ifMissing' in condition && { 'if-none-match': '*' }),
        ...('ifMatch' in condition && { 'if-match': condition.ifMatch }),
      },
      body: bytes,
    });
    return headers.etag ?? '';
  } catch (error) {
    const isGone = 'ifMatch' in condition && isRefusedWith(error, 'NoSuchKey');
    if (isGone || (error instanceof ServiceException && error.$metadata.httpStatusCode === 412))
      return undefined;
    throw error;
  }
}

export const isRefusedWith = (error: unknown, code: string): error is ServiceException =>
  error instanceof ServiceException && error.name === code;

type Sent = { headers: Record<string, string>; bytes: Uint8Array };

async function send(
  operation: 'GetObject' | 'PutObject',
  bucketName: string,
  key: string,
  { headers = {}, body = null }: { headers?: Record<string, string>; body?: Uint8Array | null },
): Promise<Sent> {
  const address = addressOf(bucketName, key);
  const request = new HttpRequest({
    ...address,
    method: operation === 'GetObject' ? 'GET' : 'PUT',
    query: { 'x-id': operation }, // names the operation in S3's access logs
    headers: {
      ...headers,
      host: address.port === undefined ? address.hostname : `${address.hostname}:${address.port}`,
      ...(body && { 'content-length': String(body.byteLength) }),
    },
    body,
  });
  const { output } = await retried({ input: {}, request });
  return output;
}

/**
 * Where an object is: in AWS its bucket has a host of its own; at another endpoint the path begins with the bucket.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
function addressOf(
  bucketName: string,
  key: string,
): { protocol: string; hostname: string; port?: number; path: string } {
  const keyPath = key.split('/').map(encodePart).join('/');
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL = '' } = process.env;
  const endpoint = AWS_ENDPOINT_URL_S3 || AWS_ENDPOINT_URL;
  if (endpoint) {
    const { protocol, hostname, port } = new URL(endpoint);
    const path = `/${bucketName}/${keyPath}`;
    return { protocol, hostname, path, ...(port !== '' && { port: Number(port) }) };
  }
  const region = regionOfFunction();
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { protocol: 'https:', hostname: `${bucketName}.s3.${region}.${domain}`, path: `/${keyPath}` };
}

/** Lambda sets it, and so does a laptop. */
const regionOfFunction = () => process.env.AWS_REGION ?? '';

/** As signatures have it: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const encodePart = (part: string): string =>
  encodeURIComponent(part).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const http = /* @__PURE__ */ new NodeHttpHandler(clientSettings.requestHandler);

const signer = /* @__PURE__ */ new SignatureV4({
  service: 's3',
  region: async () => regionOfFunction(),
  credentials: /* @__PURE__ */ fromEnv(),
  sha256: clientSettings.sha256,
  uriEscapePath: false,
});

const retryStrategy = /* @__PURE__ */ new StandardRetryStrategy(clientSettings.maxAttempts);

const retried = /* @__PURE__ */ retryMiddleware({
  maxAttempts: async () => clientSettings.maxAttempts,
  retryStrategy: async () => retryStrategy,
} as never)(attempt as never, {} as never) as unknown as (input: {
  input: object;
  request: HttpRequest;
}) => Promise<{ output: Sent }>;

async function attempt({ request }: { request: HttpRequest }) {
  const signed = await signer.sign(request);
  const { response } = await http.handle(signed as HttpRequest);
  const bytes = await bytesOf(response);
  const { statusCode, headers } = response;
  if (statusCode >= 300) throw refusalOf(statusCode, headers, bytes);
  return { response, output: { $metadata: {}, headers, bytes } };
}

async function bytesOf({ body }: HttpResponse): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
function refusalOf(
  httpStatusCode: number,
  headers: Record<string, string>,
  bytes: Uint8Array,
): ServiceException {
  const xml = Buffer.from(bytes).toString();
  const text = (element: string) => new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  const name = text('Code') ?? `Status${httpStatusCode}`;
  return new ServiceException({
    name,
    message: text('Message') ?? name,
    $fault: httpStatusCode < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode, requestId: headers['x-amz-request-id'] ?? '' },
  });
}
