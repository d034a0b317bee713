import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import plugins, { alias, define, mainFields } from '../packages/topology/bundling.js';

const repository = join(import.meta.dirname, '..');
const folder = join(repository, 'node_modules/.cache/fanfold/bench');

export type Bundle = { path: string; bytes: number };

/**
 * Bundles files as functions are bundled for deploying, each on its own.
 *
 * @param entries absolute paths by the names of their bundles, which no two parts may have in common
 */
export async function bundle<Name extends string>(
  entries: Record<Name, string>,
  options: BuildOptions = {},
): Promise<Record<Name, Bundle>> {
  await mkdir(folder, { recursive: true });
  const fileOf = (name: string) => `${name}-${process.pid}`;
  const names = Object.keys(entries) as Name[];
  const { metafile = { outputs: {} } } = await build({
    // Where an alias is looked for.
    absWorkingDir: repository,
    entryPoints: Object.fromEntries(names.map((name) => [fileOf(name), entries[name]])),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    mainFields,
    alias,
    define,
    plugins,
    metafile: true,
    logLevel: 'silent',
    ...options,
  });
  const bytesOf = new Map(
    Object.entries(metafile.outputs).map(([path, { bytes }]) => [join(repository, path), bytes]),
  );
  const bundled = names.map((name) => {
    const path = join(folder, `${fileOf(name)}.mjs`);
    return [name, { path, bytes: bytesOf.get(path) ?? 0 }];
  });
  return Object.fromEntries(bundled) as Record<Name, Bundle>;
}
