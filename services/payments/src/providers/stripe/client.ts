import { text } from 'node:stream/consumers';
import { HttpRequest } from '@smithy/core/protocols';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { withSecrets } from './secrets.ts';

/** The version of the API whose shapes this code knows. https://docs.stripe.com/api/versioning */
export const apiVersion = '2026-10-28.endive';

/** A call that Stripe answered with an error, or with nothing that it could have answered. */
export class StripeError extends Error {
  override name = 'StripeError';
  readonly status: number;
  /** `card_error`, `invalid_request_error`, `idempotency_error`, `api_error`. https://docs.stripe.com/api/errors */
  readonly type: string | undefined;
  readonly code: string | undefined;
  readonly declineCode: string | undefined;
  /** The parameter that it is about. */
  readonly parameter: string | undefined;

  constructor(status: number, { type, code, decline_code, param, message }: ErrorBody = {}) {
    // Its message may quote the parameters, so what is logged of it are its codes.
    super(`Stripe answered ${status} ${[type, code, param].filter(Boolean).join(' ')}`.trim());
    this.status = status;
    this.type = type;
    this.code = code;
    this.declineCode = decline_code;
    this.parameter = param;
    this.detail = message;
  }

  /** What Stripe says to the person who reads it. Not for logs. */
  readonly detail: string | undefined;
}

type ErrorBody = {
  type?: string;
  code?: string;
  decline_code?: string;
  param?: string;
  message?: string;
};

export type Parameters = Record<string, string | number | boolean | undefined>;

type Call = {
  parameters?: Parameters;
  /** At most 255 characters. Stripe repeats for 24 hours what it answered to it, also a 500. */
  idempotencyKey?: string;
  /** For how long an answer is waited for. */
  timeoutMs?: number;
};

export const get = <Answer>(path: string, call: Omit<Call, 'idempotencyKey'> = {}): Promise<Answer> =>
  send('GET', path, call);

/** Without a key where the object's state allows the call once: with one, Stripe would repeat a 500 instead of trying again. */
export const post = <Answer>(path: string, call: Call = {}): Promise<Answer> => send('POST', path, call);

/** All of a list, page by page. https://docs.stripe.com/api/pagination */
export async function* list<Item extends { id: string }>(
  path: string,
  parameters: Parameters,
): AsyncGenerator<Item[]> {
  let after: string | undefined;
  do {
    const page = await get<{ data: Item[]; has_more: boolean }>(path, {
      parameters: { ...parameters, limit: 100, starting_after: after },
    });
    yield page.data;
    after = page.has_more ? page.data.at(-1)?.id : undefined;
  } while (after);
}

/**
 * Calls Stripe once, with the key of the stage, and once more with the key as it is now when that one is no longer valid.
 * Nothing else is repeated: whoever waits for an outcome asks again later.
 *
 * @throws StripeError, and what the connection throws when there is no answer
 */
const send = <Answer>(method: 'GET' | 'POST', path: string, call: Call): Promise<Answer> =>
  withSecrets(
    ({ key }) => sendWith<Answer>(key, method, path, call),
    (error) => error instanceof StripeError && error.status === 401,
  );

const usualTimeoutMs = 8000;

async function sendWith<Answer>(
  key: string,
  method: 'GET' | 'POST',
  path: string,
  { parameters = {}, idempotencyKey, timeoutMs = usualTimeoutMs }: Call,
): Promise<Answer> {
  const form = formOf(parameters);
  const { protocol, hostname, port, pathname } = new URL(
    path,
    process.env.STRIPE_URL || 'https://api.stripe.com',
  );
  const request = new HttpRequest({
    method,
    ...{ protocol, hostname, path: pathname },
    ...(port !== '' && { port: Number(port) }),
    headers: {
      Host: port === '' ? hostname : `${hostname}:${port}`,
      Authorization: `Bearer ${key}`,
      'Stripe-Version': apiVersion,
      ...(idempotencyKey && { 'Idempotency-Key': idempotencyKey }),
      ...(method === 'POST' && {
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': String(Buffer.byteLength(form)),
      }),
    },
    ...(method === 'GET' ? { query: Object.fromEntries(new URLSearchParams(form)) } : { body: form }),
  });
  const abortSignal = AbortSignal.timeout(timeoutMs);
  const { response } = await http.handle(request, { abortSignal });
  const { statusCode } = response;
  const body = parsed(await text(response.body));
  if (statusCode >= 200 && statusCode < 300 && body) return body as Answer;
  throw new StripeError(statusCode, body?.error as ErrorBody | undefined);
}

/** A connection is used again within four seconds only: one that was closed while the function was frozen would fail the next call. */
const agent = { keepAlive: true, timeout: 4000 };

/**
 * The SDK's, which is in the bundle and loaded for DynamoDB: Node's own `fetch` takes 17 ms more of a start. It follows no redirect,
 * which would take the key to another host.
 */
const http = /* @__PURE__ */ new NodeHttpHandler({ httpAgent: agent, httpsAgent: agent });

/** What comes between here and Stripe, such as a proxy, answers with pages. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** https://docs.stripe.com/api: nested names are written `metadata[name]`. Parameters that are undefined are not sent. */
const formOf = (parameters: Parameters): string =>
  new URLSearchParams(
    Object.entries(parameters).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)] as [string, string]],
    ),
  ).toString();
