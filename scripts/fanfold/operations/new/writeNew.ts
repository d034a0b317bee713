import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../../processes.ts';
import { CommandError } from '../../errors.ts';

export const repository = join(import.meta.dirname, '../../../..');
export const servicesFolder = join(repository, 'services');

/** @throws when the file is there: nothing is overwritten */
export async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: 'wx' });
}

/** Breaks the lines of files, and orders their imports, as `pnpm check` wants them. */
export async function format(...paths: string[]): Promise<void> {
  const biome = join(repository, 'node_modules/@biomejs/biome/bin/biome');
  // To look for circles of imports, its linter reads the whole repository, which takes some seconds.
  const commandArguments = [biome, 'check', '--linter-enabled=false', '--write', ...paths];
  const { code, output } = await run(process.execPath, commandArguments, { cwd: repository });
  if (code !== 0) throw new CommandError('The files cannot be formatted:', ...output.trim().split('\n'));
}
