import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describedBy } from '@fanfold/description/answers';
import { clientTypesOf } from '@fanfold/description/clientTypesFixtures';
import { openApiFile, servicesWithApi } from '@fanfold/description/service';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { findStack } from '@fanfold/local-cloud/stack';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser, violations } from './browser.ts';
import { accessToken } from './client.ts';
import { type RunningStack, signLog, startDev } from './runningStack.ts';

/** What the services say of themselves, used by others against a stack that runs. */
let stack: RunningStack;
let urls: Record<string, string>;

const repository = join(import.meta.dirname, '..');
/** A program with generated types, which only its own compilation below knows. */
const client = join(repository, 'tests/generatedClient');

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
  const description = await findStack(stack.base);
  urls = Object.fromEntries(
    Object.entries(description?.services ?? {}).map(([name, { url }]) => [name, url]),
  );
}, 60_000);
afterAll(async () => {
  await stack?.stop();
});

describe('a client with types that are generated from the documents', () => {
  it('compiles', async () => {
    await mkdir(join(repository, '.fanfold'), { recursive: true });
    const generated = await mkdtemp(join(repository, '.fanfold/generated-client-'));
    try {
      for (const service of await servicesWithApi()) {
        await writeFile(join(generated, `${service}.ts`), await clientTypesOf(service));
      }
      const configuration = {
        extends: join(repository, 'tsconfig.base.json'),
        compilerOptions: {
          rootDirs: [client, generated],
          typeRoots: [join(repository, 'node_modules/@types')],
        },
        include: [client, generated],
      };
      await writeFile(join(generated, 'tsconfig.json'), JSON.stringify(configuration));
      const compiler = join(repository, 'node_modules/typescript/bin/tsc');
      await promisify(execFile)(process.execPath, [compiler, '--project', generated]).catch(({ stdout }) =>
        expect.fail(stdout),
      );
    } finally {
      await rm(generated, { recursive: true });
    }
  });

  it('calls every operation, and is answered as they say', async () => {
    const called = new Set<string>();
    const { callEveryOperation } = await import(join(client, 'everyOperation.ts'));
    await callEveryOperation({
      urls,
      accessToken: await accessToken(stack.base, 'acme'),
      async fetch(request: Request) {
        const response = await fetch(request);
        const { origin, pathname } = new URL(request.url);
        const service = Object.keys(urls).find((name) => urls[name] === origin) as string;
        const described = describedBy(service);
        const operationId = described.operationOf(request.method, pathname) as string;
        called.add(`${service} ${operationId}`);
        described.check(operationId, {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: await response.clone().text(),
        });
        return response;
      },
      async publishLog() {
        await signLog(stack);
      },
    });
    const all = (await servicesWithApi()).flatMap((service) =>
      describedBy(service).operationIds.map((operationId) => `${service} ${operationId}`),
    );
    expect([...called].sort()).toEqual(all.sort());
  });
});

describe('the reference page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
  });

  const open = async (colorScheme: 'light' | 'dark') => {
    const address = `http://127.0.0.1:${stack.base}/docs`;
    return openPage(await browser.newContext({ colorScheme }), address, address);
  };

  const formOf = (page: Page, anchor: string) =>
    page.locator('article', { has: page.locator(`[id="${anchor}"]`) }).locator('.try');

  it('sends a request with the token of a merchant, goes on from the answer, and can be used by everybody', async () => {
    const { page, complaints } = await open('light');
    const create = formOf(page, 'payments/createPayment');
    await create.getByText('Try it').click();
    await create.getByRole('button', { name: 'Send POST' }).click();
    await create.getByText(/^201 Created, after \d+ ms$/).waitFor();
    const { id } = JSON.parse((await create.locator('.answer > pre').textContent()) ?? '');
    await create.getByRole('button', { name: 'getPayment with id' }).click();
    const get = formOf(page, 'payments/getPayment');
    await get.getByRole('button', { name: 'Send GET' }).click();
    await get.getByText(/^200 OK/).waitFor();
    expect(await get.locator('.answer > pre').textContent()).toContain(`"id": "${id}"`);

    // What it shows for a shell does the same.
    const command = await get
      .locator('.answer details', { hasText: 'for a shell' })
      .locator('pre')
      .textContent();
    const { stdout } = await promisify(execFile)('sh', ['-euc', command ?? ''], { cwd: repository });
    expect(JSON.parse(stdout)).toMatchObject({ object: 'payment', id });

    await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true');
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);

    await page.getByLabel('Requests of the merchant').fill('');
    await get.getByRole('button', { name: 'Send GET' }).click();
    await get.getByText(/^401 Unauthorized/).waitFor();
    await page.close();
  });

  it('can be read in the dark as well, and in a narrow window', async () => {
    const { page, complaints } = await open('dark');
    await page.setViewportSize({ width: 360, height: 740 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(await page.locator('nav details').getAttribute('open')).toBe(null);
    await page.evaluate(
      'for (const each of document.querySelectorAll("#sender, article:has(.try) details")) each.open = true',
    );
    const createPayment = 'article[aria-labelledby="payments/createPayment"]';
    expect(await violations(page, createPayment, ['color-contrast'])).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  /** Asks as a browser would for a page of another site, which fetch does not let us. */
  async function ask(
    path: string,
    headers: Record<string, string>,
    method = 'GET',
  ): Promise<IncomingMessage> {
    const asking = request({ host: '127.0.0.1', port: stack.base, path, method, headers }).end();
    const [answered] = (await once(asking, 'response')) as [IncomingMessage];
    answered.resume();
    return answered;
  }
  const send = '/docs/send/payments/payments';
  const ofPage = { 'fanfold-merchant': 'acme' };

  it.each<[whose: string, path: string, headers: Record<string, string>, status: number]>([
    ['the page itself', send, ofPage, 200],
    ['another host, which DNS points here', '/docs', { host: 'example.com' }, 403],
    ['another host that sends', send, { ...ofPage, host: 'example.com' }, 403],
    ['another origin', send, { ...ofPage, origin: 'https://example.com' }, 403],
    ['another port of this machine', send, { ...ofPage, origin: 'http://127.0.0.1:1' }, 403],
    ['a link or picture, which sets no header', send, {}, 404],
    ['a service that there is not', '/docs/send/nothing/payments', ofPage, 404],
    ['an object’s own name', '/docs/send/constructor/payments', ofPage, 404],
  ])('sends what is asked by %s, or refuses it', async (_, path, headers, status) => {
    expect((await ask(path, headers)).statusCode).toBe(status);
  });

  it('grants nothing to other origins that ask whether they may', async () => {
    const { statusCode, headers } = await ask(send, { origin: 'https://example.com' }, 'OPTIONS');
    expect([statusCode, headers['access-control-allow-origin']]).toEqual([403, undefined]);
  });

  it('has the documents beside it, as they are committed, for other viewers', async () => {
    const response = await fetch(`http://127.0.0.1:${stack.base}/docs/billing/openapi.json`);
    expect(await response.text()).toBe(await readFile(openApiFile('billing'), 'utf8'));
    expect((await fetch(`http://127.0.0.1:${stack.base}/docs/billing/package.json`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${stack.base}/docs/..%2f..%2fpackage.json`)).status).toBe(404);
  });

  it('is told by dev', () => {
    expect(stack.output.join('\n')).toContain(`reference     http://127.0.0.1:${stack.base}/docs`);
  });
});
