import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { dynoxideBinary } from './dynoxide.ts';

const repository = join(import.meta.dirname, '../../../..');
const here = `${process.platform}-${process.arch}`;

let parent: string;
let folder: string;
/** As if nothing had come with the install. */
let options: { folder: string; bundled: string };

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'fanfold-dynoxide-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  folder = join(parent, '1.2.1');
  options = { folder, bundled: join(parent, 'nothing') };
  vi.spyOn(console, 'error').mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const warnings = () => vi.mocked(console.error).mock.calls.flat().join('\n');

/** Puts a program in the place of npm. */
async function npm(script: string): Promise<void> {
  await writeFile(join(parent, 'npm'), `#!/bin/sh\n${script}`);
  await chmod(join(parent, 'npm'), 0o755);
  vi.stubEnv('PATH', `${parent}:${process.env.PATH}`);
}

describe('What is not there', () => {
  test('is installed from npm, by the hash of the lockfile, and found there the next time', async () => {
    const [binary, other] = await Promise.all([dynoxideBinary(options), dynoxideBinary(options)]);
    expect(other).toBe(binary);
    expect((await promisify(execFile)(binary, ['--version'])).stdout).toContain('1.2.1');
    const lock = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
    const { integrity } = lock.packages[`node_modules/@dynoxide/${here}`];
    expect(await readFile(join(repository, 'pnpm-lock.yaml'), 'utf8')).toContain(integrity);
    expect(warnings()).not.toContain('was believed');

    await npm('exit 1');
    expect(await dynoxideBinary(options)).toBe(binary);
  });

  test('is refused when it has another hash', async () => {
    const lockfile = join(parent, 'pnpm-lock.yaml');
    const text = await readFile(join(repository, 'pnpm-lock.yaml'), 'utf8');
    const dynoxide = /('@dynoxide\/\S+':\n.*sha512-)(.{4})/;
    await writeFile(lockfile, text.replace(dynoxide, '$1AAAA'));
    await expect(dynoxideBinary({ ...options, lockfile })).rejects.toThrow(
      /^npm cannot install @dynoxide\/\S+ 1\.2\.1: Integrity checksum failed.*FANFOLD_DYNAMODB_ENDPOINT/,
    );
    expect(await readdir(parent)).toEqual(['pnpm-lock.yaml']);
  });

  test('is believed to be what npm says where the lockfile has no hash, which is told', async () => {
    await npm(`
      mkdir -p node_modules/@dynoxide/darwin-arm64
      echo '{"packages":{"node_modules/@dynoxide/darwin-arm64":{"integrity":"sha512-abc="}}}' > package-lock.json`);
    expect(await dynoxideBinary({ ...options, platform: 'darwin-arm64' })).toBe(
      join(folder, 'node_modules/@dynoxide/darwin-arm64/dynoxide'),
    );
    expect(warnings()).toContain("no hash of @dynoxide/darwin-arm64, so npm's was believed: sha512-abc=.");
    expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')).dependencies).toEqual({
      '@dynoxide/darwin-arm64': '1.2.1',
    });
  });

  test('and cannot be installed is told with the reason, and what to use instead', async () => {
    await npm('echo "npm error code E404" >&2; echo "npm error 404 Not Found" >&2; exit 1');
    await expect(dynoxideBinary({ ...options, platform: 'win32-x64' })).rejects.toThrow(
      'npm cannot install @dynoxide/win32-x64 1.2.1: 404 Not Found. Start DynamoDB Local or any other DynamoDB endpoint',
    );
    expect(await readdir(parent)).toEqual(['npm']);
  });
});

test('where there is no binary it is told what to use instead', async () => {
  await expect(dynoxideBinary({ ...options, platform: 'sunos-x64' })).rejects.toThrow(
    /has no binary for sunos-x64\. .*set FANFOLD_DYNAMODB_ENDPOINT to its URL/,
  );
});
