import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { LogReader } from './logReader.ts';

/** A log in a folder, with the paths of its bucket. */
export const folderReader = (folder: string): LogReader => ({
  name: folder,
  async read(path, maxBytes) {
    const file = await open(join(folder, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (!file) return undefined;
    try {
      const bytes = Buffer.alloc(Math.min((await file.stat()).size, maxBytes + 1));
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        ({ bytesRead: read } = await file.read(bytes, length));
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  },
});

type Patience = { timeoutMs: number; attempts: number; firstPauseMs: number };

/**
 * A log that is served over HTTP. Temporary errors (5xx, 429, connections) are retried. A log cannot send its reader elsewhere:
 * redirections are not followed.
 *
 * @param signal ends all reading
 */
export function urlReader(
  url: string,
  { timeoutMs, attempts, firstPauseMs }: Patience = { timeoutMs: 30_000, attempts: 5, firstPauseMs: 250 },
  signal?: AbortSignal,
): LogReader {
  const base = url.replace(/\/+$/, '');
  const get = async (path: string, maxBytes: number) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`${base}/${path}`, {
      signal: signal ? AbortSignal.any([limit, signal]) : limit,
      redirect: 'manual',
    });
    if (response.ok) return { bytes: await bytesOf(response, maxBytes) };
    await response.body?.cancel();
    const { status } = response;
    if (status === 404) return { bytes: undefined };
    if (status === 429 || status >= 500) throw new Error(`answered ${status}`);
    const location = response.headers.get('location')?.slice(0, 200);
    return {
      refused:
        status >= 400
          ? `${status}`
          : `${status}, which points to ${location}: give the URL of the log itself`,
    };
  };
  return {
    name: base,
    async read(path, maxBytes) {
      for (let attempt = 1; ; attempt++) {
        try {
          const { bytes, refused } = await get(path, maxBytes);
          if (!refused) return bytes;
          throw Object.assign(new Error(`${base}/${path} was answered ${refused}.`), { isFinal: true });
        } catch (error) {
          if ((error as { isFinal?: true }).isFinal || signal?.aborted) throw error;
          if (attempt === attempts) {
            const { message, cause } = error as Error;
            const reason =
              cause instanceof Error ? cause.message || (cause as { code?: string }).code : message;
            throw new Error(
              `${base}/${path} cannot be read (${reason}), after ${attempts} attempts. Try again later.`,
            );
          }
        }
        await pause(firstPauseMs * 2 ** (attempt - 1), undefined, { signal });
      }
    },
  };
}

async function bytesOf(response: Response, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop cancels the rest.
  for await (const part of response.body ?? []) {
    parts.push(part);
    length += part.length;
    if (length > maxBytes) break;
  }
  return Buffer.concat(parts).subarray(0, maxBytes + 1);
}
