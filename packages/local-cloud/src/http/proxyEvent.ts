import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { accountId } from '../account.ts';
import type { Route } from './httpApi.ts';

// Payload format 2.0: the event that an HTTP API passes to a function, and the response that it makes of the result.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html *Recorded*
// means that AWS was observed to do so; the README names the recordings.

/** A request as it was received. */
export type HttpRequest = {
  method: string;
  /** Path and query, as they were sent. */
  target: string;
  httpVersion: string;
  /** Names and values alternate, as they were sent. */
  rawHeaders: string[];
  body: Buffer;
  sourceIp: string;
  /** The port that it was sent to. */
  port: number;
};

/** The response to the client. */
export type HttpAnswer = { status: number; headers: [name: string, value: string][]; body: Buffer };

/** The two readings of a path. */
export type Path = {
  /** Decoded once: by this, routes are chosen. */
  routed: string;
  /** Decoded twice: this is passed to the function. */
  raw: string;
};

/**
 * Recorded: API Gateway decodes a path, cuts it at a `?` that this reveals, chooses the route, and decodes it again.
 * So `%2F` is a slash, `%252F` a slash in a variable, and `%25` something that cannot be decoded again, which is
 * refused. A path that cannot be decoded at all is left as it is, for the function to refuse: what AWS does then is
 * not recorded.
 *
 * @returns undefined for a path that AWS refuses.
 */
export function readPath(sent: string): Path | undefined {
  const once = decoded(sent);
  if (once === undefined) return { routed: sent, raw: sent };
  const routed = once.replace(/\?.*/s, '');
  const raw = decoded(routed);
  return raw === undefined ? undefined : { routed, raw };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** By name in lower case. Repeated headers are joined by commas (recorded). */
export function headersOf(rawHeaders: string[]): Record<string, string> {
  const headers = new Map<string, string>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name, value] = [String(rawHeaders[index]).toLowerCase(), String(rawHeaders[index + 1])];
    headers.set(name, headers.has(name) ? `${headers.get(name)},${value}` : value);
  }
  return Object.fromEntries(headers);
}

/** What the chosen route adds to a request. */
export type Routed = {
  route: Route;
  variables: Record<string, string>;
  path: Path;
  rawQueryString: string;
  requestId: string;
  now: Date;
};

export function proxyEvent(request: HttpRequest, routed: Routed): APIGatewayProxyEventV2 {
  const { method, httpVersion, sourceIp, port, body } = request;
  const { route, variables, path, rawQueryString, requestId, now } = routed;
  const { cookie, ...headers } = withoutHopByHop(headersOf(request.rawHeaders));
  const queryStringParameters = readQuery(rawQueryString);
  const pathParameters = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, decoded(value) ?? value]),
  );
  const { host = '' } = headers;
  return {
    version: '2.0',
    routeKey: route.routeKey,
    rawPath: path.raw,
    rawQueryString,
    ...(cookie !== undefined && { cookies: cookiesOf(request.rawHeaders) }),
    headers: {
      'content-length': String(body.byteLength),
      ...headers,
      'x-forwarded-for': sourceIp,
      'x-forwarded-port': String(port),
      'x-forwarded-proto': 'http',
    },
    ...(Object.keys(queryStringParameters).length > 0 && { queryStringParameters }),
    requestContext: {
      accountId,
      apiId: 'local',
      domainName: host,
      domainPrefix: 'local',
      http: {
        method,
        path: path.raw,
        protocol: `HTTP/${httpVersion}`,
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId,
      routeKey: route.routeKey,
      stage: '$default',
      time: clfTime(now),
      timeEpoch: now.getTime(),
    },
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    ...readBody(body, headers['content-type']),
  };
}

/** Recorded: the cookies of all Cookie headers one by one, and not among the headers. */
function cookiesOf(rawHeaders: string[]): string[] {
  return rawHeaders
    .filter((_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'cookie')
    .flatMap((value) => value.split(';').map((cookie) => cookie.trim()));
}

/** Headers between the client and the gateway only. */
const hopByHop = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

function withoutHopByHop(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

/** Decoded. Repeated parameters are joined by commas. */
function readQuery(rawQueryString: string): Record<string, string> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, all.join(',')]));
}

/** `10/Jul/2026:19:19:05 +0000` */
function clfTime(time: Date): string {
  const [, day, month, year, clock] = time.toUTCString().split(' ');
  return `${day}/${month}/${year}:${clock} +0000`;
}

/**
 * Recorded: a body of a text type is passed as text, and any other in Base64; so are a body without a type, a form,
 * and text in a charset other than UTF-8. Invalid UTF-8 in a text becomes U+FFFD: nothing else fits into the JSON of
 * an event.
 */
function readBody(body: Buffer, contentType: string | undefined) {
  if (body.byteLength === 0) return { isBase64Encoded: false };
  const encoding = isText(contentType) ? 'utf8' : 'base64';
  return { body: body.toString(encoding), isBase64Encoded: encoding === 'base64' };
}

const textTypes = new Set(['application/json', 'application/xml', 'application/javascript']);

function isText(contentType = ''): boolean {
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  return (type.startsWith('text/') || textTypes.has(type)) && /^("?)utf-8\1$/.test(charset ?? 'utf-8');
}

/** API Gateway's own messages, by status. */
const messages = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  413: 'Request Entity Too Large',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** A response of the gateway itself. */
export function gatewayAnswer(status: keyof typeof messages): HttpAnswer {
  return jsonAnswer(status, JSON.stringify({ message: messages[status] }));
}

const jsonAnswer = (status: number, json: string): HttpAnswer => ({
  status,
  headers: [['content-type', 'application/json']],
  body: Buffer.from(json),
});

/** Lambda's limit, for events and results. */
export const maxPayloadBytes = 6 * 1024 * 1024;

/**
 * The response for a function's result. Recorded: an object with a `statusCode` is a response, and 500 if it is
 * malformed; anything else is the body of a 200, as JSON, and a string as it is.
 */
export function answerOf(result: unknown): HttpAnswer {
  const json = JSON.stringify(result ?? null);
  if (Buffer.byteLength(json) > maxPayloadBytes) return gatewayAnswer(500);
  if (typeof result === 'string') return jsonAnswer(200, result);
  if (!isObject(result) || result.statusCode === undefined) return jsonAnswer(200, json);
  return structuredAnswer(result) ?? gatewayAnswer(500);
}

/** @returns undefined for a malformed response. */
function structuredAnswer(result: Record<string, unknown>): HttpAnswer | undefined {
  const { statusCode, isBase64Encoded } = result;
  const [headers, cookies, text] = [result.headers ?? {}, result.cookies ?? [], result.body ?? ''];
  if (!Number.isInteger(statusCode) || Number(statusCode) < 200 || Number(statusCode) > 599) return undefined;
  if (typeof text !== 'string' || !isObject(headers) || !Array.isArray(cookies)) return undefined;
  if (isBase64Encoded && !/^([\w+/]{4})*([\w+/]{2}(==)?|[\w+/]{3}=?)?$/.test(text)) return undefined;
  const named = new Map([['content-type', ['content-type', 'text/plain; charset=utf-8']]]);
  for (const [name, value] of Object.entries(headers)) {
    if (framing.has(name.toLowerCase())) continue;
    if (value === null || typeof value === 'object') return undefined;
    named.set(name.toLowerCase(), [name, String(value)]);
  }
  const all = [...cookies.map((cookie) => ['set-cookie', String(cookie)]), ...named.values()];
  if (!all.every(isHeader)) return undefined;
  return {
    status: Number(statusCode),
    headers: all,
    body: Buffer.from(text, isBase64Encoded ? 'base64' : 'utf8'),
  };
}

/** The gateway decides how a response is sent. */
const framing = new Set([...hopByHop, 'content-length']);

function isHeader(header: string[]): header is [name: string, value: string] {
  const [name = '', value = ''] = header;
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
