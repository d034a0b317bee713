/** `pnpm check`: types, lint and format, and the rules of the house. Exits with 1 when anything is wrong. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brokenReferences, decisionFaults, lengthFaults, yamlFaults } from './documents.ts';
import { breachesOf } from './houseRules.ts';

const root = join(import.meta.dirname, '..');

/** Paths that are or will be committed. What is deleted but not committed yet is still listed by git. */
const pathsOf = (...patterns: string[]) =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...patterns], {
    cwd: root,
    encoding: 'utf8',
  })
    .split('\n')
    .filter((path) => path !== '' && existsSync(join(root, path)));

const filesNamed = (...patterns: string[]) =>
  pathsOf(...patterns).map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

// The rules' own tests quote what they forbid.
const sources = filesNamed('*.ts', '*.js').filter(
  ({ path }) => !/^scripts\/(houseRules|documents)\.test\.ts$/.test(path),
);

/** Prints what is wrong, one a line. */
function nothingIn(faults: string[]): boolean {
  for (const fault of faults) console.error(fault);
  return faults.length === 0;
}

/** Runs a tool on this Node: by its name alone Windows does not find it without a shell. */
const run = (tool: string, ...args: string[]): boolean =>
  spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: root, stdio: 'inherit' })
    .status === 0;

const checks: [name: string, passes: () => boolean][] = [
  [
    'types',
    () =>
      // What runs in a browser knows the browser and no Node.
      ['.', 'packages/description/browser', 'packages/console/browser'].every((project) =>
        run('typescript/bin/tsc', '--project', project),
      ),
  ],
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
  ['house rules', () => nothingIn(breachesOf(sources))],
  ['YAML', () => nothingIn(yamlFaults(filesNamed('*.yml', '*.yaml')))],
  [
    'documents',
    () => {
      const documents = [...filesNamed('*.md'), ...sources, ...filesNamed('*.yml')];
      return nothingIn([
        ...brokenReferences(documents, pathsOf()),
        ...decisionFaults(documents),
        ...lengthFaults(documents),
      ]);
    },
  ],
];

const failed = checks.filter(([name, passes]) => {
  const passed = passes();
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name}`);
  return !passed;
});
process.exitCode = failed.length > 0 ? 1 : 0;
