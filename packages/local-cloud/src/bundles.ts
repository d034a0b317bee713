import { rmSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, build, type OutputFile, type Plugin, stop } from 'esbuild';

/** What is used of serverless-esbuild. */
export type Bundler = {
  buildOptions: BuildOptions & {
    exclude?: string | string[];
    outputFileExtension: string;
    watch: { chokidar: { awaitWriteFinish?: object } };
  };
  /** What the setting of that name, which may be a path, stands for. */
  plugins: Plugin[];
  functionEntries: { entry: string }[];
  serviceDirPath: string;
  buildDirPath: string;
  prepare(): void;
  bundle(): Promise<void>;
};

/**
 * Makes serverless-esbuild bundle all functions at once, in chunks that they share, for `serverless offline` only:
 * it would bundle each apart, as deploying needs it, at ten times the time and memory, at the start and at each edit.
 * Bundles that are not ES modules cannot be split, and are left to it.
 *
 * @param name of the folder in the service's `.fanfold` where the bundles go: not where packaging puts its own and
 *   clears up, and not where a stack beside this one reads.
 * @param onReload is called after each time but the first, and told how many bundles are others than before.
 */
export function bundleTogether(
  bundler: Bundler,
  name: string,
  onReload: (durationMs: number, changed: number) => void,
): void {
  if (bundler.buildOptions.format !== 'esm') return;
  bundler.buildDirPath = join(bundler.serviceDirPath, '.fanfold', name);
  // An editor empties a file before it fills it: without a pause the empty one would be bundled too.
  bundler.buildOptions.watch.chokidar.awaitWriteFinish = { stabilityThreshold: 50, pollInterval: 10 };
  process.once('exit', () => rmSync(bundler.buildDirPath, { recursive: true, force: true }));
  const written = new Map<string, string>();
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const bundle = async () => {
    next = undefined;
    const isReload = written.size > 0;
    const startedAt = performance.now();
    let changed = 0;
    // A run that was killed left its own behind.
    if (!isReload) await rm(bundler.buildDirPath, { recursive: true, force: true });
    bundler.prepare();
    try {
      const { outputFiles = [] } = await build(optionsOf(bundler));
      changed = await writeWhole(outputFiles, written);
    } finally {
      // A hundred megabytes less until the next edit, for a fifth of a second then.
      await stop();
    }
    if (isReload) onReload(performance.now() - startedAt, changed);
  };
  bundler.bundle = () => {
    // What is being bundled may be from before the edit. So it is followed by another time, for all who ask meanwhile.
    if (!next) {
      next = last.catch(() => {}).then(bundle);
      last = next;
    }
    return next;
  };
}

/** The settings of `custom.esbuild` that are serverless-esbuild's own, and that esbuild refuses. */
const settingsOfPlugin = new Set([
  'concurrency',
  'disposeContext',
  'exclude',
  'installExtraArgs',
  'keepOutputDirectory',
  'nativeZip',
  'nodeExternals',
  'outputBuildFolder',
  'outputFileExtension',
  'outputWorkFolder',
  'packagePath',
  'packager',
  'packagerOptions',
  'skipBuild',
  'skipBuildExcludeFns',
  'skipRebuild',
  'stripEntryResolveExtensions',
  'watch',
  'zipConcurrency',
]);

/** Where in the folder of bundles that goes which several functions import. */
const chunkFolder = 'shared';

function optionsOf(bundler: Bundler): BuildOptions {
  const { buildOptions, plugins, functionEntries, serviceDirPath, buildDirPath } = bundler;
  const { external = [], ...options } = Object.fromEntries(
    Object.entries(buildOptions).filter(([name]) => !settingsOfPlugin.has(name)),
  ) as BuildOptions;
  return {
    ...options,
    plugins,
    entryPoints: functionEntries.map(({ entry }) => entry),
    external: [...external, ...[buildOptions.exclude ?? []].flat()],
    outExtension: { '.js': buildOptions.outputFileExtension },
    splitting: true,
    // Beside the bundles and not named in them: who shows a trace reads a map (sourceMaps.ts), and no function does.
    sourcemap: 'external',
    sourcesContent: false,
    write: false,
    absWorkingDir: serviceDirPath,
    outbase: serviceDirPath,
    outdir: buildDirPath,
    chunkNames: `${chunkFolder}/[hash]`,
  };
}

/**
 * Writes what has changed so that a function that starts meanwhile finds each file whole, and what it imports. One that
 * has read half a file would fail for as long as its instance lives.
 *
 * @returns how many have changed, maps not counted.
 */
async function writeWhole(files: OutputFile[], written: Map<string, string>): Promise<number> {
  const changed = files.filter(({ path, hash }) => written.get(path) !== hash);
  const isChunk = ({ path }: OutputFile) => basename(dirname(path)) === chunkFolder;
  const chunksFirst = [...changed.filter(isChunk), ...changed.filter((file) => !isChunk(file))];
  for (const { path, contents, hash } of chunksFirst) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.new`, contents);
    await rename(`${path}.new`, path);
    written.set(path, hash);
  }
  return changed.filter(({ path }) => !path.endsWith('.map')).length;
}
