import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addressOf, isForConsole } from '@fanfold/console/address';
import { answerConsole } from '@fanfold/console/server';
import { isOfForeignPage } from '@fanfold/local-cloud/foreign';
import { cloudOf } from '../aws/cloud.ts';
import { consoleOf } from '../console/console.ts';
import { UsageError } from '../errors.ts';
import { notify, print } from '../terminal.ts';
import { interruption } from './interruption.ts';

type Options = { stage: string; region?: string; port: number };

/**
 * `fanfold console`: serves the console of a stage on this machine until it is interrupted, and prints its address.
 *
 * @throws UsageError when there is no such stage
 * @throws when the port is taken, or AWS lets nobody in
 */
export async function serveConsole({ port, ...place }: Options): Promise<void> {
  const signal = interruption();
  // A mistyped stage is told here, and not on a page.
  await cloudOf(place);
  const behind = consoleOf(place);
  const server = createServer((request, response) => {
    if (isOfForeignPage(request)) {
      response.writeHead(403).end('Requests come from this machine only.');
    } else if (isForConsole(request)) {
      answerConsole(request, response, behind).catch((error: Error) => response.destroy(error));
    } else {
      response.writeHead(404).end('The console is at /.');
    }
  }).listen(port, '127.0.0.1');
  await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new UsageError(
      `Port ${port} is taken: choose another one with --port, or any free one without it.`,
    );
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  print(addressOf(origin, behind.token));
  notify(`The console of ${place.stage}, until Ctrl-C. Who has the address may do what you may.`);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  server.close();
  server.closeAllConnections();
}
