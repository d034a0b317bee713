import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';

/** A file that a build made: its absolute path, and a hash of its contents. */
export type BuiltFile = { path: string; contents: Uint8Array; hash: string };

const repository = join(import.meta.dirname, '../../../..');
const cacheFolder = join(repository, 'node_modules/.cache/fanfold/functions');

/** All code that may be in a bundle: functions import from nowhere else. pnpm keeps a lockfile of what it has installed. */
const codeOfFunctions = ['packages', 'services', 'node_modules/.pnpm/lock.yaml', 'tsconfig.base.json'].map(
  (name) => join(repository, name),
);

/** Whether all code of these folders is known, so that what was built of it can be kept. */
export const isKeepable = (folders: string[]): boolean =>
  folders.every((folder) => !relative(repository, folder).startsWith('..'));

/**
 * What a build made before of the same code, which takes a tenth of the time of the build. The last result is kept for each
 * purpose: some megabytes.
 *
 * @param purpose all that what is made depends on, besides the code
 * @param outputFolder of the files that are built, which do not say where it is
 * @param sources the files of the code, and the folders of such files
 */
export async function builtOnce(
  purpose: unknown,
  outputFolder: string,
  build: () => Promise<BuiltFile[]>,
  sources = codeOfFunctions,
): Promise<BuiltFile[]> {
  const name = createHash('sha256').update(JSON.stringify(purpose)).digest('hex');
  const path = join(cacheFolder, name);
  const code = await hashOf(sources);
  const kept: { code: string; files: BuiltFile[] } | undefined = await readFile(path).then(
    deserialize,
    () => undefined,
  );
  if (kept?.code === code)
    return kept.files.map((file) => ({ ...file, path: resolve(outputFolder, file.path) }));
  const built = await build();
  // What was edited meanwhile may be in it or not.
  if ((await hashOf(sources)) !== code) return built;
  const files = built.map((file) => ({ ...file, path: relative(outputFolder, file.path) }));
  await keep(path, serialize({ code, files })).catch((error) =>
    process.emitWarning(`What was built is not kept for the next start: ${error.message}`),
  );
  return built;
}

/** Moved into place: another process never reads half a file. */
async function keep(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  await writeFile(`${path}.${process.pid}`, bytes);
  await rename(`${path}.${process.pid}`, path);
}

async function hashOf(sources: string[]): Promise<string> {
  const found = await Promise.all(sources.map(codeIn));
  const files = found.flat().sort();
  const texts = await Promise.all(files.map((file) => readFile(file).catch(() => 'deleted meanwhile')));
  const hash = createHash('sha256');
  for (const [i, file] of files.entries()) {
    const text = texts[i] ?? '';
    hash.update(`\n${relative(repository, file)} ${text.length}\n`).update(text);
  }
  return hash.digest('hex');
}

async function codeIn(source: string): Promise<string[]> {
  if (!(await stat(source)).isDirectory()) return [source];
  const entries = await readdir(source, { withFileTypes: true });
  const files = await Promise.all(
    entries.map((entry) => {
      const path = join(source, entry.name);
      if (!entry.isDirectory())
        return /\.([cm]?[jt]s|json)$/.test(entry.name) && !entry.name.endsWith('.test.ts') ? [path] : [];
      // Hidden folders are those of tools, and of what runs.
      return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : codeIn(path);
    }),
  );
  return files.flat();
}
