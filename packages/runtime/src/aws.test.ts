import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { type HttpRequest, HttpResponse } from '@smithy/core/protocols';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, expect, test, vi } from 'vitest';
import { clientSettings, keepSigner } from './aws.ts';

// Whatever other files have made of it.
mockClient(DynamoDBClient).restore();

test.each([
  ['its answer', 200],
  ['its error', 400],
])('The SDK copies nothing of a call and %s for a log that nobody reads', async (_what, statusCode) => {
  const response = new HttpResponse({ statusCode, headers: {}, body: Buffer.from('{}') });
  const client = new DynamoDBClient({
    ...clientSettings,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: { handle: async () => ({ response }) },
  });
  const copy = vi.fn();
  client.middlewareStack.add(
    (next, context) => {
      Object.assign(context, { inputFilterSensitiveLog: copy, outputFilterSensitiveLog: copy });
      return next;
    },
    { step: 'initialize', priority: 'high' },
  );
  await client.send(new ListTablesCommand({})).catch((error) => expect(statusCode, error).toBe(400));
  expect(copy).not.toHaveBeenCalled();
});

test('What surrounds an operation is put together once, and calls at the same time get their own answers', async () => {
  const client = new DynamoDBClient({
    ...clientSettings,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: {
      handle: async ({ body }: HttpRequest) => {
        const { Limit } = JSON.parse(body);
        const answer = Buffer.from(JSON.stringify({ TableNames: [`table-${Limit}`] }));
        return { response: new HttpResponse({ statusCode: 200, headers: {}, body: answer }) };
      },
    },
  });
  const surround = vi.fn((next) => next);
  client.middlewareStack.add(surround, { step: 'initialize' });
  const answers = await Promise.all([1, 2, 3].map((Limit) => client.send(new ListTablesCommand({ Limit }))));
  expect(answers.map(({ TableNames }) => TableNames)).toEqual([['table-1'], ['table-2'], ['table-3']]);
  expect(surround).toHaveBeenCalledOnce();
});

test('A client that keeps its signer makes one, and another one only when that failed', async () => {
  let made = 0;
  const client = keepSigner(
    new DynamoDBClient({
      ...clientSettings,
      maxAttempts: 1,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      signerConstructor: class {
        constructor() {
          made += 1;
          if (made === 1) throw new Error('no entropy');
        }
        sign = async (request: HttpRequest) => request;
      } as never,
      requestHandler: {
        handle: async () => ({
          response: new HttpResponse({ statusCode: 200, headers: {}, body: Buffer.from('{}') }),
        }),
      },
    }),
  );
  await expect(client.send(new ListTablesCommand({}))).rejects.toThrow('no entropy');
  await Promise.all([client.send(new ListTablesCommand({})), client.send(new ListTablesCommand({}))]);
  await client.send(new ListTablesCommand({}));
  expect(made).toBe(2);
});

afterEach(() => {
  vi.useRealTimers();
});

test('Calls are signed as the SDK signs them by itself', async () => {
  vi.useFakeTimers({ now: Date.UTC(2026, 10, 26), toFake: ['Date'] });
  const signatures: (string | undefined)[] = [];
  // The SDK's own id of a call is drawn, and signed.
  const withoutId =
    (next: (call: { request: HttpRequest }) => unknown) => (call: { request: HttpRequest }) => {
      delete call.request.headers['amz-sdk-invocation-id'];
      return next(call);
    };
  for (const sha256 of [clientSettings.sha256, undefined]) {
    const bare = new DynamoDBClient({
      ...(sha256 && { sha256 }),
      region: 'eu-west-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'café' },
      requestHandler: {
        handle: async ({ headers }: HttpRequest) => {
          signatures.push(headers.authorization);
          return { response: new HttpResponse({ statusCode: 200, headers: {}, body: Buffer.from('{}') }) };
        },
      },
    });
    const client = sha256 ? keepSigner(bare) : bare;
    client.middlewareStack.addRelativeTo(withoutId as never, {
      relation: 'before',
      toMiddleware: 'httpSigningMiddleware',
    });
    await client.send(new ListTablesCommand({}));
    await client.send(new ListTablesCommand({ Limit: 1 }));
  }
  const [first, second, ...byItself] = signatures;
  expect(first).toMatch(/^AWS4-HMAC-SHA256 .* Signature=[0-9a-f]{64}$/);
  expect([first, second]).toEqual(byItself);
});
