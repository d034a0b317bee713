import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { pageHeaders, pageStyle } from '@fanfold/local-cloud/page';
import type { StackDescription } from '@fanfold/local-cloud/stack';
import { transform } from 'esbuild';
import { asyncApiFile, openApiFile } from '../service.ts';
import { type ReferencedService, referencePage } from './page.ts';

/** What the reference page needs of its stack. */
export type Reference = {
  stack: StackDescription;
  /** A command for a shell that prints an access token. */
  tokenCommand: string;
  /** Signs an access token of a merchant. */
  accessToken(merchantId: string): Promise<string>;
};

const browserFolder = join(import.meta.dirname, '../../browser');

/**
 * Answers a request for a path below `/docs`: the page, which is made anew of the committed documents each time, its script
 * and style, the documents themselves, and `/docs/send/<service>/…`, which passes a request on to the service with an access token.
 *
 * The caller has refused what comes from other origins.
 */
export async function answerReference(
  request: IncomingMessage,
  response: ServerResponse,
  reference: Reference,
): Promise<void> {
  const reply = (status: number, type: string, body: string) =>
    response.writeHead(status, { ...safe, 'content-type': type }).end(body);
  const [, , first = '', ...rest] = new URL(request.url ?? '', 'http://localhost').pathname.split('/');
  if (first === 'send') return send(request, response, reference);
  if (request.method !== 'GET') {
    reply(405, 'text/plain; charset=utf-8', 'Only GET.');
    return;
  }
  const { services } = reference.stack;
  const [file = ''] = rest;
  if (first === '' && rest.length === 0) {
    const page = referencePage(await described(services), reference.tokenCommand);
    reply(200, 'text/html; charset=utf-8', page);
  } else if (first === 'page.css') {
    reply(200, 'text/css; charset=utf-8', await pageStyle(join(browserFolder, first)));
  } else if (first === 'tryIt.js') {
    const { code } = await transform(await readFile(join(browserFolder, 'tryIt.ts'), 'utf8'), {
      loader: 'ts',
    });
    reply(200, 'text/javascript; charset=utf-8', code);
  } else if (Object.hasOwn(services, first) && Object.hasOwn(documents, file)) {
    reply(200, 'application/json', await readFile(documents[file as keyof typeof documents](first), 'utf8'));
  } else {
    reply(404, 'text/plain; charset=utf-8', 'The reference page is at /docs.');
  }
}

const documents = { 'openapi.json': openApiFile, 'asyncapi.json': asyncApiFile };

const safe = pageHeaders("'none'");

/** The running services that have documents, by their port. */
function described(services: StackDescription['services']): Promise<ReferencedService[]> {
  const withDocuments = Object.entries(services)
    .filter(([name]) => Object.values(documents).every((fileOf) => existsSync(fileOf(name))))
    .sort(([, a], [, b]) => a.url.localeCompare(b.url));
  return Promise.all(
    withDocuments.map(async ([name, { url }]) => ({
      name,
      url,
      openApi: JSON.parse(await readFile(openApiFile(name), 'utf8')),
      asyncApi: JSON.parse(await readFile(asyncApiFile(name), 'utf8')),
    })),
  );
}

/** Headers that the page sets. */
const passedOn = ['content-type', 'content-length', 'transfer-encoding', 'idempotency-key'] as const;

/**
 * The header says for which merchant, or for none. A page of another origin cannot set it without asking, and is told
 * nothing when it asks.
 */
async function send(request: IncomingMessage, response: ServerResponse, reference: Reference): Promise<void> {
  const [, name = '', path = ''] = /^\/docs\/send\/([^/?]+)(\/.*)$/.exec(request.url ?? '') ?? [];
  const service = Object.hasOwn(reference.stack.services, name) ? reference.stack.services[name] : undefined;
  const merchant = request.headers['fanfold-merchant'];
  if (!service || typeof merchant !== 'string') {
    response.writeHead(404, safe).end('Requests are sent by the page at /docs.');
    return;
  }
  const headers = Object.fromEntries(
    passedOn.flatMap((header) => (request.headers[header] ? [[header, request.headers[header]]] : [])),
  );
  if (merchant !== '') headers.authorization = `Bearer ${await reference.accessToken(merchant)}`;
  const { hostname, port } = new URL(service.url);
  // With the path as it came: a URL would change it.
  const passing = ask({ hostname, port, path, method: request.method, headers, agent: false });
  passing.once('response', (answered) => {
    const { connection: _connection, 'keep-alive': _keepAlive, ...answeredHeaders } = answered.headers;
    response.writeHead(answered.statusCode ?? 502, answeredHeaders);
    // An answer that breaks off breaks this one off too.
    pipeline(answered, response, () => {});
  });
  passing.on('error', (error) => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, safe).end(`${name} did not answer: ${error.message}`);
  });
  response.once('close', () => passing.destroy());
  request.pipe(passing);
}
