import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../processes.ts';

const leastMinor = 10;

/**
 * A folder with programs in Python, installed at first use: the packages that `requirements` names, each with its hash.
 *
 * @param folder where environments are kept; each has a name of its own for each state of its requirements
 * @returns the folder of the environment's programs, such as `python`
 * @throws when there is no Python that can be used, or a package cannot be installed
 */
export async function pythonEnvironment(folder: string, requirements: string): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const environment = join(folder, hash.slice(0, 16));
  const programs = join(environment, process.platform === 'win32' ? 'Scripts' : 'bin');
  const complete = join(environment, 'complete');
  if (existsSync(complete)) return programs;
  const python = await findPython();
  await rm(environment, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const made = await run(python, ['-m', 'venv', environment]);
  if (made.code !== 0) {
    throw new Error(
      `${python} cannot make a virtual environment. On Debian and Ubuntu install python3-venv.\n${made.output}`,
    );
  }
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes'];
  const installed = await run(join(programs, 'python'), [...pip, '-r', requirements]);
  if (installed.code !== 0) {
    throw new Error(`The packages of ${requirements} cannot be installed:\n${installed.output}`);
  }
  await writeFile(complete, '');
  return programs;
}

/** @throws a sentence, when there is none or it is too old */
async function findPython(): Promise<string> {
  const found: string[] = [];
  for (const python of ['python3', 'python']) {
    const code = 'import sys; print("%d.%d" % sys.version_info[:2])';
    const { output } = await run(python, ['-c', code]).catch(() => ({ output: '' }));
    const [, major, minor] = /^(\d+)\.(\d+)\s*$/.exec(output) ?? [];
    if (Number(major) === 3 && Number(minor) >= leastMinor) return python;
    if (major) found.push(`${python} is ${major}.${minor}`);
  }
  throw new Error(
    `pnpm rehearse needs Python 3.${leastMinor} or newer, which nothing else here does: ` +
      `${found.join(', ') || 'there is neither python3 nor python in PATH'}.`,
  );
}
