import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { builtOnce, isKeepable } from './keptBundles.ts';

let code: string;
/** How often something was built. */
let builds: number;

beforeEach(async () => {
  code = await mkdtemp(join(tmpdir(), 'kept-'));
  onTestFinished(() => rm(code, { recursive: true }));
  builds = 0;
  await write('handler.ts', `export const handler = '${crypto.randomUUID()}';`);
});

const write = (file: string, text: string) => writeFile(join(code, file), text);

const build = async (outputFolder: string, purpose = 'a test', meanwhile = async () => {}) => {
  const files = await builtOnce(
    purpose,
    outputFolder,
    async () => {
      builds += 1;
      await meanwhile();
      const contents = new TextEncoder().encode(`build ${builds}`);
      return [{ path: join(outputFolder, 'shared/chunk.mjs'), contents, hash: `hash ${builds}` }];
    },
    [code],
  );
  return files.map(({ contents, ...file }) => ({ ...file, text: new TextDecoder().decode(contents) }));
};

test('What was built of the same code before is taken again, and put where it is wanted', async () => {
  await build('/first');
  await write('handler.test.ts', '// is in no bundle');
  expect(await build('/second')).toEqual([
    { path: '/second/shared/chunk.mjs', text: 'build 1', hash: 'hash 1' },
  ]);
});

test('Other code is built anew, and so are other files of it, and the same for another purpose', async () => {
  await build('/out');
  await write('handler.ts', 'export const handler = "edited";');
  expect(await build('/out')).toMatchObject([{ text: 'build 2' }]);
  await write('another.json', '{}');
  expect(await build('/out')).toMatchObject([{ text: 'build 3' }]);
  expect(await build('/out', 'another test')).toMatchObject([{ text: 'build 4' }]);
  expect(await build('/out')).toMatchObject([{ text: 'build 3' }]);
});

test('What was built while code was edited is not taken again', async () => {
  const original = `export const handler = '${crypto.randomUUID()}';`;
  await write('handler.ts', original);
  await build('/out', 'a test', () => write('handler.ts', 'export const handler = "edited";'));
  await write('handler.ts', original);
  expect(await build('/out')).toMatchObject([{ text: 'build 2' }]);
});

test('Only the code of this repository is known whole', () => {
  expect(isKeepable([import.meta.dirname])).toBe(true);
  expect(isKeepable([import.meta.dirname, code])).toBe(false);
});
