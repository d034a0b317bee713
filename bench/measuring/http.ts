import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A server of this process, on a free port of 127.0.0.1. */
export async function listen(listener: RequestListener): Promise<{ url: string; stop(): void }> {
  const server = createServer(listener);
  // Whoever closes an idle connection in the very moment of a request makes the SDK try again, and that would count.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export type Answer = { status: number; headers: IncomingMessage['headers']; body: Buffer };

/** Sends a request on to an endpoint that answers it. */
export const forward = (
  endpoint: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { connection: _ours, ...rest } = headers;
    request(
      `${endpoint}${url}`,
      { method, headers: { ...rest, 'content-length': body.length } },
      (answer) => {
        buffer(answer).then(
          (received) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: received }),
          reject,
        );
      },
    )
      .once('error', reject)
      .end(body);
  });
