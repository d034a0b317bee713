import { rm } from 'node:fs/promises';
import { type BuildContext, type BuildOptions, context, stop } from 'esbuild';

/** What is used of serverless-esbuild. */
export type Bundler = {
  buildOptions: BuildOptions & { exclude?: string | string[]; outputFileExtension: string };
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
 */
export function bundleTogether(bundler: Bundler): void {
  if (bundler.buildOptions.format !== 'esm') return;
  // Left to notice it by itself, esbuild outlives this process by a second and ends with the report of a crash.
  process.once('exit', () => stop());
  let building: Promise<BuildContext> | undefined;
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const build = async () => {
    next = undefined;
    building ??= createContext(bundler);
    await (await building).rebuild();
  };
  bundler.bundle = () => {
    // esbuild lets a rebuild that is asked for during another one share that one's result, which may be of files from
    // before the edit. So it waits, with all who ask meanwhile.
    if (!next) {
      next = last.catch(() => {}).then(build);
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

async function createContext(bundler: Bundler): Promise<BuildContext> {
  const { buildOptions, functionEntries, serviceDirPath, buildDirPath } = bundler;
  // Chunks are named by their content: those of the last run would stay for ever.
  await rm(buildDirPath, { recursive: true, force: true });
  bundler.prepare();
  const { external = [], ...options } = Object.fromEntries(
    Object.entries(buildOptions).filter(([name]) => !settingsOfPlugin.has(name)),
  ) as BuildOptions;
  return context({
    ...options,
    entryPoints: functionEntries.map(({ entry }) => entry),
    external: [...external, ...[buildOptions.exclude ?? []].flat()],
    outExtension: { '.js': buildOptions.outputFileExtension },
    splitting: true,
    absWorkingDir: serviceDirPath,
    outbase: serviceDirPath,
    outdir: buildDirPath,
  });
}
