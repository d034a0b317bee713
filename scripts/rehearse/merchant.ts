import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export type Answer = { status: number; text: string; headers: IncomingMessage['headers'] };

/** A merchant's way to the API of a deployed service. */
export type Api = {
  get(path: string): Promise<Answer>;
  post(path: string, body: unknown): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
};

/**
 * The API whose id is `apiId`, which an endpoint at `port` tells from others by the host that is asked for.
 *
 * @param token access token of the merchant
 */
export function apiOf(port: number, apiId: string, token: string): Api {
  const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    const sent = request({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: {
        host: `${apiId}.execute-api.127.0.0.1:${port}`,
        authorization: `Bearer ${token}`,
        ...(method !== 'GET' && { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
      },
      timeout: 60_000,
    });
    sent.once('timeout', () => sent.destroy(new Error(`${method} ${path} was not answered in a minute.`)));
    sent.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    return {
      status: response.statusCode ?? 0,
      text: Buffer.concat(chunks).toString(),
      headers: response.headers,
    };
  };
  return {
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
  };
}

/**
 * Looks until there is something, and gives it.
 *
 * @param what is told when it does not come within `patienceMs`
 */
export async function eventually<Found>(
  what: string,
  look: () => Promise<Found | undefined>,
  patienceMs = 90_000,
): Promise<Found> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`Not within ${patienceMs / 1000} s: ${what}.`);
    await delay(250);
  }
}

/** @throws with the answer, when its status is another */
export function json<Body>(answer: Answer, status = 200): Body {
  if (answer.status !== status) throw new Error(`${status} was due, not ${answer.status}: ${answer.text}`);
  return JSON.parse(answer.text) as Body;
}
