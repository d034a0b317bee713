import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Child, spawnEndingWithParent } from './endWithParent.ts';

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fanfold-end-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The process that a program's first line of output names. */
const programOf = async ({ stdout }: Child): Promise<number> => Number(await once(stdout, 'data'));

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const runsOn = ['--eval', 'console.log(process.pid); setInterval(() => {}, 1_000)'];

// Windows has no shell: what it has instead runs everywhere, and so is tested everywhere.
describe.each(['linux', 'win32'] as const)('A program, guarded as on %s,', (platform) => {
  test('ends when its standard input does, and takes its temporary folder with it', async () => {
    const temporary = await temporaryFolder();
    const child = spawnEndingWithParent(process.execPath, runsOn, temporary, platform);
    const program = await programOf(child);
    expect(isRunning(program)).toBe(true);
    child.stdin.end();
    await once(child, 'close');
    expect([isRunning(program), await isThere(temporary)]).toEqual([false, false]);
  });

  test('does not outlive a parent that is killed', async () => {
    const temporary = await temporaryFolder();
    const script = `
      import { spawnEndingWithParent } from '${import.meta.dirname}/endWithParent.ts';
      const args = ${JSON.stringify(runsOn)};
      spawnEndingWithParent(process.execPath, args, '${temporary}', '${platform}').stdout.pipe(process.stdout);`;
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const program = Number(await once(parent.stdout, 'data'));
    parent.kill('SIGKILL');
    await expect.poll(() => isRunning(program), { timeout: 10_000 }).toBe(false);
    await expect.poll(() => isThere(temporary), { timeout: 10_000 }).toBe(false);
  });

  test('says what it says, and how it ended', async () => {
    const script = 'console.error("last words"); process.exitCode = 3';
    const child = spawnEndingWithParent(process.execPath, ['--eval', script], '', platform);
    const [output, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect([output.trim(), code]).toEqual(['last words', 3]);
  });

  test('that is killed is told by its signal', async () => {
    const child = spawnEndingWithParent(process.execPath, runsOn, '', platform);
    process.kill(await programOf(child), 'SIGKILL');
    expect(await once(child, 'exit')).toEqual([137, null]);
  });
});
