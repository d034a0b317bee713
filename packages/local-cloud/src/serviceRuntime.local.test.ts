import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type EchoService, startEcho } from '../fixtures/echoService.ts';
import { invoke } from './functions/invoke.ts';

// A service as `serverless offline` runs it, when its functions misbehave and its code is edited.

let echo: EchoService;
beforeAll(async () => {
  echo = await startEcho();
  await echo.ready;
}, 60_000);
afterAll(() => echo.stop());

const internalServerError = { status: 500, body: { message: 'Internal Server Error' } };
const functionName = 'fanfold-echo-local-echo';
const event = (body: object) => ({ body: JSON.stringify(body), requestContext: {} });

test('a handler that throws is a 500 without detail', async () => {
  expect(await echo.post({ how: 'throw' })).toEqual(internalServerError);
  expect(echo.output()).toContain('RangeError: thrown');
});

test('a handler that throws something that is no error is a 500 too', async () => {
  expect(await echo.post({ how: 'throw a string' })).toEqual(internalServerError);
});

test('a handler that takes too long is a 500 too', async () => {
  expect(await echo.post({ how: 'hang' }, { path: '/impatient' })).toEqual(internalServerError);
  expect(echo.output()).toContain('Task timed out after 1.00 seconds');
});

test('what a function needs to start is not taken from its time', async () => {
  // It starts for longer than it may run.
  expect(await echo.post({}, { path: '/slow-start' })).toMatchObject({ status: 200, body: { runs: 1 } });
});

test('an asynchronous invocation that throws does not end the service', async () => {
  const { lambdaUrl } = await echo.ready;
  const response = await fetch(`${lambdaUrl}/2015-03-31/functions/${functionName}/invocations`, {
    method: 'POST',
    headers: { 'x-amz-invocation-type': 'Event' },
    body: JSON.stringify(event({ how: 'throw' })),
  });
  expect(response.status).toBe(202);
  await vi.waitFor(() => expect(echo.output()).toContain('RangeError: thrown'), 10_000);
  expect((await echo.post({})).status).toBe(200);
});

test('200 requests at once are all answered, by ten instances, within the memory of a laptop', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, () => echo.post({ waitMs: 20 })));
  expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
  expect(answers.filter(({ body }) => body.runs === 1).length).toBeLessThanOrEqual(10);
  expect(Math.max(...answers.map(({ body }) => body.runs))).toBeGreaterThanOrEqual(20);
  if (process.platform === 'linux') {
    const [, peakKibibytes] = /VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${echo.pid}/status`, 'utf8')) ?? [];
    expect(Number(peakKibibytes)).toBeLessThan(1.5 * 1024 * 1024);
  }
}, 60_000);

test('edits under load fail no request', async () => {
  const failures: unknown[] = [];
  let seen = 1;
  let loading = true;
  const client = async () => {
    while (loading) {
      const { status, body } = await echo.post({ waitMs: 50 });
      if (status !== 200) failures.push(body);
      else seen = Math.max(seen, body.version);
    }
  };
  const clients = [client(), client(), client(), client()];
  for (const version of [2, 3, 4, 5]) {
    await echo.edit('src/version.ts', `version = ${version - 1}`, `version = ${version}`);
    await vi.waitUntil(() => seen === version, 10_000);
  }
  loading = false;
  await Promise.all(clients);
  expect(failures).toEqual([]);
}, 60_000);

test('edits while messages are being handled interrupt none: each is consumed, and once', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `slowly-${index}`);
  const answers = Promise.all(ids.map((post) => echo.post({ post })));
  for (let edit = 1; edit <= 4; edit += 1) {
    const { version } = (await echo.post({})).body;
    await echo.edit('src/version.ts', 'version =', 'version = 1 +');
    await vi.waitUntil(async () => (await echo.post({})).body.version === version + 1, 10_000);
  }
  expect((await answers).map(({ status }) => status)).toEqual(ids.map(() => 200));
  for (const id of ids) {
    await vi.waitUntil(async () => (await echo.get(id)).body.item.consumed, 10_000);
    expect((await echo.get(id)).body.item.consumedTimes).toBe('1');
  }
}, 60_000);

test.each(['exit', 'reject behind the run'])(
  'a handler that dies (%s) fails only its own run, at once',
  async (how) => {
    const startedAt = performance.now();
    expect(await echo.post({ how })).toEqual(internalServerError);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    const next = await echo.post({});
    expect(next.status).toBe(200);
  },
);

test('an instance that dies after its run is not used again', async () => {
  expect((await echo.post({ how: 'reject after the run' })).status).toBe(200);
  await vi.waitFor(() => expect(echo.output()).toContain('Error: rejected after the run'), 10_000);
  expect(await echo.post({})).toMatchObject({ status: 200, body: { runs: 1 } });
});

test('a web page runs no function', async () => {
  const { lambdaUrl } = await echo.ready;
  const response = await fetch(`${lambdaUrl}/2015-03-31/functions/${functionName}/invocations`, {
    method: 'POST',
    headers: { origin: 'http://evil.example', 'content-type': 'text/plain' },
    body: '{}',
  });
  expect(response.status).toBe(403);
});

test('an invocation whose function fails says so, and what went wrong', async () => {
  const { lambdaUrl } = await echo.ready;
  await expect(invoke(lambdaUrl, functionName, event({}))).resolves.toMatchObject({ statusCode: 200 });
  await expect(invoke(lambdaUrl, functionName, event({ how: 'throw' }))).rejects.toThrow(
    `${functionName}: RangeError: thrown`,
  );
  await expect(invoke(lambdaUrl, 'unknown', {})).rejects.toThrow('404');
});

test('a result that is a text arrives as it was given', async () => {
  const { lambdaUrl } = await echo.ready;
  const text = 'He said "no",\nand left.';
  expect(await invoke(lambdaUrl, functionName, event({ text }))).toBe(text);
});
