import type { Depth, LiveMessage, Operation, Picture, SeenEvent } from '../src/api.ts';
import { authorization } from './calls.ts';
import { changed, changedSoon } from './render.ts';

/** What the page is told while it is open. */
export const live = {
  picture: undefined as Picture | undefined,
  depths: new Map<string, Depth>(),
  /** The last ones, the newest last. */
  events: [] as (SeenEvent & { seenAtMs: number })[],
  operations: [] as Operation[],
  troubles: [] as string[],
  isConnected: false,
  isLetIn: true,
};

const maxEvents = 500;
const againMs = 1_000;
const listeners = new Set<(events: SeenEvent[]) => void>();

/** Tells of events as they come. @returns what ends it */
export function onEvents(listener: (events: SeenEvent[]) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

let connection: AbortController | undefined;

/** Listens from now on, again whenever the console was away. @param merchantId whose events are seen in AWS */
export async function listen(merchantId: string | undefined): Promise<void> {
  connection?.abort();
  connection = new AbortController();
  const { signal } = connection;
  while (!signal.aborted) {
    try {
      await listenOnce(merchantId, signal);
    } catch {
      // It is said below that nobody is there.
    }
    if (signal.aborted) return;
    live.isConnected = false;
    changed();
    if (!live.isLetIn) return;
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}

async function listenOnce(merchantId: string | undefined, signal: AbortSignal): Promise<void> {
  const query = merchantId ? `?${new URLSearchParams({ merchant: merchantId })}` : '';
  // Not EventSource, which sends no header.
  const response = await fetch(`/console/live${query}`, { headers: authorization(), signal });
  live.isLetIn = response.status !== 401;
  if (!response.ok || !response.body) return;
  live.isConnected = true;
  live.events = [];
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n\n');
    rest = parts.pop() ?? '';
    for (const part of parts) hear(JSON.parse(part.slice('data: '.length)));
  }
}

function hear(message: LiveMessage): void {
  if ('picture' in message) live.picture = message.picture;
  if ('operations' in message) live.operations = message.operations;
  if ('troubles' in message) live.troubles = message.troubles;
  if ('depths' in message) live.depths = new Map(message.depths.map((depth) => [depth.name, depth]));
  if ('events' in message) {
    const seenAtMs = performance.now();
    const known = new Set(live.events.slice(-100).map(({ id }) => id));
    const fresh = message.events.filter(({ id }) => !known.has(id));
    live.events = [...live.events, ...message.events.map((event) => ({ ...event, seenAtMs }))].slice(
      -maxEvents,
    );
    for (const listener of listeners) listener(fresh);
  }
  changedSoon();
}
