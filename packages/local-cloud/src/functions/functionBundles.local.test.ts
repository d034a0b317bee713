import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bundleFunctions, type FunctionBundles } from './functionBundles.ts';
import { withSources } from './sourceMaps.ts';

let folder: string;
let bundles: FunctionBundles | undefined;
/** The services that were reloaded, each time. */
let reloads: string[][];
let errors: string[];
let breaksAt: number | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundles-'));
  reloads = [];
  errors = [];
  breaksAt = undefined;
  await write('one', 'import { word } from "../../words.ts"; export const handler = () => "one " + word;');
  await write('two', 'import { word } from "../../words.ts"; export const handler = () => "two " + word;');
  await writeFile(join(folder, 'words.ts'), 'export const word: string = "first";');
});
afterEach(async () => {
  await bundles?.stop();
  await rm(folder, { recursive: true });
});

async function write(service: string, text: string): Promise<void> {
  await mkdir(join(folder, service, 'src'), { recursive: true });
  await writeFile(join(folder, service, 'src/entry.ts'), text);
}

async function start(): Promise<void> {
  bundles = await bundleFunctions({
    services: ['one', 'two'].map((name) => ({ name, folder: join(folder, name), modules: ['src/entry'] })),
    folder: join(folder, '.fanfold/functions'),
    onReload(services) {
      reloads.push(services);
      if (breaksAt === reloads.length) throw new Error('broken');
    },
    onError: ({ message }) => errors.push(message),
  });
}

const bundleOf = (service: string) => join(folder, '.fanfold/functions', service, 'src/entry.mjs');

/** Runs the bundle as it is now: imported by a name of its own, because modules are imported once. */
let imports = 0;
async function answer(service: string): Promise<string> {
  imports += 1;
  return (await import(`${bundleOf(service)}?${imports}`)).handler();
}

test('functions run from bundles that share what is common', async () => {
  await start();
  expect([await answer('one'), await answer('two')]).toEqual(['one first', 'two first']);
  for (const service of ['one', 'two']) {
    expect(await readFile(bundleOf(service), 'utf8')).not.toContain('"first"');
  }
});

test('a place in a bundle, or in what bundles share, is shown as the place in its source', async () => {
  await writeFile(
    join(folder, 'words.ts'),
    '\n\nexport function trace(): string | undefined {\n  return new Error("here").stack;\n}',
  );
  for (const service of ['one', 'two']) {
    await write(service, 'import { trace } from "../../words.ts";\nexport const handler = () =>\n  trace();');
  }
  await start();
  const { handler } = await import(bundleOf('one'));
  const shown = withSources(handler());
  const from = relative('.', folder);
  expect(shown).toContain(`at trace (${from}/words.ts:4:10)`);
  expect(shown).toContain(`${from}/one/src/entry.ts:3:3`);
  const unknown = 'at /nowhere/.fanfold/4000/one.mjs:1:1';
  expect(withSources(unknown)).toBe(unknown);
});

test('an edit is told with the services whose functions it changes, and the next run has it', async () => {
  await start();
  await write('one', 'export const handler = () => "edited";');
  await vi.waitUntil(() => reloads.length > 0, 10_000);
  // What both had in common is now in the other one alone.
  expect(reloads[0]).toContain('one');
  expect([await answer('one'), await answer('two')]).toEqual(['edited', 'two first']);
  await write('two', 'export const handler = () => "edited too";');
  await vi.waitUntil(() => reloads.length > 1, 10_000);
  expect(reloads[1]).toEqual(['two']);
});

test('what goes wrong in a reload is told, and the next edit is bundled', async () => {
  await start();
  breaksAt = 1;
  await write('one', 'export const handler = () => "first";');
  await vi.waitUntil(() => errors.includes('broken'), 10_000);
  await write('one', 'export const handler = () => "second";');
  await vi.waitFor(async () => expect(await answer('one')).toBe('second'), 10_000);
});

test('what changes no function is told as well', async () => {
  await start();
  await write('one', await readFile(join(folder, 'one/src/entry.ts'), 'utf8'));
  await vi.waitUntil(() => reloads.length > 0, 10_000);
  expect(reloads).toEqual([[]]);
});

test('many edits end with the last one', async () => {
  await start();
  for (let edit = 1; edit <= 50; edit += 1)
    await write('one', `export const handler = () => "edit ${edit}";`);
  // In between a file may be found that has been emptied and not filled yet.
  await vi.waitFor(async () => expect(await answer('one')).toBe('edit 50'), 10_000);
});

test('a function that starts during a build finds the old bundle or the new one, whole', async () => {
  await start();
  let isBuilding = true;
  const starts = (async () => {
    while (isBuilding) expect(await answer('one')).toMatch(/^one (first|edit \d+)$/);
  })();
  for (let edit = 1; edit <= 10; edit += 1) {
    const before = reloads.length;
    await writeFile(
      join(folder, 'words.ts'),
      `export const word = "edit ${edit}"; export const much = "${'x'.repeat(100_000)}";`,
    );
    await write(
      'two',
      `import * as words from "../../words.ts"; export const handler = () => [words, ${edit}];`,
    );
    await vi.waitUntil(() => reloads.length > before, 10_000);
  }
  isBuilding = false;
  await starts;
}, 60_000);

test('code that cannot be bundled ends the start, and later leaves what was there', async () => {
  await start();
  await write('one', 'export const handler = (;');
  await write('two', 'export const handler = () => "beside";');
  await new Promise((resolve) => setImmediate(resolve));
  expect(await answer('one')).toBe('one first');
  await write('one', 'export const handler = () => "mended";');
  await vi.waitUntil(async () => (await answer('one')) === 'mended', 10_000);
  await bundles?.stop();
  await write('one', 'export const handler = (;');
  await expect(start()).rejects.toThrow('Unexpected ";"');
});

test('what a run that was killed left behind is taken away, and the end takes all of it', async () => {
  const left = join(folder, '.fanfold/functions/shared/yesterday.mjs');
  await mkdir(join(folder, '.fanfold/functions/shared'), { recursive: true });
  await writeFile(left, '');
  await start();
  await expect(access(left)).rejects.toThrow('ENOENT');
  await bundles?.stop();
  await expect(access(bundleOf('one'))).rejects.toThrow('ENOENT');
});
