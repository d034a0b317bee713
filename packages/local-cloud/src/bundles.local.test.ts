import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { PluginBuild } from 'esbuild';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Bundler, bundleTogether } from './bundles.ts';
import { withSources } from './sourceMaps.ts';

let folder: string;
let bundler: Bundler;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundles-'));
  await writeFile(join(folder, 'shared.ts'), 'export const word: string = "first";');
  await writeFile(
    join(folder, 'one.ts'),
    'import { word } from "./shared.ts"; export const handler = () => "one " + word;',
  );
  await writeFile(
    join(folder, 'two.ts'),
    'import { word } from "./shared.ts"; export const handler = () => "two " + word;',
  );
  bundler = {
    buildOptions: {
      bundle: true,
      format: 'esm',
      platform: 'node',
      outputFileExtension: '.mjs',
      logLevel: 'silent',
      // What only serverless-esbuild understands, esbuild must not see.
      ...{ exclude: ['aws-sdk'], watch: { chokidar: {} }, packager: 'npm', concurrency: 4 },
      // Nor the path of a file with plugins, which serverless-esbuild reads.
      ...({ plugins: 'plugins.js' } as object),
    },
    plugins: [],
    functionEntries: [{ entry: 'one.ts' }, { entry: 'two.ts' }],
    serviceDirPath: folder,
    buildDirPath: join(folder, '.esbuild/.build'),
    prepare() {},
    bundle: () => Promise.reject(new Error('each apart')),
  };
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs the bundle as it is now: imported by a name of its own, because modules are imported once. */
let imports = 0;
async function answer(entry: string): Promise<string> {
  imports += 1;
  return (await import(`${join(folder, '.fanfold/4000', entry)}?${imports}`)).handler();
}

test('functions run from bundles that share what is common', async () => {
  bundleTogether(bundler, '4000', () => {});
  await bundler.bundle();
  expect([await answer('one.mjs'), await answer('two.mjs')]).toEqual(['one first', 'two first']);
  for (const entry of ['one.mjs', 'two.mjs']) {
    expect(await readFile(join(folder, '.fanfold/4000', entry), 'utf8')).not.toContain('"first"');
  }
});

test('a place in a bundle, or in what bundles share, is shown as the place in its source', async () => {
  await writeFile(
    join(folder, 'shared.ts'),
    '\n\nexport function trace(): string | undefined {\n  return new Error("here").stack;\n}',
  );
  for (const entry of ['one.ts', 'two.ts']) {
    const text = 'import { trace } from "./shared.ts";\nexport const handler = () =>\n  trace();';
    await writeFile(join(folder, entry), text);
  }
  bundleTogether(bundler, '4000', () => {});
  await bundler.bundle();
  const { handler } = await import(join(folder, '.fanfold/4000/one.mjs'));
  const shown = withSources(handler());
  const from = relative('.', folder);
  expect(shown).toContain(`at trace (${from}/shared.ts:4:10)`);
  expect(shown).toContain(`${from}/one.ts:3:3`);
  const unknown = 'at /nowhere/.fanfold/4000/one.mjs:1:1';
  expect(withSources(unknown)).toBe(unknown);
});

test('plugins have their say', async () => {
  const contents = 'export const word = "from a plugin";';
  const plugin = ({ onLoad }: PluginBuild) => onLoad({ filter: /shared\.ts$/ }, () => ({ contents }));
  bundler.plugins.push({ name: 'word', setup: plugin });
  bundleTogether(bundler, '4000', () => {});
  await bundler.bundle();
  expect(await answer('two.mjs')).toBe('two from a plugin');
});

test('an edit during a build is in the result of the next one, however many ask for it', async () => {
  bundleTogether(bundler, '4000', () => {});
  await bundler.bundle();
  for (let edit = 1; edit <= 20; edit += 1) {
    const during = bundler.bundle();
    await writeFile(join(folder, 'one.ts'), `export const handler = () => "edit ${edit}";`);
    const after = [bundler.bundle(), bundler.bundle()];
    await Promise.all([during, ...after]);
    expect(await answer('one.mjs')).toBe(`edit ${edit}`);
  }
});

test('a function that starts during a build finds the old bundle or the new one, whole', async () => {
  bundleTogether(bundler, '4000', () => {});
  await bundler.bundle();
  let building = true;
  const starts = (async () => {
    while (building) expect(await answer('one.mjs')).toMatch(/^one (first|edit \d+)$/);
  })();
  for (let edit = 1; edit <= 100; edit += 1) {
    await writeFile(
      join(folder, 'shared.ts'),
      `export const word = "edit ${edit}"; // ${'x'.repeat(100_000)}`,
    );
    await bundler.bundle();
  }
  building = false;
  await starts;
});

test('reloads are told, and the first build is none', async () => {
  const reloads: number[] = [];
  bundleTogether(bundler, '4000', (durationMs) => reloads.push(durationMs));
  await bundler.bundle();
  expect(reloads).toEqual([]);
  await bundler.bundle();
  expect(reloads).toEqual([expect.any(Number)]);
});

test('a build that fails says so, and the next one works', async () => {
  bundleTogether(bundler, '4000', () => {});
  await writeFile(join(folder, 'one.ts'), 'export const handler = (;');
  await expect(bundler.bundle()).rejects.toThrow('Unexpected ";"');
  await writeFile(join(folder, 'one.ts'), 'export const handler = () => "mended";');
  await bundler.bundle();
  expect(await answer('one.mjs')).toBe('mended');
});

test('what a run that was killed left behind is taken away', async () => {
  await mkdir(join(folder, '.fanfold/4000'), { recursive: true });
  await writeFile(join(folder, '.fanfold/4000/chunk-of-yesterday.mjs'), '');
  bundleTogether(bundler, '4000', () => {});
  await bundler.bundle();
  await expect(access(join(folder, '.fanfold/4000/chunk-of-yesterday.mjs'))).rejects.toThrow('ENOENT');
});

test('bundles that are not ES modules are left to serverless-esbuild', async () => {
  bundler.buildOptions.format = 'cjs';
  bundleTogether(bundler, '4000', () => {});
  await expect(bundler.bundle()).rejects.toThrow('each apart');
});
