import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { run } from '../processes.ts';

/** Whose commands a page has, each with the environment of who may give it. */
export type Commands = Record<
  'aws' | 'pnpm' | 'fanfold',
  { program: string[]; environment: Record<string, string> }
>;

/**
 * The blocks of commands below a heading of a page, each as it stands there.
 *
 * @throws when the page has no such heading, or no commands below it
 */
export async function blocksOf(page: string, heading: string): Promise<string[]> {
  const [, section = ''] = (await readFile(page, 'utf8')).split(`\n## ${heading}\n`);
  const blocks = [...(section.split('\n## ')[0]?.matchAll(/^( *)```sh\n([\s\S]*?)^ *```$/gm) ?? [])];
  if (blocks.length === 0) throw new Error(`${page} has no commands below "${heading}".`);
  return blocks.map(([, indent = '', block = '']) => block.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

/**
 * Types what a page says into a shell.
 *
 * @param checkout where it is typed
 * @param folder for the programs that it calls
 * @returns what was printed
 * @throws when a command failed
 */
export async function typeIn(
  script: string,
  { checkout, folder, commands }: { checkout: string; folder: string; commands: Commands },
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, { program, environment }] of Object.entries(commands)) {
    const exports = Object.entries(environment).map(([key, value]) => `export ${key}=${quoted(value)}`);
    const file = join(folder, name);
    await writeFile(
      file,
      ['#!/bin/sh', ...exports, `exec ${program.map(quoted).join(' ')} "$@"`, ''].join('\n'),
    );
    await chmod(file, 0o755);
  }
  const { PATH = '' } = process.env;
  const { code, output } = await run('bash', ['-euc', script.replaceAll('./fanfold ', 'fanfold ')], {
    cwd: checkout,
    env: { PATH: [folder, PATH].join(delimiter) },
  });
  if (code !== 0) throw new Error(`It ended with ${code}:\n${script}\n${output}`);
  return output;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
