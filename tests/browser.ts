import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

/** Where Chromium is unpacked once: it takes some seconds and 209 MB. */
const folder = join(import.meta.dirname, '../node_modules/.cache/fanfold/chromium');

/**
 * Starts a headless Chromium: that of FANFOLD_CHROMIUM, else the one of the package for Linux on x64, else the Chrome of the
 * machine. The package's own arguments are not used, because they switch off what keeps origins apart.
 *
 * @throws when there is none
 */
export async function startBrowser(): Promise<Browser> {
  const named = process.env.FANFOLD_CHROMIUM;
  if (named) return chromium.launch({ executablePath: named, args });
  if (process.platform === 'linux' && process.arch === 'x64') {
    return chromium.launch({ executablePath: await unpacked(), args });
  }
  return chromium.launch({ channel: 'chrome' });
}

/** In CI everything runs as root, for whom Chromium has no sandbox. */
const args = ['--no-sandbox'];

async function unpacked(): Promise<string> {
  const executable = join(folder, 'chromium');
  if (existsSync(executable)) return executable;
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  const { default: packaged } = await import('@sparticuz/chromium');
  // It unpacks to the folder for temporary files.
  const { TMPDIR } = process.env;
  process.env.TMPDIR = draft;
  try {
    await packaged.executablePath();
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
  // Unpacked whole or not at all; what another process has unpacked meanwhile is the same.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
  return executable;
}

/**
 * Opens a page in a browser that reaches nothing but what begins with `within`, and notes what the browser complains about.
 *
 * @param from what a page can share with others, such as what it keeps
 */
export async function openPage(
  from: BrowserContext,
  address: string,
  within: string,
): Promise<{ page: Page; complaints: string[] }> {
  const page = await from.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', ({ message }) => complaints.push(message));
  await page.route('**', (route) => {
    const url = route.request().url();
    if (url.startsWith(within)) return route.continue();
    complaints.push(`it asks for ${url}`);
    return route.abort();
  });
  await page.goto(address);
  return { page, complaints };
}

/** What axe finds, in a part of the page, or by some of its rules. */
export async function violations(page: Page, within = 'html', runOnly?: string[]): Promise<string[]> {
  await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const options = { resultTypes: ['violations'], preload: false, ...(runOnly && { runOnly }) };
  const found = await page.evaluate(`axe.run(${JSON.stringify(within)}, ${JSON.stringify(options)})`);
  return (found as { violations: { id: string; nodes: { html: string }[] }[] }).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`,
  );
}
