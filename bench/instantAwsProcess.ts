import { hash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Calls } from './calls.ts';

type Key = { pk: { S: string } };

let items: Record<string, unknown> = {};
let calls: Calls = {};

/** What each operation is answered with. Nothing is kept: every condition holds. */
// biome-ignore lint/suspicious/noExplicitAny: requests of several services
const answers: Record<string, (request: any) => unknown> = {
  'DynamoDB_20120810.GetItem': ({ Key }: { Key: Key }) => ({ Item: items[Key.pk.S] }),
  'DynamoDB_20120810.BatchGetItem': ({
    RequestItems,
  }: {
    RequestItems: Record<string, { Keys: Key[] }>;
  }) => ({
    Responses: Object.fromEntries(
      Object.entries(RequestItems).map(([table, { Keys }]) => [
        table,
        Keys.flatMap(({ pk }) => items[pk.S] ?? []),
      ]),
    ),
    UnprocessedKeys: {},
  }),
  'DynamoDB_20120810.Query': () => ({ Items: [], Count: 0, ScannedCount: 0 }),
  'DynamoDB_20120810.PutItem': () => ({}),
  'DynamoDB_20120810.UpdateItem': () => ({}),
  'DynamoDB_20120810.TransactWriteItems': () => ({}),
  'AmazonSQS.SendMessageBatch': ({ Entries }: { Entries: { Id: string; MessageBody: string }[] }) => ({
    Successful: Entries.map(({ Id, MessageBody }) => ({
      Id,
      MessageId: Id,
      MD5OfMessageBody: hash('md5', MessageBody),
    })),
    Failed: [],
  }),
};

const server = createServer(async (request, response) => {
  const operation = String(request.headers['x-amz-target']);
  const body = await buffer(request);
  const answer = answers[operation];
  const name = operation.replace(/^(DynamoDB)_\d+\./, '$1 ').replace(/^Amazon(SQS)\./, '$1 ');
  calls[name] = (calls[name] ?? 0) + 1;
  response.setHeader('content-type', 'application/x-amz-json-1.0');
  if (!answer) {
    response.writeHead(400).end(JSON.stringify({ __type: 'UnknownOperation', message: operation }));
    return;
  }
  response.end(JSON.stringify(answer(JSON.parse(body.toString()))));
});
// Whoever closes an idle connection in the very moment of a request makes the SDK try again, and that would count.
server.keepAliveTimeout = 0;

process.on('message', (message) => {
  if (message === 'take') {
    process.send?.(calls);
    calls = {};
    return;
  }
  items = message as typeof items;
  server.listen(0, '127.0.0.1', () => {
    process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
});
process.on('disconnect', () => process.exit());
