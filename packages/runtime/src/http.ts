import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Trace } from '@fanfold/contracts/event';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import * as z from 'zod';
import type { Guard } from './behind.ts';
import { environmentVariable } from './env.ts';
import { Behind } from './failure.ts';
import { fieldErrors, parseFields } from './fieldErrors.ts';
import { type Caller, verifyAccessToken } from './http/accessToken.ts';
import { methodsOf } from './http/routes.ts';
import { parseStrictJson } from './http/strictJson.ts';
import { parseIdempotencyKey } from './idempotency.ts';
import { lambda } from './lambda.ts';
import { describeError, logger } from './logger.ts';
import { metrics } from './metrics.ts';
import { invalidRequest, Refusal } from './refusal.ts';
import { startTrace } from './trace.ts';

/** A request that was accepted: its caller is known, and its parts are valid. */
export type Request<Body = unknown, Query = unknown> = {
  caller: Caller;
  /** Path parameters, such as `{ id }`. */
  path: Record<string, string>;
  query: Query;
  body: Body;
  /** Present where the endpoint requires it. */
  idempotencyKey: string;
  now: Date;
  trace: Trace;
  /** Milliseconds until Lambda ends the function. */
  remainingTimeMs: () => number;
};

export type Reply = {
  status: number;
  body: unknown;
  /** The key had been used for the same request before; nothing was done twice. */
  replayed?: boolean;
};

/** A response that is not JSON. */
export type FileReply = {
  file: Uint8Array;
  contentType: string;
  cacheControl: string;
  /** The name to save it under. Without it, browsers show it. */
  fileName?: string;
  /** Names the bytes: others have another one. */
  etag?: string;
  /** Whether it is sent by gzip to who takes that. */
  isCompressible?: true;
};

type Endpoint<Body, Query> = {
  /** The scope that the access token must have. */
  scope: string;
  /** A token with this scope instead reads the operators' events instead of a merchant's. */
  operatorScope?: string;
  /** The schema of the JSON body. Without it, a body is refused. */
  body?: z.ZodType<Body>;
  /** The schema of the query string. Without it, query parameters are refused. */
  query?: z.ZodType<Query>;
  /** Whether the request must have an Idempotency-Key. */
  idempotent?: boolean;
  /** How many bytes a body has at most: {@link usualMaxBodyBytes} unless it says otherwise. Whole KiB. */
  maxBodyBytes?: number;
  /** Whether its time counts as the service's: how long it took until the answer, and {@link longestAnswerMs} if that was a 5xx. */
  isTimed?: boolean;
  /** Asked before the handler runs. While the service's table has to be restored, requests are refused. */
  guard?: Guard;
};

/** The timeout of functions that answer requests (packages/topology/provider.yml). */
const longestAnswerMs = 15_000;

export const usualMaxBodyBytes = 32 * 1024;
const noFields = /* @__PURE__ */ z.strictObject({});

/** What a handler says of itself to those who describe the API: its {@link Endpoint}, or nothing if it is public. */
export type EndpointSettings = Partial<Endpoint<unknown, unknown>>;

/**
 * A route of an HTTP API: verifies the token, validates the request, runs the handler, and answers every failure as
 * `application/problem+json`. A {@link Refusal} of the handler is shown to the caller, and a table that has to be
 * restored is answered with 503; everything else is logged and answered with 500.
 */
export const endpoint = <Body = Record<string, never>, Query = Record<string, never>>(
  settings: Endpoint<Body, Query>,
  handle: (request: Request<Body, Query>) => Promise<Reply | FileReply>,
) =>
  Object.assign(
    respond(async (event, context, trace) => {
      const request = await admit(settings, event, context, trace);
      await settings.guard?.();
      return handle(request);
    }, settings.isTimed),
    { settings: settings as EndpointSettings },
  );

/** A route without a token that takes nothing but its path. */
export const publicEndpoint = (handle: (path: Record<string, string>) => Promise<FileReply>) =>
  Object.assign(
    respond(async ({ pathParameters }) => handle((pathParameters ?? {}) as Record<string, string>)),
    { settings: {} as EndpointSettings },
  );

/**
 * A route without a token, for a caller that signs what it sends: the body comes as it was sent, byte for byte. API Gateway
 * hands over what it takes for text as text, and everything else as base64.
 */
export const signedEndpoint = (
  handle: (raw: Buffer, headers: Record<string, string | undefined>) => Promise<Reply>,
) =>
  Object.assign(
    respond(async ({ body = '', isBase64Encoded, headers }) =>
      handle(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'), headers),
    ),
    { settings: {} as EndpointSettings },
  );

/**
 * Answers requests that match no route: 405 when the path has other methods, 404 when it has none, both with the
 * routes that exist. The template gives the function the routes of the API as `ROUTES`.
 */
export const unknownRoute = () =>
  respond(async (event) => {
    const { method, path } = event.requestContext.http;
    const routes = environmentVariable('ROUTES');
    const methods = methodsOf(routes, path).join(', ');
    if (methods === '') {
      const known = routes.replaceAll(',', ', ');
      throw new Refusal(404, 'route_not_found', `This API has no ${method} ${path}; it has ${known}.`);
    }
    throw new Refusal(405, 'method_not_allowed', `${path} has no ${method}; it has ${methods}.`, {
      headers: { Allow: methods },
    });
  });

function respond(
  answer: (event: APIGatewayProxyEventV2, context: Context, trace: Trace) => Promise<Reply | FileReply>,
  isTimed = false,
) {
  return lambda<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>(async (event, context) => {
    const started = performance.now();
    const requestId = `req_${randomUUID().replaceAll('-', '')}`;
    const trace = startTrace(requestId, event.headers.traceparent);
    logger.appendKeys({ requestId });
    let result: APIGatewayProxyStructuredResultV2;
    try {
      const reply = await answer(event, context, trace);
      result = 'file' in reply ? fileResult(reply, event.headers['accept-encoding']) : jsonResult(reply);
    } catch (error) {
      result = problem(refusalFor(error), requestId);
    }
    const durationMs = Math.round(performance.now() - started);
    logger.info('request', { route: event.routeKey, status: result.statusCode, durationMs });
    if (isTimed) {
      const isAnswered = Number(result.statusCode) < 500;
      metrics.addMetric('AnswerTime', 'Milliseconds', isAnswered ? durationMs : longestAnswerMs);
    }
    return { ...result, headers: { ...result.headers, 'Request-Id': requestId } };
  });
}

async function admit<Body, Query>(
  { scope, operatorScope, body, query, idempotent, maxBodyBytes = usualMaxBodyBytes }: Endpoint<Body, Query>,
  event: APIGatewayProxyEventV2,
  context: Context,
  trace: Trace,
): Promise<Request<Body, Query>> {
  const caller = await verifyAccessToken(event.headers.authorization, scope, operatorScope);
  logger.appendKeys({ merchantId: caller.merchantId });
  return {
    caller,
    path: (event.pathParameters ?? {}) as Record<string, string>,
    query: check(query ?? noFields, event.queryStringParameters ?? {}, 'The query') as Query,
    idempotencyKey: idempotent ? parseIdempotencyKey(event.headers['idempotency-key']) : '',
    body: check(body ?? noFields, readBody(event, maxBodyBytes), 'The body') as Body,
    now: new Date(),
    trace,
    remainingTimeMs: () => context.getRemainingTimeInMillis(),
  };
}

/** The JSON of a request's body. An empty body counts as `{}`. */
function readBody({ body, isBase64Encoded, headers }: APIGatewayProxyEventV2, maxBodyBytes: number): unknown {
  if (!body) return {};
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? '')) {
    throw new Refusal(
      415,
      'unsupported_content_encoding',
      'Send the body as it is, without a Content-Encoding.',
      { headers: { 'Accept-Encoding': 'identity' } },
    );
  }
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  if (bytes.byteLength > maxBodyBytes) {
    throw new Refusal(
      413,
      'body_too_large',
      `The body has ${bytes.byteLength} bytes; ${maxBodyBytes} are allowed.`,
    );
  }
  // Without a content type it can only be JSON.
  if (
    !/^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(headers['content-type'] || 'application/json')
  ) {
    throw new Refusal(
      415,
      'unsupported_media_type',
      'Send the body as JSON, with `Content-Type: application/json`.',
    );
  }
  return parseStrictJson(utf8(bytes));
}

/**
 * API Gateway replaces invalid UTF-8 by U+FFFD. So a U+FFFD that was really sent is refused too: they cannot be told
 * apart.
 */
function utf8(bytes: Buffer): string {
  const text = new TextDecoder().decode(bytes);
  if (text.includes('\ufffd')) throw new Refusal(400, 'invalid_json', 'The body is not valid UTF-8.');
  return text;
}

function check(schema: z.ZodType, value: unknown, what: string): unknown {
  const result = parseFields(schema, value);
  if (result.success) return result.data;
  throw invalidRequest(what, fieldErrors(result.error));
}

function refusalFor(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  return error instanceof Behind ? restorePending() : concealed(error);
}

const restorePending = (): Refusal =>
  new Refusal(
    503,
    'restore_pending',
    'Data of this service has to be restored first, and nothing was changed. Repeat the request later, with the same key.',
    { headers: { 'Retry-After': '60' } },
  );

function concealed(error: unknown): Refusal {
  logger.error('request failed', { error: describeError(error) });
  return new Refusal(
    500,
    'internal_error',
    'Something went wrong here. Repeat the request with the same key.',
  );
}

function problem(refusal: Refusal, requestId: string): APIGatewayProxyStructuredResultV2 {
  const { status, code, message, errors, members, headers } = refusal;
  const body = {
    type: `urn:fanfold:problem:${code}`,
    title: titles[status] ?? 'Error',
    status,
    detail: message,
    instance: `/requests/${requestId}`,
    code,
    requestId,
    ...(errors && { errors }),
    ...members,
  };
  return json(status, body, 'application/problem+json', headers);
}

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

const jsonResult = ({ status, body, replayed }: Reply): APIGatewayProxyStructuredResultV2 =>
  json(status, body, 'application/json', replayed ? { 'Idempotent-Replayed': 'true' } : {});

function fileResult(
  { file, contentType, cacheControl, fileName, etag, isCompressible }: FileReply,
  acceptEncoding: string | undefined,
): APIGatewayProxyStructuredResultV2 {
  // Level 3 takes a quarter of the usual time, and half a percent more bytes.
  const compressed = isCompressible && takesGzip(acceptEncoding) ? gzipSync(file, { level: 3 }) : file;
  const isSmaller = compressed.length < file.length;
  return {
    statusCode: 200,
    headers: {
      'Content-Type': contentType,
      'Cache-Control': cacheControl,
      ...(fileName && { 'Content-Disposition': `attachment; filename="${fileName}"` }),
      ...(etag && { ETag: `"${etag}"` }),
      ...(isCompressible && { Vary: 'Accept-Encoding' }),
      ...(isSmaller && { 'Content-Encoding': 'gzip' }),
    },
    body: Buffer.from(isSmaller ? compressed : file).toString('base64'),
    isBase64Encoded: true,
  };
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3; who says nothing gets the bytes as they are. */
const takesGzip = (acceptEncoding = ''): boolean =>
  acceptEncoding
    .toLowerCase()
    .split(',')
    .map((each) => each.replaceAll(/\s/g, ''))
    .some((each) => /^(x-)?gzip(;q=(1|0\.\d*[1-9]).*)?$/.test(each));

const json = (
  statusCode: number,
  body: unknown,
  contentType: string,
  headers: Record<string, string>,
): APIGatewayProxyStructuredResultV2 => ({
  statusCode,
  headers: { 'Content-Type': contentType, 'Cache-Control': 'no-store', ...headers },
  body: JSON.stringify(body),
});
