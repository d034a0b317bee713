import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { functionOptions } from '../../topology/bundling.js';
import { soundInvoice } from './brokenFixtures.ts';
import { ciiOf } from './cii.ts';
import { readFont } from './fontFiles.ts';
import { renderPdf } from './pdf.ts';

/** Beside the sources, where Node finds this package as it does beside a deployed bundle. */
let folder: string;
let kilobytes: number;

beforeAll(async () => {
  folder = await mkdtemp(join(import.meta.dirname, '../node_modules/.bundle-'));
  const outfile = join(folder, 'renders.mjs');
  const { metafile } = await build({
    ...functionOptions,
    stdin: {
      contents: `export { renderPdf } from './pdf.ts';\nexport { readFont } from './fontFiles.ts';`,
      resolveDir: import.meta.dirname,
    },
    outfile,
    metafile: true,
    logLevel: 'silent',
  });
  kilobytes = Object.values(metafile?.outputs ?? {}).reduce((sum, { bytes }) => sum + bytes, 0) / 1024;
});
afterAll(() => rm(folder, { recursive: true }));

test('A bundle that renders is half a megabyte without fonts, which leaves room for what stores and publishes', () => {
  expect(kilobytes).toBeLessThan(550);
});

test('A bundle renders the same bytes as the source, with the fonts beside it', async () => {
  const bundled = await import(pathToFileURL(join(folder, 'renders.mjs')).href);
  const request = {
    document: soundInvoice,
    cii: ciiOf(soundInvoice, 'en16931'),
    language: 'en' as const,
    logo: null,
    isCopy: false,
  };
  const [one, other] = await Promise.all([
    bundled.renderPdf({ ...request, readFont: bundled.readFont }),
    renderPdf({ ...request, readFont }),
  ]);
  expect(Buffer.from(one).equals(Buffer.from(other))).toBe(true);
});
