import { randomUUID } from 'node:crypto';
import { runningStack } from '../aws/stack.ts';
import { developmentToken, merchantScopes } from './accessToken.ts';

/** A merchant's way to the API of one service. Paths begin with `/`. */
export type Api = {
  /** An object, or nothing where there is none. */
  find<Found>(path: string): Promise<Found | undefined>;
  /** The bytes of a file, or nothing as long as it is not made. */
  file(path: string): Promise<Uint8Array | undefined>;
  /** Every object of a list, page by page. */
  all<Item extends { id: string }>(path: string): Promise<Item[]>;
  /** Creates an object, and tells the Request-Id with which all that follows can be found. */
  post<Created>(path: string, body: unknown): Promise<{ created: Created; requestId: string }>;
  /** The same where the refusal of a card is an answer as well: a problem, with the status 402. */
  ask<Created>(path: string, body: unknown): Promise<{ status: number; answer: Created }>;
};

/**
 * A merchant's way to the services of the running stack. Each call throws when its answer is not a success.
 *
 * @throws when no stack is running at FANFOLD_PORT, or not all of it
 */
export async function connect(merchantId: string): Promise<Record<'payments' | 'billing' | 'audit', Api>> {
  const stack = await runningStack();
  const token = await developmentToken(merchantId, merchantScopes(), 3600);
  const apiOf = (service: string): Api => {
    const url = stack.services[service]?.url;
    if (!url) {
      throw new Error(
        `${service} is not running at ${stack.issuer}. Wait for \`pnpm dev\` to say that it is ready.`,
      );
    }
    return api(url, token);
  };
  return { payments: apiOf('payments'), billing: apiOf('billing'), audit: apiOf('audit') };
}

function api(url: string, token: string): Api {
  const send = async (path: string, init: RequestInit = {}, accepted?: number): Promise<Response> => {
    const headers = { Authorization: `Bearer ${token}`, ...init.headers };
    const signal = AbortSignal.timeout(30_000);
    const response = await fetch(url + path, { ...init, headers, signal }).catch((error: Error) => {
      const reason = error.name === 'TimeoutError' ? 'in 30 s' : 'any more';
      throw new Error(`${url} does not answer ${reason}. See what \`pnpm dev\` prints.`, { cause: error });
    });
    if (response.ok || response.status === 404 || response.status === accepted) return response;
    throw new Error(
      `${init.method ?? 'GET'} ${path} was answered ${response.status}: ${await response.text()}`,
    );
  };
  const create = (path: string, body: unknown, accepted?: number) =>
    send(
      path,
      {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
        body: JSON.stringify(body),
      },
      accepted,
    );
  return {
    async find<Found>(path: string) {
      const response = await send(path);
      return response.ok ? ((await response.json()) as Found) : undefined;
    },
    async file(path) {
      const response = await send(path, {}, 409);
      return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
    },
    async all<Item extends { id: string }>(path: string) {
      const items: Item[] = [];
      for (let hasMore = true; hasMore; ) {
        const last = items.at(-1);
        const after = last ? `&startingAfter=${encodeURIComponent(last.id)}` : '';
        const response = await send(`${path}${path.includes('?') ? '&' : '?'}limit=100${after}`);
        const page = (await response.json()) as { data: Item[]; hasMore: boolean };
        items.push(...page.data);
        ({ hasMore } = page);
      }
      return items;
    },
    async post<Created>(path: string, body: unknown) {
      const response = await create(path, body);
      return {
        created: (await response.json()) as Created,
        requestId: response.headers.get('Request-Id') ?? '',
      };
    },
    async ask<Created>(path: string, body: unknown) {
      const response = await create(path, body, 402);
      return { status: response.status, answer: (await response.json()) as Created };
    },
  };
}
