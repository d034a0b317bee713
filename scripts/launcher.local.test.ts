import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';

/** `./fanfold`, in a repository that has nothing but it and a lockfile: its `npx` installs what a file names as done. */
const repository = join(import.meta.dirname, '..');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanfold-launcher-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await copyFile(join(repository, 'fanfold'), join(folder, 'fanfold'));
  await writeFile(join(folder, 'pnpm-lock.yaml'), 'as it is now\n');
  await mkdir(join(folder, 'scripts'));
  await writeFile(
    join(folder, 'scripts/fanfold.ts'),
    'console.log(JSON.stringify({ args: process.argv.slice(2), from: process.env.INIT_CWD, node: process.version })); process.exitCode = 2;',
  );
  await mkdir(join(folder, 'bin'));
  const npx = `#!/bin/sh
echo "$@"
mkdir -p node_modules/node/bin node_modules/.pnpm
ln -sf '${process.execPath}' node_modules/node/bin/node
cp pnpm-lock.yaml node_modules/.pnpm/lock.yaml`;
  await writeFile(join(folder, 'bin/npx'), npx);
  await chmod(join(folder, 'bin/npx'), 0o755);
});

type Ended = { code: number; stdout: string; stderr: string };

const launch = (command: string, args: string[] = [], cwd = folder): Promise<Ended> =>
  new Promise((resolve) => {
    const { NODE_COMPILE_CACHE: _ofTheTests, ...environment } = process.env;
    const PATH = `${join(folder, 'bin')}:${environment.PATH}`;
    execFile(command, args, { cwd, env: { ...environment, PATH } }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });

test('the launcher installs what is missing, and then only runs the tool, from wherever it is called', async () => {
  const first = await launch('./fanfold', ['token', '--merchant', 'a b']);
  expect(first.stderr).toMatch(
    /^Installing what Fanfold needs\.\n--yes pnpm@\S+ install --frozen-lockfile\n$/,
  );
  expect(JSON.parse(first.stdout)).toEqual({
    args: ['token', '--merchant', 'a b'],
    from: folder,
    node: process.version,
  });
  expect(first.code).toBe(2);

  const elsewhere = join(folder, 'bin');
  await symlink('../fanfold', join(elsewhere, 'linked'));
  const second = await launch('linked', [], elsewhere);
  expect(second.stderr).toBe('');
  expect(JSON.parse(second.stdout)).toMatchObject({ args: [], from: elsewhere });
});

test('the launcher has Node keep what it compiles, so that a command starts sooner', async () => {
  await launch('./fanfold');
  const kept = await readdir(join(folder, 'node_modules/.cache/fanfold/compiled'), { recursive: true });
  expect(kept.length).toBeGreaterThan(1);
});

test('the launcher installs again when the lockfile has changed', async () => {
  await launch('./fanfold');
  await writeFile(join(folder, 'pnpm-lock.yaml'), 'as it is after a pull\n');
  expect((await launch('./fanfold')).stderr).toContain('Installing');
  expect((await launch('./fanfold')).stderr).toBe('');
});

test('the launcher runs nothing when what is missing cannot be installed', async () => {
  await writeFile(join(folder, 'bin/npx'), '#!/bin/sh\nexit 1');
  const { code, stdout } = await launch('./fanfold');
  expect([code, stdout]).toEqual([1, '']);
});

test('an install leaves the lockfile where the launcher compares it', async () => {
  const installed = await readFile(join(repository, 'node_modules/.pnpm/lock.yaml'), 'utf8');
  expect(await readFile(join(repository, 'pnpm-lock.yaml'), 'utf8')).toBe(installed);
});

test.each([
  'fanfold',
  'fanfold.cmd',
  'README.md',
  'CONTRIBUTING.md',
  '.ci/run',
  '.github/workflows/faults.yml',
])('%s runs the pnpm that all others run', async (file) => {
  const readme = await readFile(join(repository, 'README.md'), 'utf8');
  const [pnpm = ''] = /pnpm@[\d.]+/.exec(readme) ?? [];
  const text = await readFile(join(repository, file), 'utf8');
  expect(new Set(text.match(/pnpm@[\d.]+/g))).toEqual(new Set([pnpm]));
});
