import { existsSync, type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { setTimeout as waitFor } from 'node:timers/promises';
import { type BuildOptions, build, stop } from 'esbuild';
import { functionOptions } from '../../../topology/bundling.js';
import { type BuiltFile, builtOnce, isKeepable } from './keptBundles.ts';

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
  /** The folder of bundles, `<service>/<module>.mjs`, and of the chunks that they share. It is emptied first. */
  folder: string;
  /** By which a package.json chooses between its modules, such as the payment provider's name. */
  conditions?: string[];
  /** Called after an edit, with the names of the services whose functions have changed. */
  onReload: (services: string[], durationMs: number) => void;
  /** Called with errors after the first build, except for code that cannot be bundled, which esbuild shows. */
  onError: (error: Error) => void;
};

export type FunctionBundles = {
  /**
   * Bundles other services from now on, or other functions of theirs.
   *
   * @throws when the code of one cannot be bundled; then it goes on with those before
   */
  change(services: BundledService[]): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Bundles every function of every service, as for a deployment but readable and with shared chunks, and again when
 * the code of a service or of a shared package is edited.
 *
 * @throws when the code cannot be bundled at first; later esbuild prints the error, and the old bundles stay
 */
export async function bundleFunctions(options: FunctionBundlesOptions): Promise<FunctionBundles> {
  const { folder, conditions = [], onReload, onError } = options;
  let { services } = options;
  // A run that was killed has left its bundles.
  await rm(folder, { recursive: true, force: true });
  const written = new Map<string, string>();
  const built = (bundled: BundledService[]) => {
    const entryPoints = bundled.flatMap(({ name, folder, modules }) =>
      modules.map((module) => ({ in: join(folder, `${module}.ts`), out: `${name}/${module}` })),
    );
    return buildInChunks({
      ...developmentOptions,
      conditions: [...conditions, 'module'],
      entryPoints,
      outdir: folder,
    });
  };
  const bundle = async (bundled: BundledService[]) => writeWhole(await built(bundled), written);
  const purpose = {
    services: services.map((service) => ({ ...service, folder: relative(folder, service.folder) })),
    conditions,
  };
  const build = () => built(services);
  const isKept = isKeepable(services.map((service) => service.folder));
  await writeWhole(await (isKept ? builtOnce(purpose, folder, build) : build()), written);
  let editedAt = 0;
  let isQueued = false;
  let last: Promise<void> = Promise.resolve();
  const rebuild = async () => {
    // An editor may empty a file before it writes it.
    while (performance.now() - editedAt < pauseMs) await waitFor(pauseMs);
    isQueued = false;
    const startedAt = performance.now();
    onReload(changedOf(await bundle(services)), performance.now() - startedAt);
  };
  /** The services of these files. */
  const changedOf = (paths: string[]): string[] =>
    services
      .map(({ name }) => name)
      .filter((name) =>
        paths.some((path) => path.startsWith(join(folder, name, sep)) && !path.endsWith('.map')),
      );
  const onEdit = (path: string) => {
    // A bundle in progress may be from before the edit. So another one follows it, for all edits meanwhile.
    if (!isCode(path)) return;
    editedAt = performance.now();
    if (isQueued) return;
    isQueued = true;
    last = last.then(rebuild).catch((error: Error) => {
      if (!('errors' in error)) onError(error);
    });
  };
  const watchers = new Map<string, FSWatcher>();
  /** Of what is watched, what is not there any more is forgotten. */
  const watchCode = (folders: string[]) => {
    // What a service declares of its events is in the bundles of all.
    const sources = folders.flatMap((each) => [join(each, 'src'), join(each, 'events')]).filter(existsSync);
    for (const [source, watcher] of watchers) {
      if (sources.includes(source)) continue;
      watcher.close();
      watchers.delete(source);
    }
    for (const source of sources) {
      if (watchers.has(source)) continue;
      watchers.set(
        source,
        watch(source, { recursive: true }, (_event, name) => onEdit(name ?? '')),
      );
    }
  };
  const shared = (await readdir(packages)).map((name) => join(packages, name));
  watchCode([...services.map((service) => service.folder), ...shared]);
  return {
    change(others) {
      const changing = last.then(async () => {
        const startedAt = performance.now();
        const changed = await bundle(others);
        services = others;
        watchCode([...services.map((service) => service.folder), ...shared]);
        onReload(changedOf(changed), performance.now() - startedAt);
      });
      last = changing.catch(() => {});
      return changing;
    },
    async stop() {
      for (const watcher of watchers.values()) watcher.close();
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
  outExtension: { '.js': '.mjs' },
  // Beside the bundles, and not referenced by them: whoever shows a stack trace reads the map (sourceMaps.ts), not
  // the functions.
  sourcemap: 'external',
  sourcesContent: false,
};

/** The folder of chunks that several functions import. */
const chunkFolder = 'shared';

/** Bundles all entries in one build. One for each entry, as for a deployment, would take ten times the time and memory. */
async function buildInChunks(options: BuildOptions): Promise<BuiltFile[]> {
  try {
    const { outputFiles = [] } = await build({
      ...options,
      splitting: true,
      write: false,
      chunkNames: `${chunkFolder}/[hash]`,
    });
    return outputFiles.map(({ path, contents, hash }) => ({ path, contents, hash }));
  } finally {
    // Saves a hundred megabytes until the next edit, which then takes a fifth of a second more.
    await stop();
  }
}

/**
 * Writes what has changed so that a function that starts meanwhile finds complete files, with all that they import.
 * One that has read half a file would fail for as long as its instance lives.
 *
 * @param written the existing files, by path; it is updated
 * @returns the paths of the files that were written
 */
async function writeWhole(files: BuiltFile[], written: Map<string, string>): Promise<string[]> {
  const changed = files.filter(({ path, hash }) => written.get(path) !== hash);
  const isChunk = ({ path }: BuiltFile) => basename(dirname(path)) === chunkFolder;
  const chunksFirst = [...changed.filter(isChunk), ...changed.filter((file) => !isChunk(file))];
  for (const { path, contents, hash } of chunksFirst) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, contents);
    await rename(`${path}.new`, path);
    written.set(path, hash);
  }
  return chunksFirst.map(({ path }) => path);
}
