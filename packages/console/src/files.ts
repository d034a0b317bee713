import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pageStyle } from '@fanfold/local-cloud/page';
import { build } from 'esbuild';
import { declaredEvents } from '../../topology/bundling.js';

/** A file of the page. */
export type PageFile = { type: string; content: string | Uint8Array };

const browserFolder = join(import.meta.dirname, '../browser');

/** Its script, which is bundled anew each time that the page is opened: that takes less than it would to know whether it has to be. */
export async function bundleScript(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [join(browserFolder, 'main.ts')],
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2024',
    legalComments: 'none',
    plugins: [declaredEvents],
    write: false,
  });
  return outputFiles[0]?.contents ?? new Uint8Array();
}

const files: Record<string, () => Promise<PageFile>> = {
  'main.js': async () => ({ type: 'text/javascript; charset=utf-8', content: await bundleScript() }),
  'page.css': async () => ({
    type: 'text/css; charset=utf-8',
    content: await pageStyle(join(browserFolder, 'page.css')),
  }),
};

/** @returns undefined when there is no such file */
export const fileOf = async (name: string): Promise<PageFile | undefined> =>
  Object.hasOwn(files, name) ? files[name]?.() : undefined;

/** The page, which is the same for all views: its script reads the address. */
export const page = async (): Promise<PageFile> => ({
  type: 'text/html; charset=utf-8',
  content: await readFile(join(browserFolder, 'page.html')),
});
