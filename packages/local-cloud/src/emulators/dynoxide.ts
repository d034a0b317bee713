import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const repository = join(import.meta.dirname, '../../../..');
const manifest = createRequire(import.meta.url)('../../package.json') as {
  optionalDependencies: Record<string, string>;
};

/** One release for all platforms: upstream publishes their packages together. */
const version = manifest.optionalDependencies['@dynoxide/linux-x64'] as string;

/** https://github.com/nubo-db/dynoxide/blob/main/npm/dynoxide/package.json */
const platforms = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-x64'];

const instead =
  'Start DynamoDB Local or any other DynamoDB endpoint and set FANFOLD_DYNAMODB_ENDPOINT to its URL, ' +
  'for example FANFOLD_DYNAMODB_ENDPOINT=http://127.0.0.1:8000.';

type Options = {
  platform?: string;
  /**
   * The node_modules that the install puts it into. Not resolved as Node does, which might search other folders too.
   */
  bundled?: string;
  /** Another folder to look in, and to install into. */
  folder?: string;
  lockfile?: string;
};

/**
 * The path of dynoxide's binary for this platform. The install includes it if the lockfile has it. Otherwise npm
 * installs it at its first use, into a folder that Git ignores, and its hash is compared with the lockfile's. If the
 * lockfile does not have the package, npm's own hash is accepted, and printed.
 *
 * @throws when there is no binary for the platform, or it cannot be installed; the message says what can be used
 *   instead.
 */
export async function dynoxideBinary({
  platform = `${process.platform}-${process.arch}`,
  folder = join(repository, '.fanfold/dynoxide', version),
  bundled = join(import.meta.dirname, '../../node_modules'),
  lockfile = join(repository, 'pnpm-lock.yaml'),
}: Options = {}): Promise<string> {
  if (!platforms.includes(platform)) {
    throw new Error(`The DynamoDB emulator has no binary for ${platform}. ${instead}`);
  }
  const name = `@dynoxide/${platform}`;
  const [fromInstall, own] = [bundled, join(folder, 'node_modules')].map((modules) =>
    join(modules, name, platform.startsWith('win32') ? 'dynoxide.exe' : 'dynoxide'),
  ) as [string, string];
  if (existsSync(fromInstall)) return fromInstall;
  if (!existsSync(own)) await install(name, folder, lockfile);
  return own;
}

async function install(name: string, folder: string, lockfile: string): Promise<void> {
  const integrity = integrityIn(await readFile(lockfile, 'utf8'), name);
  console.error(`Installing the DynamoDB emulator: ${name} ${version}.`);
  await mkdir(dirname(folder), { recursive: true });
  const temporary = await mkdtemp(`${folder}-`);
  try {
    const dependencies = { [name]: version };
    await writeFile(join(temporary, 'package.json'), JSON.stringify({ private: true, dependencies }));
    if (integrity) {
      const packages = { '': { dependencies }, [`node_modules/${name}`]: { version, integrity } };
      const lock = JSON.stringify({ lockfileVersion: 3, packages });
      await writeFile(join(temporary, 'package-lock.json'), lock);
    }
    await npmInstall(temporary).catch((error: Error) => {
      throw new Error(`npm cannot install ${name} ${version}: ${reasonOf(error)}. ${instead}`, {
        cause: error,
      });
    });
    if (!integrity) await warnUnverified(name, temporary);
    await moveIntoPlace(temporary, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function integrityIn(lockfile: string, name: string): string | undefined {
  const [, afterName = ''] = lockfile.split(`'${name}@${version}':\n`);
  return /^ +resolution: \{integrity: (sha512-[\w+/=]+)\}/.exec(afterName)?.[1];
}

/** In the folder, with its own package.json. On Windows npm is a script, which needs a shell. */
const npmInstall = (folder: string) =>
  promisify(execFile)('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    shell: process.platform === 'win32',
  });

function reasonOf(error: Error & { stderr?: string }): string {
  const lines = (error.stderr ?? '').split('\n').map((line) => line.replace(/^npm (error|ERR!) ?/, ''));
  return lines.find((line) => /\s/.test(line) && !line.startsWith('code ')) ?? error.message;
}

async function warnUnverified(name: string, folder: string): Promise<void> {
  const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
  const { integrity } = lock.packages[`node_modules/${name}`];
  console.error(
    `pnpm-lock.yaml has no hash of ${name}, so npm's was believed: ${integrity}. To have it compared from now on, add the ` +
      'package to the optionalDependencies of packages/local-cloud and commit the lockfile.',
  );
}

/** When several processes install at once, the first one is used, and the others find it there. */
async function moveIntoPlace(temporary: string, folder: string): Promise<void> {
  try {
    await rename(temporary, folder);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
