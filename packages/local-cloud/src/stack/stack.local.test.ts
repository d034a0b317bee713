import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterEach, expect, test, vi } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { signToken } from './issuer.ts';
import { freeBasePort } from './ports.ts';
import { basePort, findStack, joinStack, register, type Stack, startStack } from './stack.ts';

const stacks: Stack[] = [];
async function started(base: number, dataFolder?: string): Promise<Stack> {
  const stack = await startStack(base, dataFolder);
  stacks.push(stack);
  return stack;
}
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
});

const service = { url: 'http://127.0.0.1:4101', lambdaUrl: 'http://127.0.0.1:4199' };

test('a stack is found by its base port and says where everything is', async () => {
  const base = await freeBasePort();
  expect(await findStack(base)).toBeUndefined();
  await started(base);
  const found = await findStack(base);
  expect(found).toEqual({
    name: 'fanfold',
    pid: process.pid,
    issuer: `http://127.0.0.1:${base}`,
    endpoints: {
      aws: `http://127.0.0.1:${base + 4}`,
      dynamodb: `http://127.0.0.1:${base + 5}`,
      kms: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    },
    services: {},
  });
  await new SQSClient(clientConfiguration(`http://127.0.0.1:${base + 4}`)).send(new ListQueuesCommand({}));
  await new DynamoDBClient(clientConfiguration(`http://127.0.0.1:${base + 5}`)).send(
    new ListTablesCommand({}),
  );
});

test('what is measured can be read, and SNS taken away and given back, by this machine only', async () => {
  const base = await freeBasePort();
  const { measurements, topic } = await started(base);
  const at = `http://127.0.0.1:${base}/stack`;
  measurements?.run('janitor', true);
  const read = await fetch(`${at}/measurements?sinceMs=0`);
  expect(await read.json()).toMatchObject([{ dimensions: { FunctionName: 'janitor' }, value: 1 }]);
  const later = await fetch(`${at}/measurements?sinceMs=${Date.now() + 60_000}`);
  expect(await later.json()).toEqual([]);
  const put = async (isAvailable: boolean, headers = {}) => {
    const init = { method: 'PUT', headers, body: JSON.stringify({ isAvailable }) };
    return [(await fetch(`${at}/topic`, init)).status, topic?.isAvailable];
  };
  expect(await put(false, { origin: 'https://elsewhere.invalid' })).toEqual([403, true]);
  expect(await put(false)).toEqual([204, false]);
  expect(await put(true)).toEqual([204, true]);
});

test('its key set proves the tokens of this repository', async () => {
  const { description } = await started(await freeBasePort());
  const { issuer } = description;
  const token = await signToken({
    issuer,
    subject: 'ada',
    merchantId: 'm_1',
    scopes: [],
    expiresInSeconds: 60,
  });
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  await expect(jwtVerify(token, keys, { issuer })).resolves.toBeDefined();
});

test('of several processes that want a stack at once, one starts it and the others join it', async () => {
  const base = await freeBasePort();
  const joined = await Promise.all([1, 2, 3].map(() => joinStack(base)));
  stacks.push(...joined);
  expect(new Set(joined.map(({ description }) => description.endpoints.aws)).size).toBe(1);
  await Promise.all(joined.map((stack) => stack.stop()));
  expect(await findStack(base)).toBeUndefined();
});

test('a service belongs to the stack until it ends', async () => {
  const base = await freeBasePort();
  const { description } = await started(base);
  const registration = await register(description.issuer, 'payments', service);
  expect((await findStack(base))?.services).toEqual({ payments: service });
  registration.end();
  await vi.waitFor(async () => expect((await findStack(base))?.services).toEqual({}), 10_000);
});

test('a service does not take the place of another, and a web page takes none', async () => {
  const base = await freeBasePort();
  const { description } = await started(base);
  const registration = await register(description.issuer, 'payments', service);
  const other = { ...service, url: 'http://127.0.0.1:1' };
  await expect(register(description.issuer, 'payments', other)).rejects.toThrow(
    `payments runs already, at ${service.url}`,
  );
  for (const headers of [{ origin: 'http://evil.example' }, { host: 'evil.example' }]) {
    const sent = request(`${description.issuer}/services`, { method: 'POST', headers, agent: false });
    sent.end(JSON.stringify({ name: 'audit', ...other }));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(403);
    response.resume();
    const asked = request(description.issuer, { headers, agent: false }).end();
    const [refusal] = (await once(asked, 'response')) as [IncomingMessage];
    expect(refusal.statusCode).toBe(403);
    refusal.resume();
  }
  expect((await findStack(base))?.services).toEqual({ payments: service });
  registration.end();
});

test('a data folder is one stack’s, until it stops or is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'data-'));
  const stack = await started(await freeBasePort(), folder);
  const second = await freeBasePort();
  await expect(startStack(second, folder)).rejects.toThrow(`is used by another stack (pid ${process.pid})`);
  expect(await findStack(second)).toBeUndefined();
  await stack.stop();
  // Of a stack that was killed the file stays, and its number may be another process's by now.
  await writeFile(join(folder, 'stack.pid'), String(process.pid));
  await (await started(second, folder)).stop();
  await rm(folder, { recursive: true });
});

test('a service learns that its stack has ended', async () => {
  const stack = await started(await freeBasePort());
  const registration = await register(stack.description.issuer, 'payments', service);
  await stack.stop();
  await registration.ended;
});

test('a port that something else has is not a stack: the error names the process', async () => {
  const other = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  await expect(joinStack(port)).rejects.toThrow(new RegExp(`Port ${port} is taken by .*pid ${process.pid}`));
  other.close();
});

test('a port above the base port that is taken is named, and nothing is left behind', async () => {
  const base = await freeBasePort();
  const other = createServer().listen(base + 5, '127.0.0.1');
  await once(other, 'listening');
  await expect(joinStack(base)).rejects.toThrow(`Port ${base + 5} is taken by`);
  expect(await findStack(base)).toBeUndefined();
  other.close();
});

test('FANFOLD_PORT chooses the base port, 4000 without it', () => {
  vi.stubEnv('FANFOLD_PORT', undefined);
  expect(basePort()).toBe(4000);
  vi.stubEnv('FANFOLD_PORT', '4100');
  expect(basePort()).toBe(4100);
  for (const wrong of ['', 'abc', '0', '65531', '40.5']) {
    vi.stubEnv('FANFOLD_PORT', wrong);
    expect(basePort).toThrow(/FANFOLD_PORT/);
  }
});
