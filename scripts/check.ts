/** `pnpm check`: types, lint and format, and the rules of the house. Exits with 1 when anything is wrong. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { breachesOf } from './houseRules.ts';

const root = new URL('..', import.meta.url).pathname;

const sources = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.js'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\n')
  // The rules' own test quotes what they forbid. What is deleted but not committed yet is still listed.
  .filter((path) => path !== 'scripts/houseRules.test.ts' && path !== '' && existsSync(`${root}${path}`));

const run = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit' }).status === 0;

const checks: [name: string, passes: () => boolean][] = [
  ['types', () => run('tsc', '--project', '.')],
  [
    'lint and format',
    () =>
      run('biome', 'ci', '--error-on-warnings', `--colors=${process.stdout.isTTY ? 'force' : 'off'}`, '.'),
  ],
  [
    'house rules',
    () => {
      const breaches = breachesOf(
        sources.map((path) => ({ path, text: readFileSync(`${root}${path}`, 'utf8') })),
      );
      for (const breach of breaches) console.error(breach);
      return breaches.length === 0;
    },
  ],
];

const failed = checks.filter(([name, passes]) => {
  const passed = passes();
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name}`);
  return !passed;
});
process.exitCode = failed.length > 0 ? 1 : 0;
