import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, IncomingMessage, METHODS, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { FunctionError } from '../functions/invoke.ts';
import { addCors, preflightAnswer } from './cors.ts';
import { type HttpApi, matchRoute, type Route } from './httpApi.ts';
import {
  answerOf,
  gatewayAnswer,
  type HttpAnswer,
  type HttpRequest,
  headersOf,
  maxPayloadBytes,
  proxyEvent,
  readPath,
} from './proxyEvent.ts';

export type GatewayOptions = {
  /** A port of 127.0.0.1; 0 for any free one. */
  port: number;
  api: HttpApi;
  /** Runs a function, by its name in Lambda, and returns its result; rejects with a FunctionError when it failed. */
  invoke: (functionName: string, event: unknown) => Promise<unknown>;
  /** Called with each answer that is sent. */
  onAnswer?: (request: HttpRequest, answer: HttpAnswer) => void;
  /** Called when a function could not be run. Errors of the function itself are in its own log. */
  onError?: (error: Error) => void;
};

export type Gateway = {
  url: string;
  /** Accepts no more requests, and resolves when the running ones are answered, or after a second. */
  stop(): Promise<void>;
};

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const maxBodyBytes = 10 * 1024 * 1024;
const maxHeadBytes = 10_240;

/**
 * Serves an HTTP API as API Gateway does, with payload format 2.0. Errors are answered as API Gateway answers them,
 * `{"message":"…"}`, or by the function.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  // The gateway checks Host itself: Node's own responses have no body.
  const server = createServer({ requireHostHeader: false, keepAliveTimeout: 60_000 });
  let stopping = false;

  async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    responses.set(message.socket, response);
    response.once('close', () => {
      if (responses.get(message.socket) === response) responses.delete(message.socket);
    });
    const body = await readBody(message).catch(() => undefined);
    // The client has sent half a request and gone away.
    if (body === undefined) return;
    const request: HttpRequest = {
      method: message.method ?? '',
      target: message.url ?? '',
      httpVersion: message.httpVersion,
      rawHeaders: message.rawHeaders,
      body,
      sourceIp: message.socket.remoteAddress ?? '',
      port: message.socket.localPort ?? 0,
    };
    const requestId = `${randomBytes(11).toString('base64url')}=`;
    const answer = await answerTo(request, requestId, options);
    // It was refused before its end had arrived.
    if (response.headersSent) return;
    options.onAnswer?.(request, answer);
    if (stopping) response.shouldKeepAlive = false;
    send(response, answer, requestId);
  }

  server.on('request', serve);
  server.on('checkExpectation', serve);
  server.on('connect', (message: IncomingMessage, socket: Socket) =>
    serve(message, responseOn(socket, message)),
  );
  server.on('clientError', (error: ParserError, socket: Socket) => {
    if (!socket.writable || refused.has(socket)) return;
    refused.add(socket);
    const last = responses.get(socket);
    // A complete request before it may have had an effect, and is answered first.
    if (last?.req.complete) last.once('close', () => refuse(error, socket));
    else refuse(error, socket, last);
  });

  function refuse(error: ParserError, socket: Socket, unfinished?: ServerResponse): void {
    if (!socket.writable) return;
    const message = messageWithOtherMethod(error, socket);
    if (message) {
      serve(message, responseOn(socket, message));
      return;
    }
    const response = unfinished ?? responseOn(socket);
    response.shouldKeepAlive = false;
    send(response, refusalOf(error));
  }

  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      stopping = true;
      const closed = once(server, 'close');
      server.close();
      await Promise.race([closed, setTimeout(1_000)]);
      server.closeAllConnections();
    },
  };
}

async function answerTo(
  request: HttpRequest,
  requestId: string,
  options: GatewayOptions,
): Promise<HttpAnswer> {
  const { method, target, rawHeaders, body } = request;
  const { api } = options;
  if (headBytes(request) > maxHeadBytes) return gatewayAnswer(431);
  if (body.byteLength > maxBodyBytes) return gatewayAnswer(413);
  const headers = headersOf(rawHeaders);
  const [sentPath = '', rawQueryString = ''] = target.replace(/^https?:\/\/[^/?]*/i, '').split(/\?(.*)/s);
  const path = readPath(sentPath);
  if (!path || !headers.host || hostHeaders(rawHeaders) > 1) return gatewayAnswer(400);
  const preflight = api.cors && preflightAnswer(api.cors, method, headers);
  if (preflight) return preflight;
  const match = matchRoute(api.routes, method, path.routed);
  if (!match) return addCors(gatewayAnswer(404), api.cors, headers);
  const event = proxyEvent(request, { ...match, path, rawQueryString, requestId, now: new Date() });
  if (Buffer.byteLength(JSON.stringify(event)) > maxPayloadBytes) return gatewayAnswer(413);
  return addCors(await run(match.route, event, options), api.cors, headers);
}

/** The bytes that count for the quota: the request line and the values of headers. */
function headBytes({ method, target, rawHeaders }: HttpRequest): number {
  const values = rawHeaders.filter((_value, index) => index % 2 === 1);
  return [method, target, ...values].reduce((sum, { length }) => sum + length, 0);
}

/** More than one is a bad request: https://www.rfc-editor.org/rfc/rfc9112#section-3.2-6 */
const hostHeaders = (rawHeaders: string[]): number =>
  rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;

/** Recorded: a function that fails, also by its own timeout, is a 500, and one that does not answer in time a 503. */
async function run(route: Route, event: unknown, { invoke, onError }: GatewayOptions): Promise<HttpAnswer> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      invoke(route.functionName, event).then(answerOf),
      setTimeout(route.timeoutMs, gatewayAnswer(503), { signal: timer.signal }),
    ]);
  } catch (error) {
    if (error instanceof FunctionError) return gatewayAnswer(500);
    // A throttled function too is a 503.
    onError?.(error as Error);
    return gatewayAnswer(503);
  } finally {
    timer.abort();
  }
}

/** The whole body. Of one that is too large only the size counts, without its content. */
async function readBody(message: IncomingMessage): Promise<Buffer> {
  let chunks: Buffer[] = [];
  let length = 0;
  // It is read to its end in any case: a client that is still sending does not read a response.
  for await (const chunk of message) {
    length += chunk.byteLength;
    if (length > maxBodyBytes) chunks = [];
    else chunks.push(chunk);
  }
  return length > maxBodyBytes ? Buffer.alloc(maxBodyBytes + 1) : Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: HttpAnswer, requestId?: string): void {
  const hasBody = status !== 204 && status !== 304;
  response.writeHead(status, [
    ...headers.filter(([name]) => hasBody || name.toLowerCase() !== 'content-type').flat(),
    ...(hasBody ? ['content-length', String(body.byteLength)] : []),
    ...(requestId ? ['apigw-requestid', requestId] : []),
  ]);
  response.end(hasBody ? body : undefined);
}

// Requests that Node's parser refuses. It accepts only standard methods, and answers without a body.

type ParserError = Error & { code?: string; rawPacket?: Buffer };

/** Connections whose parser has given up: it reports an error for each further packet. */
const refused = new WeakSet<Socket>();

/** The last response on a connection: the parser may give up in the middle of its body, or after it. */
const responses = new WeakMap<Socket, ServerResponse>();

/** A response on a connection that ends with it. */
function responseOn(socket: Socket, message = new IncomingMessage(socket)): ServerResponse {
  message.httpVersionMajor = 1;
  message.httpVersionMinor = 1;
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.end());
  return response;
}

/** A request whose only fault is its method, such as `FOO` or `get`, without its body. */
function messageWithOtherMethod(error: ParserError, socket: Socket): IncomingMessage | undefined {
  if (error.code !== 'HPE_INVALID_METHOD') return undefined;
  const [head = '', rest] = (error.rawPacket?.toString('latin1') ?? '').split(/\r\n\r\n(.*)/s);
  const [requestLine = '', ...lines] = head.split('\r\n');
  const [, method = '', target, version] =
    /^([\w!#$%&'*+.^`|~-]+) ([!-~]+) HTTP\/(1\.[01])$/.exec(requestLine) ?? [];
  if (rest === undefined || target === undefined || version === undefined) return undefined;
  // An earlier request of the same packet, which has been answered.
  if (METHODS.includes(method)) return undefined;
  const message = new IncomingMessage(socket);
  const rawHeaders = lines.flatMap((line) => /^([^:]+):[ \t]*(.*?)[ \t]*$/.exec(line)?.slice(1) ?? []);
  Object.assign(message, { method, url: target, httpVersion: version, rawHeaders, complete: true });
  message.push(null);
  return message;
}

function refusalOf({ code }: ParserError): HttpAnswer {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return gatewayAnswer(431);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return gatewayAnswer(408);
    default:
      return gatewayAnswer(400);
  }
}
