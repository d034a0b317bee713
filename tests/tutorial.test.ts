import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyCheckout, git } from '../scripts/checkout.ts';
import { fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { openShell, type TutorialPage, tutorialPages } from '../scripts/fanfold/operations/tutorial.ts';
import { type RunningStack, startDev } from './runningStack.ts';

/** What the tutorial shows, typed as it stands there, page after page. */
const pages = await tutorialPages();
let stack: RunningStack;

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
}, 60_000);
afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

/** What differs from run to run: ids, hashes, times, positions, numbers of documents. */
const withoutRun = (text: string) =>
  text
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
    .replace(/[0-9a-f]{16,}/g, '<id>')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replace(/\+[\d,]+ ms/g, '+ ms')
    .replace(/(INV|CN)-\d{4}-\d{6}/g, '$1')
    .replace(/demo-\d+/g, 'demo')
    .replace(/"position":\d+/g, '"position"')
    .replace(/"hasMore":\w+/g, '"hasMore"')
    .replace(/[─└├│]/g, '')
    .replace(/ +/g, ' ')
    .replace(/^ | $/gm, '')
    .trim();

async function typePage(page: TutorialPage, folder?: string): Promise<void> {
  await using shell = openShell(stack.base, folder);
  for (const part of page.parts) {
    if (!('command' in part)) continue;
    const { output, code } = await shell.run(part.command);
    expect(`${withoutRun(output)}\n(${code})`, part.command).toBe(`${withoutRun(part.output)}\n(0)`);
  }
}

describe('the tutorial', () => {
  // It adds a service to the checkout, where others test meanwhile.
  const [inCopy, here] = [pages.filter(({ name }) => name.startsWith('18')), pages].map((some, i) =>
    i === 0 ? some : some.filter(({ name }) => !name.startsWith('18')),
  ) as [TutorialPage[], TutorialPage[]];

  it.each(here.map((page) => [page.name, page] as const))(
    'shows what is printed: %s',
    async (_name, page) => {
      await typePage(page);
    },
  );

  it.each(inCopy.map((page) => [page.name, page] as const))(
    'shows what is printed: %s',
    async (_name, page) => {
      const folder = await mkdtemp(join(tmpdir(), 'fanfold-tutorial-'));
      try {
        const checkout = await copyCheckout(join(import.meta.dirname, '..'), join(folder, 'fanfold'));
        // The page shows what changes: nothing had, when it begins.
        git(checkout.folder, 'add', '--all');
        const author = ['-c', 'user.name=Fanfold', '-c', 'user.email=fanfold@localhost'];
        git(checkout.folder, ...author, 'commit', '--quiet', '--allow-empty', '--message', 'as it is');
        await typePage(page, checkout.folder);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  );

  it('has each page in its contents, and learn lists them', async () => {
    const contents = await readFile(new URL('../docs/tutorial/README.md', import.meta.url), 'utf8');
    const listed = [...contents.matchAll(/^\d+\. \[(.+)\]\((.+)\.md\)$/gm)].map(([, title, name]) => ({
      name,
      title,
    }));
    expect(listed).toEqual(pages.map(({ name, title }) => ({ name, title })));
    const { stdout } = await fanfold(['learn'], stack.base);
    for (const { title } of pages) expect(stdout).toContain(title);
  });

  it('is run by learn, page by page, and a page that is not there is wrong usage', async () => {
    const { code, stdout } = await fanfold(['learn', 'filters'], stack.base);
    expect(code).toBe(0);
    expect(stdout).toContain('"code":"card_declined"');
    expect(await fanfold(['learn', 'everything'], stack.base)).toMatchObject({ code: 2 });
  });
});
