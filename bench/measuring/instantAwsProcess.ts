import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { publicKeySet } from '@fanfold/local-cloud/issuer';
import type { Calls } from './calls.ts';
import { listen } from './http.ts';

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
  'DynamoDB_20120810.Scan': () => ({ Items: [], Count: 0, ScannedCount: 0 }),
  'DynamoDB_20120810.Query': () => ({ Items: [], Count: 0, ScannedCount: 0 }),
  'DynamoDB_20120810.PutItem': () => ({}),
  'DynamoDB_20120810.UpdateItem': () => ({}),
  'DynamoDB_20120810.TransactWriteItems': () => ({}),
  'secretsmanager.GetSecretValue': () => ({
    SecretString: JSON.stringify({ key: 'sk_test_bench', webhookSecrets: ['whsec_bench'] }),
  }),
  'AmazonSQS.SendMessageBatch': ({ Entries }: { Entries: { Id: string; MessageBody: string }[] }) => ({
    Successful: Entries.map(({ Id, MessageBody }) => ({
      Id,
      MessageId: Id,
      MD5OfMessageBody: hash('md5', MessageBody),
    })),
    Failed: [],
  }),
};

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = (await buffer(request)).toString();
  const { method, url = '', headers } = request;
  if (url === '/.well-known/jwks.json') {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(await publicKeySet()));
    return;
  }
  if (url.startsWith('/v1/payment_intents')) {
    count('Stripe');
    const status = url.endsWith('/confirm') ? 'succeeded' : 'requires_payment_method';
    const intent = { id: 'pi_1', object: 'payment_intent', status, amount_received: 12_100, currency: 'eur' };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(intent));
    return;
  }
  const target = headers['x-amz-target'];
  if (target === undefined) {
    if (method === 'POST') answerSns(body, response);
    else answerS3(method, response);
    return;
  }
  const operation = String(target);
  count(operation.replace(/^(DynamoDB)_\d+\./, '$1 ').replace(/^Amazon(SQS)\./, '$1 '));
  const answerTo = answers[operation];
  response.setHeader('content-type', 'application/x-amz-json-1.0');
  if (!answerTo) {
    response.writeHead(400).end(JSON.stringify({ __type: 'UnknownOperation', message: operation }));
    return;
  }
  response.end(JSON.stringify(answerTo(JSON.parse(body))));
}

process.on('message', async (message) => {
  if (message === 'take') {
    process.send?.(calls);
    calls = {};
    return;
  }
  items = message as typeof items;
  process.send?.((await listen(answer)).url);
});
process.on('disconnect', () => process.exit());

function count(call: string): void {
  calls[call] = (calls[call] ?? 0) + 1;
}

/** Every message was taken. https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
function answerSns(body: string, response: ServerResponse): void {
  const form = new URLSearchParams(body);
  count(`SNS ${form.get('Action')}`);
  const ids = [...form].filter(([name]) => /^PublishBatchRequestEntries\.member\.\d+\.Id$/.test(name));
  const taken = ids.map(([, id]) => `<member><Id>${id}</Id><MessageId>${id}</MessageId></member>`).join('');
  response
    .setHeader('content-type', 'text/xml')
    .end(
      `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful>${taken}</Successful><Failed/></PublishBatchResult></PublishBatchResponse>`,
    );
}

/** There is nothing in any bucket. */
function answerS3(method: string | undefined, response: ServerResponse): void {
  count(`S3 ${method === 'PUT' ? 'PutObject' : 'GetObject'}`);
  response.setHeader('content-type', 'application/xml');
  if (method === 'PUT') response.end();
  else response.writeHead(404).end('<Error><Code>NoSuchKey</Code><Message>Not there.</Message></Error>');
}
