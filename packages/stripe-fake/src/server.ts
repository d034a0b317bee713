import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { type Settings, StripeFake } from './stripeFake.ts';

export type StripeServer = { url: string; fake: StripeFake; stop(): Promise<void> };

/**
 * Starts a fake of Stripe at a port of 127.0.0.1, or at a free one. It sends notifications to `webhookUrl`, each twice and the later
 * ones first, and again until they are taken.
 */
export async function startStripeFake({
  port = 0,
  webhookUrl,
  ...settings
}: Settings & { port?: number; webhookUrl?: string } = {}): Promise<StripeServer> {
  const fake = new StripeFake(settings);
  const keysInUse = new Set<string>();
  const server = createServer((request, response) => {
    answer(fake, keysInUse, request, response).catch((error: Error) => response.destroy(error));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stopped = new AbortController();
  const sender = webhookUrl === undefined ? undefined : sendNotifications(fake, webhookUrl, stopped.signal);
  return {
    url: fake.url,
    fake,
    async stop() {
      stopped.abort();
      await sender;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(
  fake: StripeFake,
  keysInUse: Set<string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = '', url: path = '' } = request;
  const body = await text(request);
  const [, authenticating] = /^\/authenticate\/(\w+)/.exec(path) ?? [];
  if (authenticating) {
    const { next_action } = fake.intents.get(authenticating) ?? {};
    fake.authenticate(authenticating, !path.endsWith('?failed'));
    const location = next_action?.redirect_to_url?.return_url;
    response.writeHead(location ? 303 : 200, location ? { location } : {}).end();
    return;
  }
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  const key = headers['idempotency-key'];
  if (key !== undefined && keysInUse.has(key)) {
    const error = { type: 'idempotency_error', code: 'idempotency_key_in_use' };
    response.writeHead(409, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
    return;
  }
  if (key !== undefined) keysInUse.add(key);
  try {
    const answered = fake.answer({ method, path, headers, body });
    if (!answered) response.destroy();
    else response.writeHead(answered.status, answered.headers).end(answered.body);
  } finally {
    if (key !== undefined) keysInUse.delete(key);
  }
}

async function sendNotifications(fake: StripeFake, url: string, signal: AbortSignal): Promise<void> {
  let waiting: StripeFake['events'] = [];
  fake.onEvent = (event) => waiting.push(event);
  while (!signal.aborted) {
    await delay(50, undefined, { signal }).catch(() => {});
    const batch = waiting.reverse();
    waiting = [];
    for (const event of [...batch, ...batch]) {
      if (signal.aborted) return;
      const { body, signature } = fake.notification(event);
      const headers = { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature };
      const sent = await fetch(url, { method: 'POST', headers, body, signal }).catch(() => undefined);
      if (!sent?.ok) waiting.push(event);
    }
  }
}
