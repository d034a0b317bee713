/**
 * Sends requests that schemathesis makes of services/<name>/openapi.json to the stack at FANFOLD_PORT, valid and invalid ones,
 * and holds the answers against the documents: every check, a hundred examples an operation, and the links between them.
 * Exits with 1 when anything fails.
 *
 *   node scripts/schemathesis.ts [further options of `schemathesis run`, such as --seed 7]
 *
 * It needs Python 3.10, for which it is installed at first use.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { servicesWithApi } from '@fanfold/description/service';
import { findStack } from '@fanfold/local-cloud/stack';
import { developmentToken, merchantScopes } from './fanfold/operations/accessToken.ts';

const version = '4.32.5';
const root = join(import.meta.dirname, '..');

const base = Number(process.env.FANFOLD_PORT ?? 4000);
const stack = await findStack(base);
if (!stack) throw new Error(`No stack is running at port ${base}. Start one: pnpm dev.`);

const environment = join(root, 'node_modules/.cache/fanfold', `schemathesis-${version}`);
const programs = join(environment, process.platform === 'win32' ? 'Scripts' : 'bin');
try {
  if (!existsSync(environment)) {
    execFileSync('python3', ['-m', 'venv', environment], { stdio: 'inherit' });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    execFileSync(join(programs, 'python'), [...pip, `schemathesis==${version}`], { stdio: 'inherit' });
  }
} catch (error) {
  rmSync(environment, { recursive: true, force: true });
  throw error;
}

const token = await developmentToken('acme', merchantScopes(), 12 * 3600);
// Payments first: the others have something to show then.
const services = (await servicesWithApi()).filter((name) => stack.services[name]);
for (const service of ['payments', ...services.filter((name) => name !== 'payments')]) {
  const { status } = spawnSync(
    join(programs, 'schemathesis'),
    [
      `--config-file=${join(import.meta.dirname, 'schemathesis/schemathesis.toml')}`,
      'run',
      join(root, 'services', service, 'openapi.json'),
      `--url=${stack.services[service]?.url}`,
      `--header=Authorization: Bearer ${token}`,
      '--checks=all',
      ...process.argv.slice(2),
    ],
    {
      stdio: 'inherit',
      // It keeps what it has found in the folder in which it runs.
      cwd: environment,
      env: {
        ...process.env,
        PYTHONPATH: join(import.meta.dirname, 'schemathesis'),
        PYTHONDONTWRITEBYTECODE: '1',
        SCHEMATHESIS_HOOKS: 'hooks',
      },
    },
  );
  if (status !== 0) process.exitCode = 1;
}
