import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, forward, listen } from '../../measuring/http.ts';
import { callMs } from '../cost/invocations.ts';

/**
 * What consumers asked of DynamoDB; how often a transaction was refused because others had come first, and how often of that
 * because they were not through yet.
 */
export type Asked = { reads: number; transactions: number; conflicts: number; overlaps: number };

/**
 * A way to a table whose calls take as long as in AWS. A transaction takes twice as long as another call, because it is two
 * rounds, of which the first one only asks whether all of it can be written. From then until it is written, a quarter of its
 * time before and after the middle, DynamoDB cancels every other that wants one of its items, with `TransactionConflict`. The
 * emulator does not, as it runs one after another.
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
  let asked: Asked = { ...nothingAsked };
  const ongoing = new Set<string>();
  const server = await listen(async (incoming, outgoing) => {
    try {
      const isTransaction = String(incoming.headers['x-amz-target']).endsWith('.TransactWriteItems');
      const takesMs = (isTransaction ? latencyMs.transaction : latencyMs.read) * factor;
      const body = await buffer(incoming);
      asked[isTransaction ? 'transactions' : 'reads'] += 1;
      const items = isTransaction && takesMs > 0 ? itemsIn(body) : [];
      await pass(takesMs / 4);
      const reasons = items.map((item) => ongoing.has(item));
      if (reasons.includes(true)) {
        asked.conflicts += 1;
        asked.overlaps += 1;
        await pass(takesMs / 4);
        outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(cancelled(reasons));
        return;
      }
      for (const item of items) ongoing.add(item);
      let answer: Answer;
      try {
        await pass(takesMs / 4);
        answer = await forward(target, incoming, body);
        await pass(takesMs / 4);
      } finally {
        for (const item of items) ongoing.delete(item);
      }
      if (answer.status !== 200 && answer.body.includes('TransactionCanceledException')) asked.conflicts += 1;
      await pass(takesMs / 4);
      outgoing.writeHead(answer.status, answer.headers).end(answer.body);
    } catch (error) {
      outgoing.destroy(error as Error);
    }
  });
  return {
    url: server.url,
    lead(endpoint, timesLatency) {
      target = endpoint;
      factor = timesLatency;
    },
    take() {
      const taken = asked;
      asked = { ...nothingAsked };
      return taken;
    },
    stop: server.stop,
  };
}

const nothingAsked: Asked = { reads: 0, transactions: 0, conflicts: 0, overlaps: 0 };

const pass = (ms: number): Promise<void> | undefined => (ms > 0 ? delay(ms) : undefined);

type Written = { TableName: string; Key?: object; Item?: { pk?: object; sk?: object } };

/** What a transaction writes, by table and key. */
const itemsIn = (body: Buffer): string[] =>
  (JSON.parse(String(body)) as { TransactItems: Record<string, Written>[] }).TransactItems.flatMap((each) =>
    Object.values(each).map(({ TableName, Key, Item }) => {
      const { pk, sk } = (Key ?? Item ?? {}) as NonNullable<Written['Item']>;
      return JSON.stringify([TableName, pk, sk]);
    }),
  );

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html */
const cancelled = (isOngoing: boolean[]): string =>
  JSON.stringify({
    __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
    Message: 'Transaction cancelled, please refer cancellation reasons for specific reasons',
    CancellationReasons: isOngoing.map((is) =>
      is ? { Code: 'TransactionConflict', Message: 'Transaction is ongoing for the item' } : { Code: 'None' },
    ),
  });
