/**
 * Holds services/<name>/openapi.json against the rules of Redocly and of Spectral, with those of OWASP. Exits with 1 when one
 * has anything to say. packages/description/spectral.yaml has the rules that are off, with the reason of each.
 *
 * The linters are no dependency of the repository: they bring hundreds of packages. So they are installed into a folder of
 * their own, without install scripts.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const linters = [
  '@redocly/cli@2.77.0',
  '@stoplight/spectral-cli@6.16.3',
  '@stoplight/spectral-owasp-ruleset@2.0.1',
];

const folder = mkdtempSync(join(tmpdir(), 'fanfold-openapi-'));
try {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(
    npm,
    ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', ...linters],
    { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' },
  );
  // Spectral looks for rules, and for the documents of its overrides, from the folder of its rules.
  copyFileSync(join(root, 'packages/description/spectral.yaml'), join(folder, 'spectral.yaml'));
  const documents = globSync('services/*/openapi.json', { cwd: root }).sort();
  for (const path of documents) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  const lint = (program: string, ...options: string[]): boolean =>
    spawnSync(process.execPath, [join(folder, 'node_modules', program), 'lint', ...options, ...documents], {
      cwd: folder,
      stdio: 'inherit',
      env: { ...process.env, REDOCLY_TELEMETRY: 'off' },
    }).status === 0;
  const passed = [
    lint('@redocly/cli/bin/cli.js', '--extends=recommended', '--max-problems=1000'),
    lint('@stoplight/spectral-cli/dist/index.js', '--ruleset=spectral.yaml', '--fail-severity=hint'),
  ];
  if (passed.includes(false)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
