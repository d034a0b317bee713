import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { callMs } from '../cost/invocations.ts';

/** What consumers asked of DynamoDB, and how often a transaction was refused because others had come first. */
export type Asked = { reads: number; transactions: number; conflicts: number };

/**
 * A way to a table whose calls take as long as in AWS. A transaction takes twice as long as another call, because it is two
 * rounds, of which the first one only asks whether all of it can be written.
 * https://www.usenix.org/conference/atc23/presentation/idziorek
 */
export type Network = {
  url: string;
  /** From now on calls go to this endpoint, and take this many times as long as in AWS: 0 is this machine's own speed. */
  lead(endpoint: string, timesLatency: number): void;
  /** What was asked since it was taken last. */
  take(): Asked;
  stop(): void;
};

export const latencyMs = { read: callMs, transaction: 2 * callMs };

export async function startNetwork(): Promise<Network> {
  let target = '';
  let factor = 0;
  let asked: Asked = { reads: 0, transactions: 0, conflicts: 0 };
  const agent = new Agent({ keepAlive: true });
  const server = createServer(async (incoming, outgoing) => {
    try {
      const isTransaction = String(incoming.headers['x-amz-target']).endsWith('.TransactWriteItems');
      const halfWayMs = ((isTransaction ? latencyMs.transaction : latencyMs.read) * factor) / 2;
      const body = await buffer(incoming);
      if (halfWayMs > 0) await delay(halfWayMs);
      const answer = await forward(target, incoming, body, agent);
      const answerBody = await buffer(answer);
      asked[isTransaction ? 'transactions' : 'reads'] += 1;
      if (answer.statusCode !== 200 && answerBody.includes('TransactionCanceledException'))
        asked.conflicts += 1;
      if (halfWayMs > 0) await delay(halfWayMs);
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(answerBody);
    } catch (error) {
      outgoing.destroy(error as Error);
    }
  });
  // Whoever closes an idle connection in the very moment of a request makes the SDK try again, and that would count.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lead(endpoint, timesLatency) {
      target = endpoint;
      factor = timesLatency;
    },
    take() {
      const taken = asked;
      asked = { reads: 0, transactions: 0, conflicts: 0 };
      return taken;
    },
    stop() {
      agent.destroy();
      server.close();
      server.closeAllConnections();
    },
  };
}

const forward = (
  target: string,
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  agent: Agent,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { connection: _ours, ...rest } = headers;
    request(`${target}${url}`, { method, headers: rest, agent }, resolve).once('error', reject).end(body);
  });
