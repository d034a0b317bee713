import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { copyOfEcho, type EchoService, startEcho } from '../fixtures/echoService.ts';
import { freeBasePort } from './stack/ports.ts';
import { findStack } from './stack/stack.ts';
import { packageService } from './templates/packagedTemplates.ts';

const repository = join(import.meta.dirname, '../../..');

const echoes: EchoService[] = [];
async function start(...options: Parameters<typeof startEcho>): Promise<EchoService> {
  const echo = await startEcho(...options);
  echoes.push(echo);
  return echo;
}
afterEach(async () => {
  await Promise.all(echoes.splice(0).map((echo) => echo.stop()));
});

describe('a service alone', () => {
  let echo: EchoService;
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'fanfold-data-'));
    echo = await startEcho({ environment: { TZ: 'America/New_York', FANFOLD_DATA_FOLDER: data } });
    await echo.ready;
  }, 60_000);
  afterAll(async () => {
    await echo?.stop();
    await rm(data, { recursive: true });
  });
  const printed = (text: string | RegExp) => vi.waitFor(() => expect(echo.output()).toMatch(text), 10_000);

  test('has everything: what is posted by HTTP is consumed through stream, topic and queue', async () => {
    const ready = await echo.ready;
    expect(ready).toEqual({
      type: 'ready',
      service: 'echo',
      url: `http://127.0.0.1:${echo.base + 1}`,
      lambdaUrl: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
    expect((await findStack(echo.base))?.services).toEqual({
      echo: { url: ready.url, lambdaUrl: ready.lambdaUrl },
    });

    expect((await echo.post({ post: 'hello' })).status).toBe(200);
    await vi.waitUntil(async () => (await echo.get('hello')).body.item.consumed, { timeout: 10_000 });

    const { environment, timezoneOffsetMinutes } = (await echo.post({})).body;
    expect(environment).toMatchObject({
      ECHO_TABLE_NAME: 'fanfold-echo',
      ECHO_TOPIC_ARN: 'arn:aws:sns:eu-west-1:000000000000:fanfold-echo',
      ECHO_QUEUE_URL: `http://127.0.0.1:${echo.base + 4}/000000000000/fanfold-echo`,
      TOKEN_ISSUER: `http://127.0.0.1:${echo.base}`,
      AWS_ENDPOINT_URL: `http://127.0.0.1:${echo.base + 4}`,
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${echo.base + 5}`,
      AWS_REGION: 'eu-west-1',
    });
    expect(timezoneOffsetMinutes).toBe(0);
  });

  test('is where serverless invoke local runs a function, which needs a stack', async () => {
    const invokeLocal = (base: number) =>
      promisify(execFile)(
        join(repository, 'node_modules/.bin/serverless'),
        [
          'invoke',
          'local',
          '--function',
          'echo',
          '--data',
          '{"body":"{\\"post\\":\\"by hand\\"}","requestContext":{}}',
        ],
        { cwd: echo.folder, env: { ...process.env, FANFOLD_PORT: String(base) } },
      );
    const { stdout } = await invokeLocal(echo.base);
    expect(JSON.parse(stdout)).toMatchObject({ statusCode: 200 });
    await vi.waitUntil(async () => (await echo.get('by hand')).body.item.consumed, { timeout: 10_000 });
    await expect(invokeLocal(await freeBasePort())).rejects.toMatchObject({
      stdout: expect.stringMatching(
        /No stack is running at port \d+ for the function to use\. Start one: pnpm dev\./,
      ),
    });
  }, 60_000);

  test('tells whoever watches the terminal when a message that failed comes again, and where it failed', async () => {
    await echo.post({ post: 'in vain' });
    await printed(/1 message comes again in (9|10) s, at \d\d:\d\d:\d\d UTC: fanfold-echo/);
    expect(echo.output()).toMatch(/RangeError: in vain\n +at handler \(src\/functions\/consumer\.ts:9:\d+\)/);
  });

  test('tells whether an edit is at work already, takes a restart, or is none', async () => {
    await echo.edit('src/version.ts', 'version = 1', 'version = 2');
    await printed(/Reloaded in \d+ ms\./);
    expect((await echo.post({})).body.version).toBe(2);
    await echo.edit('src/version.ts', 'Edited by', 'Changed by');
    await printed('No function has changed.');
    await echo.edit('serverless.yml', 'timeout: 10', 'timeout: 20');
    await printed('Restart needed: serverless.yml has changed, and is read only at the start.');
  });

  test('goes on with its data, but not with a table of another shape, whose data it does not touch', async () => {
    const environment = { FANFOLD_DATA_FOLDER: data };
    await echo.stop();
    const files = await readdir(data);

    const other = await start({ environment, configuration: { NEW_IMAGE: 'NEW_AND_OLD_IMAGES' } });
    other.ready.catch(() => {});
    expect(await other.ended).toBe('exit code 1');
    expect(other.output()).toMatch(
      /The data in \S+ was written by version \S+ of Fanfold .* fanfold-echo has another stream: NEW_IMAGE before/s,
    );
    expect(await readdir(data)).toEqual(files);

    const again = await start({ environment });
    expect((await again.get('hello')).body.item.consumed).toBeDefined();
  }, 60_000);
});

test('services started at once find each other, and end when the stack of the first one ends', async () => {
  const base = await freeBasePort();
  const echo = await start({ base });
  const parrot = await start({
    base,
    configuration: { 'service: fanfold-echo': 'service: fanfold-parrot', 'localPort: 1': 'localPort: 2' },
  });
  await Promise.all([echo.ready, parrot.ready]);
  const description = await findStack(base);
  expect(Object.keys(description?.services ?? {}).sort()).toEqual(['echo', 'parrot']);
  const [first, second] = description?.pid === echo.pid ? [echo, parrot] : [parrot, echo];
  first.stop();
  expect(await second.ended).toBe('exit code 1');
  expect(second.output()).toContain(`The Fanfold stack at http://127.0.0.1:${base} has ended`);
}, 60_000);

test('an SNS endpoint that is given stands between the functions and the topic', async () => {
  let calls = 0;
  const broken = createServer((_request, response) => {
    calls += 1;
    response.writeHead(503).end();
  }).listen(0, '127.0.0.1');
  await once(broken, 'listening');
  const { port } = broken.address() as { port: number };
  const echo = await start({ environment: { AWS_ENDPOINT_URL_SNS: `http://127.0.0.1:${port}` } });
  await echo.post({ post: 'hello' });
  await vi.waitUntil(() => calls > 0, { timeout: 10_000 });
  expect((await echo.get('hello')).body.item.consumed).toBeUndefined();
  broken.close();
});

test.each([
  {
    reason: 'a port that is taken',
    configuration: { 'localPort: 1': 'localPort: 5' },
    says: /Port \d+ is taken by .* \(pid \d+\)/,
  },
  {
    reason: 'no port',
    configuration: { 'localPort: 1': 'localPorts: 1' },
    says: /custom\.localPort/,
  },
  {
    reason: 'a resource that the emulators do not have',
    configuration: { 'AWS::SQS::Queue': 'AWS::Kinesis::Stream' },
    says: /arn:aws:kinesis/,
  },
])('a service that cannot start ends, and says why: $reason', async ({ configuration, says }) => {
  const echo = await start({ configuration });
  echo.ready.catch(() => {});
  expect(await echo.ended).toBe('exit code 1');
  expect(echo.output()).toMatch(says);
  expect(await findStack(echo.base)).toBeUndefined();
});

test('serverless offline runs the stage local, and no other under its name', async () => {
  const folder = await copyOfEcho({});
  onTestFinished(() => rm(folder, { recursive: true }));
  const serverless = join(repository, 'node_modules/.bin/serverless');
  await expect(
    promisify(execFile)(serverless, ['offline', '--stage', 'production'], { cwd: folder }),
  ).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('The stage production is one in AWS'),
  });
});

test('serverless offline says which option is not a port', async () => {
  const folder = await copyOfEcho({});
  onTestFinished(() => rm(folder, { recursive: true }));
  const serverless = join(repository, 'node_modules/.bin/serverless');
  await expect(
    promisify(execFile)(serverless, ['offline', '--httpPort', 'none'], {
      cwd: folder,
      env: { ...process.env, FANFOLD_PORT: String(await freeBasePort()) },
    }),
  ).rejects.toMatchObject({
    code: 1,
    stdout: expect.stringContaining('--httpPort none is not a port from 1 to 65535.'),
  });
});

test('on a Node that cannot run it, the plugin says how to start the framework', async () => {
  const older = 'Object.defineProperty(process.versions, "node", { value: "20.20.2" })';
  const load = `${older}; require(${JSON.stringify(join(import.meta.dirname, 'plugin.cjs'))})`;
  await expect(promisify(execFile)(process.execPath, ['--eval', load])).rejects.toThrow(
    /ServerlessError: Fanfold runs on Node 24.* this is Node 20\.20\.2.*pnpm exec serverless/s,
  );
});

test('packaging is not touched: the template keeps its intrinsic functions', async () => {
  const template = await packageService(join(repository, 'services/billing'));
  expect(template.Resources.GetInvoiceLambdaFunction?.Properties?.Environment).toMatchObject({
    Variables: { BILLING_TABLE_NAME: { Ref: 'Table' }, TOKEN_ISSUER: 'http://127.0.0.1:4000' },
  });
});

test('packaging refuses what AWS would refuse in the middle of a deployment', async () => {
  const folder = await copyOfEcho({
    'RawMessageDelivery: true': 'RawMessageDelivery: true\n        FilterPolicy: { type: [{ suffx: .v1 }] }',
  });
  onTestFinished(() => rm(folder, { recursive: true }));
  await expect(packageService(folder)).rejects.toThrow(
    'Subscription: SNS refuses the filter policy: there is no rule "suffx"',
  );
});
