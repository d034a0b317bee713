import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Ended, run } from './processes.ts';

/** A copy of this checkout, where files may be changed and are written. */
export type Checkout = {
  folder: string;
  /**
   * Changes a file, as an editor would.
   *
   * @throws when the file does not have what is to be replaced
   */
  edit(path: string, ...replacements: [before: string, after: string][]): Promise<void>;
  /** Puts back a file that was changed, or takes away one that was added. */
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  /** Runs a command line with the checkout's pnpm, and gives what it said. */
  pnpm(commandArguments: string[], environment: Record<string, string>, below?: string): Promise<Ended>;
};

/**
 * Copies what git knows or would add, with the changes that are not committed, and installs the packages from pnpm's store.
 *
 * @param repository the checkout
 * @param folder where the copy goes, which is not there yet: on the same disk, so that the store is the same
 * @param commit copied in place of what is checked out
 */
export async function copyCheckout(repository: string, folder: string, commit?: string): Promise<Checkout> {
  git(repository, 'clone', '--quiet', '--shared', '--no-checkout', repository, folder);
  if (commit) git(folder, 'checkout', '--quiet', '--detach', commit);
  else await copyWorkTree(repository, folder);
  const pnpm: Checkout['pnpm'] = (commandArguments, environment, below = '.') => {
    const [command = '', ...leading] = pnpmCommand();
    const cwd = join(folder, below);
    return run(command, [...leading, ...commandArguments], { cwd, env: { ...environment, INIT_CWD: cwd } });
  };
  const environment = process.env as Record<string, string>;
  const { code, output } = await pnpm(['install', '--frozen-lockfile', '--prefer-offline'], environment);
  if (code !== 0) throw new Error(`The packages of the copy cannot be installed:\n${output}`);
  const read = (path: string) => readFile(join(folder, path), 'utf8');
  const write = (path: string, text: string) => writeFile(join(folder, path), text);
  return {
    folder,
    pnpm,
    read,
    write,
    async edit(path, ...replacements) {
      let text = await read(path);
      for (const [before, after] of replacements) {
        if (!text.includes(before))
          throw new Error(`${path} does not have what is to be changed:\n${before}`);
        text = text.replace(before, () => after);
      }
      await write(path, text);
    },
  };
}

export const git = (folder: string, ...commandArguments: string[]): string =>
  execFileSync('git', commandArguments, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 });

async function copyWorkTree(repository: string, folder: string): Promise<void> {
  git(folder, 'reset', '--quiet');
  const files = git(repository, 'ls-files', '--cached', '--others', '--exclude-standard', '-z');
  for (const file of files.split('\0')) {
    // What is deleted but not committed yet is still listed.
    if (file === '' || !existsSync(join(repository, file))) continue;
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(repository, file), join(folder, file));
  }
}

/** The pnpm that runs this, or the one that the README names. */
export function pnpmCommand(): string[] {
  const { npm_execpath: path = '' } = process.env;
  if (!path.includes('pnpm')) return ['npx', '--yes', 'pnpm@12.21.0'];
  return /\.[cm]?js$/.test(path) ? [process.execPath, path] : [path];
}
