/** `pnpm check`: types, lint and format, and the rules of the house. Exits with 1 when anything is wrong. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { breachesOf } from './houseRules.ts';

const root = join(import.meta.dirname, '..');

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
  .filter((path) => path !== 'scripts/houseRules.test.ts' && path !== '' && existsSync(join(root, path)));

/** Runs a tool on this Node: by its name alone Windows does not find it without a shell. */
const run = (tool: string, ...args: string[]): boolean =>
  spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: root, stdio: 'inherit' })
    .status === 0;

const checks: [name: string, passes: () => boolean][] = [
  ['types', () => run('typescript/bin/tsc', '--project', '.')],
  [
    'lint and format',
    () =>
      run(
        '@biomejs/biome/bin/biome',
        'ci',
        '--error-on-warnings',
        `--colors=${process.stdout.isTTY ? 'force' : 'off'}`,
        '.',
      ),
  ],
  [
    'house rules',
    () => {
      const breaches = breachesOf(
        sources.map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') })),
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
