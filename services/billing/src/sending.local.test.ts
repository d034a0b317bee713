import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { sha256 } from './files/written.ts';

/** The consumer of docs/sending.md, beside this service's packages, and the servers that it asks. */
let folder: string;
let server: Server;
let handler: (event: unknown, context: unknown) => Promise<{ batchItemFailures: unknown[] }>;

const files: Record<string, string> = {};
const sent: { to: string; key: string | undefined; message: Record<string, unknown> }[] = [];
const tokens: string[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    if (request.method === 'GET') {
      tokens.push(String(request.headers.authorization));
      const file = files[request.url as string];
      response.writeHead(file === undefined ? 404 : 200).end(file);
      return;
    }
    const message = (await json(request)) as Record<string, unknown>;
    sent.push({ to: request.url as string, key: request.headers['idempotency-key'] as string, message });
    response.end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  Object.assign(process.env, {
    BILLING_URL: base,
    MAIL_URL: `${base}/mail`,
    ACCESS_POINT_URL: `${base}/peppol`,
  });
  const page = await readFile(new URL('../../../docs/sending.md', import.meta.url), 'utf8');
  const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  folder = await mkdtemp(join(import.meta.dirname, '../.sending-'));
  await writeFile(join(folder, 'consumer.js'), code);
  await writeFile(
    join(folder, 'tokens.js'),
    "export const tokenFor = async (merchantId) => 'token of ' + merchantId;",
  );
  ({ handler } = await import(pathToFileURL(join(folder, 'consumer.js')).href));
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  sent.length = 0;
  tokens.length = 0;
});

type Data = Record<string, unknown> & { documents?: { profile: string; path: string; sha256: string }[] };

async function example(type: string, change: (data: Data) => object = () => ({})) {
  const file = new URL(`../../../packages/contracts/examples/${type}.json`, import.meta.url);
  const event = JSON.parse(await readFile(file, 'utf8'));
  return { ...event, data: { ...event.data, ...change(event.data) } };
}

const deliver = (event: object) =>
  handler(
    {
      Records: [
        {
          messageId: '1',
          body: JSON.stringify(event),
          attributes: { ApproximateReceiveCount: '1' },
          messageAttributes: {},
        },
      ],
    },
    { getRemainingTimeInMillis: () => 15_000 },
  );

it('The consumer of docs/sending.md mails a PDF when it is there, under the id of its event', async () => {
  const event = await example('invoice.rendered.v1', () => ({ sha256: sha256('%PDF') }));
  files[event.data.path] = '%PDF';
  expect(await deliver(event)).toEqual({ batchItemFailures: [] });
  expect(tokens).toEqual(['Bearer token of acme']);
  expect(sent).toEqual([
    {
      to: '/mail',
      key: event.id,
      message: {
        to: 'ada@example.com',
        subject: event.data.number,
        attachment: { name: `${event.data.number}.pdf`, content: Buffer.from('%PDF').toString('base64') },
      },
    },
  ]);
});

it('The consumer of docs/sending.md sends a UBL to the address of the buyer, if it has one and there is a UBL', async () => {
  const withUbl = (data: Data) => ({
    documents: data.documents?.map((file) => ({ ...file, sha256: sha256('<CreditNote/>') })),
  });
  const event = await example('credit-note.issued.v1', withUbl);
  for (const { path } of event.data.documents) files[path] = '<CreditNote/>';
  await deliver(event);
  expect(sent).toEqual([
    { to: '/peppol', key: event.id, message: { receiver: '0208:0403019261', document: '<CreditNote/>' } },
  ]);
  sent.length = 0;
  await deliver(await example('invoice.issued.v1', () => ({ documents: [] })));
  expect(sent).toEqual([]);
});

it('The consumer of docs/sending.md sends no file but the one that the event names', async () => {
  const event = await example('invoice.rendered.v1');
  files[event.data.path] = 'another file';
  await expect(deliver(event)).rejects.toThrow('All 1 messages of the batch failed');
  expect(sent).toEqual([]);
});
