import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { functionOptions } from '../../packages/topology/bundling.js';

const repository = join(import.meta.dirname, '../..');
const folder = join(repository, 'node_modules/.cache/fanfold/bench');

const quietly = { ...functionOptions, logLevel: 'silent' } as const;

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
    ...quietly,
    entryPoints: Object.fromEntries(names.map((name) => [fileOf(name), entries[name]])),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    metafile: true,
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

/**
 * Loads code into this process, bundled as functions are, with an environment of its own: what two services have under one
 * name would get mixed up in this process's. It is a plain object, which is faster to read than Node's.
 *
 * @param contents statements that export what is wanted
 * @param resolveDir what their paths are relative to
 */
export async function loadBundled<Module>(
  contents: string,
  resolveDir: string,
  environment: Record<string, string>,
  options: BuildOptions = {},
): Promise<Module> {
  await mkdir(folder, { recursive: true });
  const outfile = join(folder, `${randomUUID()}.mjs`);
  await build({
    ...quietly,
    stdin: { contents, resolveDir },
    outfile,
    define: { 'process.env': 'lambdaEnvironment' },
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); const lambdaEnvironment = ${JSON.stringify(environment)};`,
    },
    ...options,
  });
  try {
    return await import(outfile);
  } finally {
    await rm(outfile);
  }
}
