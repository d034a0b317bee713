import { existsSync, watch } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { setTimeout as waitFor } from 'node:timers/promises';
import { type BuildOptions, build, type OutputFile, stop } from 'esbuild';
import { functionOptions } from '../../../topology/bundling.js';

/** A service whose functions are bundled. */
export type BundledService = {
  name: string;
  /** Absolute path. */
  folder: string;
  /** Its functions' modules, relative to the folder and without extension: `src/functions/getPayment`. */
  modules: string[];
};

export type FunctionBundlesOptions = {
  services: BundledService[];
  /** Where bundles go, as `<service>/<module>.mjs`, and what several of them import. It is emptied first. */
  folder: string;
  /** Called after an edit, with the names of the services whose functions are others than before. */
  onReload: (services: string[], durationMs: number) => void;
  /** Given what goes wrong after the first time, but for code that cannot be bundled, which esbuild shows. */
  onError: (error: Error) => void;
};

export type FunctionBundles = { stop(): Promise<void> };

/**
 * Bundles every function of every service, as for deploying but readable and in chunks that they share, and again when the code of
 * a service or of what services share is edited.
 *
 * @throws when the code cannot be bundled the first time; later esbuild says so on the terminal, and what was there goes on
 */
export async function bundleFunctions(options: FunctionBundlesOptions): Promise<FunctionBundles> {
  const { services, folder, onReload, onError } = options;
  // A run that was killed left its own behind.
  await rm(folder, { recursive: true, force: true });
  const written = new Map<string, string>();
  const entryPoints = services.flatMap(({ name, folder, modules }) =>
    modules.map((module) => ({ in: join(folder, `${module}.ts`), out: `${name}/${module}` })),
  );
  const bundle = () => bundleInChunks({ ...developmentOptions, entryPoints, outdir: folder }, written);
  await bundle();
  let editedAt = 0;
  let isQueued = false;
  let last: Promise<void> = Promise.resolve();
  const rebuild = async () => {
    // An editor empties a file before it fills it.
    while (performance.now() - editedAt < pauseMs) await waitFor(pauseMs);
    isQueued = false;
    const startedAt = performance.now();
    const changed = await bundle();
    const concerned = services.filter(({ name }) =>
      changed.some((path) => path.startsWith(join(folder, name, sep)) && !path.endsWith('.map')),
    );
    onReload(
      concerned.map(({ name }) => name),
      performance.now() - startedAt,
    );
  };
  const onEdit = (path: string) => {
    // What is being bundled may be from before the edit. So it is followed by another time, for all edits meanwhile.
    if (!isCode(path)) return;
    editedAt = performance.now();
    if (isQueued) return;
    isQueued = true;
    last = last.then(rebuild).catch((error: Error) => {
      if (!('errors' in error)) onError(error);
    });
  };
  const shared = (await readdir(packages)).map((name) => join(packages, name));
  const watchers = [...services.map((service) => service.folder), ...shared]
    .map((each) => join(each, 'src'))
    .filter(existsSync)
    .map((source) => watch(source, { recursive: true }, (_event, name) => onEdit(name ?? '')));
  return {
    async stop() {
      for (const watcher of watchers) watcher.close();
      await last;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const packages = join(import.meta.dirname, '../../..');

const pauseMs = 50;

const isCode = (path: string): boolean => path.endsWith('.ts') && !path.endsWith('.test.ts');

const developmentOptions: BuildOptions = {
  ...functionOptions,
  minify: false,
  // Where aliases are looked up.
  absWorkingDir: join(packages, '..'),
  outExtension: { '.js': '.mjs' },
  // Beside the bundles and not named in them: who shows a trace reads a map (sourceMaps.ts), and no function does.
  sourcemap: 'external',
  sourcesContent: false,
};

/** Where in the folder of bundles that goes which several functions import. */
const chunkFolder = 'shared';

/**
 * Bundles entries in one go and writes what has changed since it was last done. Each apart, as deploying needs it, would take ten
 * times the time and memory.
 *
 * @param written what is there, by path; it is brought up to date
 * @returns the paths of what was written
 */
async function bundleInChunks(options: BuildOptions, written: Map<string, string>): Promise<string[]> {
  try {
    const { outputFiles = [] } = await build({
      ...options,
      splitting: true,
      write: false,
      chunkNames: `${chunkFolder}/[hash]`,
    });
    return await writeWhole(outputFiles, written);
  } finally {
    // A hundred megabytes less until the next edit, for a fifth of a second then.
    await stop();
  }
}

/**
 * Writes what has changed so that a function that starts meanwhile finds each file whole, and what it imports. One that
 * has read half a file would fail for as long as its instance lives.
 */
async function writeWhole(files: OutputFile[], written: Map<string, string>): Promise<string[]> {
  const changed = files.filter(({ path, hash }) => written.get(path) !== hash);
  const isChunk = ({ path }: OutputFile) => basename(dirname(path)) === chunkFolder;
  const chunksFirst = [...changed.filter(isChunk), ...changed.filter((file) => !isChunk(file))];
  for (const { path, contents, hash } of chunksFirst) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, contents);
    await rename(`${path}.new`, path);
    written.set(path, hash);
  }
  return chunksFirst.map(({ path }) => path);
}
