import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { isForeign } from '../foreign.ts';
import { FunctionError } from './invoke.ts';

export type LambdaEndpoint = { url: string; stop(): void };

/**
 * Lambda's `Invoke`, over HTTP at 127.0.0.1, for functions that `invoke` finds by name.
 *
 * @param port any free one by default
 */
export async function startLambdaEndpoint(
  invoke: (functionName: string, event: unknown) => Promise<unknown>,
  port = 0,
): Promise<LambdaEndpoint> {
  const server = createServer((request, response) => {
    answer(request, response, invoke).catch((error: Error) => {
      reply(response, 404, { Type: 'User', Message: error.message });
    });
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  invoke: (functionName: string, event: unknown) => Promise<unknown>,
): Promise<void> {
  const [, name] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
  if (isForeign(request)) {
    reply(response, 403, { Type: 'User', Message: 'Functions are run for tools on this machine only.' });
    return;
  }
  if (request.method !== 'POST' || name === undefined) {
    throw new Error('Functions are run by POST /2015-03-31/functions/<name>/invocations.');
  }
  const body = await text(request);
  let event: unknown;
  try {
    event = body === '' ? {} : JSON.parse(body);
  } catch {
    reply(response, 400, { Type: 'User', Message: 'The payload is not JSON.' });
    return;
  }
  const running = invoke(decodeURIComponent(name).split(':').at(-1) as string, event);
  if (request.headers['x-amz-invocation-type'] === 'Event') {
    // Its failure is in the log of the function.
    running.catch(() => {});
    response.writeHead(202).end();
    return;
  }
  try {
    reply(response, 200, (await running) ?? null);
  } catch (error) {
    if (!(error instanceof FunctionError)) throw error;
    response.setHeader('x-amz-function-error', 'Unhandled');
    reply(response, 200, error.failure);
  }
}

const reply = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};
