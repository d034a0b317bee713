import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { alias, mainFields } from '../packages/topology/bundling.js';

const folder = join(import.meta.dirname, '../node_modules/.cache/fanfold/bench');

/**
 * Bundles a file as functions are bundled for deploying, and gives the bundle's path and size.
 *
 * @param entry an absolute path
 * @param name of the bundle, so that two of one name do not get mixed up
 */
export async function bundle(
  entry: string,
  name = basename(entry, '.ts'),
  options: BuildOptions = {},
): Promise<{ path: string; bytes: number }> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${name}-${process.pid}.mjs`);
  const { metafile = { outputs: {} } } = await build({
    entryPoints: [entry],
    outfile: path,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    mainFields,
    alias,
    metafile: true,
    logLevel: 'silent',
    ...options,
  });
  return { path, bytes: Object.values(metafile.outputs)[0]?.bytes ?? 0 };
}
