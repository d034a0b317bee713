import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { brotliDecompressSync } from 'node:zlib';
import type { FontName } from './pdf/fonts.ts';

const { resolve } = createRequire(import.meta.url);

/**
 * Reads a font of this package for `renderPdf`. In a bundle too the files are found as a package's: a function that calls
 * it is packaged with `node_modules/@fanfold/invoicing/fonts`.
 */
export const readFont = (name: FontName): Uint8Array =>
  brotliDecompressSync(readFileSync(resolve(`@fanfold/invoicing/fonts/${name}.ttf.br`)));
