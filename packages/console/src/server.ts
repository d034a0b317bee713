import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pageHeaders } from '@fanfold/local-cloud/page';
import { isBelow } from '@fanfold/local-cloud/stack';
import { type Answers, type Asked, type Call, type LiveMessage, questions } from './api.ts';
import { fileOf, page } from './files.ts';

/** What is behind the page. */
export type Console = {
  /** Who has it may see and do all that the page can. It is printed with the address, and new with each process. */
  token: string;
  calls: { [Name in Call]: (asked: Asked<Name>) => Promise<Answers[Name]> };
  /**
   * Tells what happens until it is stopped. Nothing is watched while nobody is told.
   *
   * @param merchantId whose events are told where not all are
   */
  watch(tell: (message: LiveMessage) => void, merchantId?: string): () => void;
  /** A file that a call has told the path of, by the last part of it, which nobody can guess. */
  fileAt(key: string): ServedFile | undefined;
};

export type ServedFile = { contentType: string; fileName: string; content: Uint8Array };

/** What was asked for cannot be done, and why, each in a sentence: it is no fault of the console. */
export class Refused extends Error {
  override name = 'Refused';
  readonly status: number;

  constructor(message: string, status = 409) {
    super(message);
    this.status = status;
  }
}

/** More than the largest message that SQS takes, as JSON. */
const maxBodyBytes = 2_500_000;

/** A page that reads more slowly than things happen is let go, and comes again. */
const maxUnreadBytes = 8_000_000;

/**
 * Answers a request: `/` and the other views, their files below `/console`, and for who has the token `POST
 * /console/call/<name>` and `GET /console/live`, whose answer goes on as server-sent events. `/console/file/<key>` is for who
 * was told it by a call.
 *
 * The caller has refused what comes from other origins.
 */
export async function answerConsole(
  request: IncomingMessage,
  response: ServerResponse,
  behind: Console,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const [, call] = /^\/console\/call\/(\w+)$/.exec(pathname) ?? [];
  if (call !== undefined || pathname === '/console/live') {
    if (!isToken(request.headers.authorization, behind.token)) {
      reply(response, 401, { message: 'Open the address again that the console printed when it started.' });
    } else if (call === undefined) {
      live(response, searchParams.get('merchant'), behind);
    } else {
      await answerCall(request, response, call, behind);
    }
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    reply(response, 405, { message: 'Only GET.' });
    return;
  }
  const [, key] = /^\/console\/file\/([\w-]+)$/.exec(pathname) ?? [];
  if (key !== undefined) {
    answerFile(response, behind.fileAt(key));
    return;
  }
  const file = isBelow('/console', request) ? await fileOf(pathname.slice('/console/'.length)) : await page();
  if (file) response.writeHead(200, { ...headers, 'content-type': file.type }).end(file.content);
  else reply(response, 404, { message: 'The console is at /.' });
}

const headers = pageHeaders('lit-html', ["frame-src 'self'"]);

/** A browser shows a PDF by a page of its own, which the page's policy would keep from running: what is no page needs none. */
function answerFile(response: ServerResponse, file: ServedFile | undefined): void {
  if (!file) {
    reply(response, 404, { message: 'That file is not kept any more. Open its document again.' });
    return;
  }
  response
    .writeHead(200, {
      ...headers,
      'content-type': file.contentType,
      'content-disposition': `${file.contentType === 'application/pdf' ? 'inline' : 'attachment'}; filename="${file.fileName}"`,
      'content-security-policy': "frame-ancestors 'self'",
    })
    .end(file.content);
}

const reply = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body));
};

/** In a time that does not depend on where they differ. */
function isToken(authorization: string | undefined, token: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(authorization ?? ''), hash(`Bearer ${token}`));
}

async function answerCall(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  { calls }: Console,
): Promise<void> {
  if (!Object.hasOwn(questions, name)) {
    reply(response, 404, { message: `The console has no call ${name}.` });
    return;
  }
  if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
    reply(response, 415, { message: 'Calls are POST, with application/json.' });
    return;
  }
  const body = await bodyOf(request);
  const asked = questions[name as Call].safeParse(body);
  if (!asked.success) {
    const [issue] = asked.error.issues;
    const at = issue?.path.join('.');
    reply(response, 400, { message: `${at ? `${at}: ` : ''}${issue?.message}` });
    return;
  }
  try {
    reply(response, 200, await calls[name as Call](asked.data as never));
  } catch (error) {
    const status = error instanceof Refused ? error.status : 502;
    reply(response, status, { message: (error as Error).message });
  }
}

/** @returns undefined for what is no JSON, or too much of it */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html */
function live(response: ServerResponse, merchantId: string | null, { watch }: Console): void {
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
  const stop = watch((message) => {
    response.write(`data: ${JSON.stringify(message)}\n\n`);
    if (response.writableLength > maxUnreadBytes) response.destroy();
  }, merchantId ?? undefined);
  response.once('close', stop);
}
