import { type ChildProcess, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { region as defaultRegion } from '../account.ts';
import { lock } from '../fileLock.ts';
import { type Resource, resolveTemplate, type Template } from './template.ts';

const repository = join(import.meta.dirname, '../../../..');
const withoutBundles = pathToFileURL(join(import.meta.dirname, 'withoutBundles.ts')).href;
const cacheFolder = join(repository, 'node_modules/.cache/fanfold/templates');

/**
 * The CloudFormation template that `serverless package` makes of the service in `folder` (an absolute path), without
 * an AWS account and without bundling its functions. It takes 1 to 2 s. The result is cached until a file changes that can
 * change the template.
 *
 * @param stage the stage to package for.
 * @param parameters values of `${param:…}`, by name.
 * @param region where it would be deployed.
 * @throws with the framework's output when it refuses to package.
 */
export async function packageService(
  folder: string,
  stage = 'local',
  parameters: Record<string, string> = {},
  region = defaultRegion,
): Promise<Template> {
  const serverlessArguments = [
    'package',
    ...['--stage', stage, '--region', region],
    ...Object.entries(parameters).flatMap(([name, value]) => ['--param', `${name}=${value}`]),
  ];
  const hash = createHash('sha256').update(JSON.stringify(serverlessArguments));
  for (const file of await templateSources(folder)) {
    const text = await contentOf(file);
    hash.update(relative(repository, file)).update(text);
    // What a parameter takes from the environment is in the template too.
    for (const [, name = ''] of text.matchAll(/\$\{env:(\w+)/g)) hash.update(process.env[name] ?? '');
  }
  const cached = join(cacheFolder, `${hash.digest('hex')}.json`);
  if (!existsSync(cached)) await packageOnce(folder, serverlessArguments, cached);
  return JSON.parse(await readFile(cached, 'utf8'));
}

/** The parameters that a stage in AWS has to have, for who needs nothing of its template that they change. */
export const anyParameters = { tokenIssuer: 'https://issuer.invalid', logOrigin: 'log.invalid' };

/**
 * The resources of one of the services in `services/`, packaged for the local stage and resolved.
 *
 * @param awsEndpoint base URL of queue URLs, such as `emulators.endpoints.aws`.
 * @param parameters values of `${param:…}`, by name.
 */
export async function templateOf(
  service: string,
  awsEndpoint?: string,
  parameters: Record<string, string> = {},
): Promise<Record<string, Resource>> {
  const template = await packageService(join(repository, 'services', service), 'local', parameters);
  return resolveTemplate(template, awsEndpoint);
}

/** The names of the services in `services/`. */
export async function serviceNames(): Promise<string[]> {
  const names = await readdir(join(repository, 'services'));
  return names.filter((name) => existsSync(join(repository, 'services', name, 'serverless.yml')));
}

/** The names of those that are in a stack: the others are opt-in, and wait for somebody to list them. */
export async function namesOfStack(): Promise<string[]> {
  const compose = await readFile(join(repository, 'serverless-compose.yml'), 'utf8');
  return [...compose.matchAll(/^ +path: services\/(\S+)$/gm)].map(([, name = '']) => name);
}

/**
 * The configuration of the service and of what it includes, and the versions of the tools. Function code is left out:
 * it is bundled with the template, but is not part of it.
 */
export async function templateSources(folder: string): Promise<string[]> {
  // The stage's dashboard is made of what all services take part in.
  const ofAll = (await readFile(join(folder, 'serverless.yml'), 'utf8')).includes('/dashboard.js)')
    ? [join(repository, 'services')]
    : [];
  const roots = [folder, join(repository, 'packages'), ...ofAll];
  const found = await Promise.all(roots.map((root) => configurationFiles(root)));
  const ofStack = ofAll.length > 0 ? [join(repository, 'serverless-compose.yml')] : [];
  return [...new Set(found.flat())].sort().concat(ofStack, join(repository, 'pnpm-lock.yaml'));
}

/** Of the lockfile, without which packages link which others: another service changes no template but its own. */
async function contentOf(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  return file.endsWith('pnpm-lock.yaml') ? text.replace(/^importers:\n[\s\S]*?^(?=packages:)/m, '') : text;
}

/** What is written about a service, and read by nothing that makes its template. */
const descriptions = new Set(['openapi.json', 'asyncapi.json', 'examples.json']);

/** Nor have hidden folders any, in which tools, running services and tests change files all the time. */
const foldersWithoutConfiguration = new Set(['node_modules', 'src', 'events', 'fixtures']);

async function configurationFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const files = await Promise.all(
    entries.map((entry) => {
      const path = join(folder, entry.name);
      if (!entry.isDirectory())
        return !descriptions.has(entry.name) && /\.(ya?ml|json|[cm]?js)$/.test(entry.name) ? [path] : [];
      const isLeftOut = foldersWithoutConfiguration.has(entry.name) || entry.name.startsWith('.');
      return isLeftOut ? [] : configurationFiles(path);
    }),
  );
  return files.flat();
}

async function packageOnce(folder: string, serverlessArguments: string[], target: string): Promise<void> {
  await aloneIn(folder, async () => {
    if (!existsSync(target)) await runPackage(folder, serverlessArguments, target);
  });
}

/**
 * Runs a command of the framework in a service's folder, one at a time: it keeps what it makes in `.serverless` and `.esbuild`
 * there, and deletes that at the end.
 */
export async function aloneIn<T>(folder: string, command: () => Promise<T>): Promise<T> {
  await mkdir(cacheFolder, { recursive: true });
  const name = createHash('sha256').update(folder).digest('hex');
  const release = await lock(join(cacheFolder, `${name}.lock`));
  try {
    return await command();
  } finally {
    release();
  }
}

async function runPackage(folder: string, serverlessArguments: string[], target: string): Promise<void> {
  const require = createRequire(join(folder, 'serverless.yml'));
  const serverless = join(dirname(require.resolve('serverless/package.json')), 'bin/serverless.js');
  const output = await mkdtemp(join(tmpdir(), 'fanfold-package-'));
  try {
    const run = promisify(execFile)(
      process.execPath,
      ['--import', withoutBundles, serverless, ...serverlessArguments, '--package', output],
      // What it has there when it is killed goes with the folder.
      { cwd: folder, env: { ...process.env, TMPDIR: output, TEMP: output } },
    );
    packaging.set(output, run.child);
    await run.catch((error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`${folder} cannot be packaged:\n${error.stdout}${error.stderr}`, { cause: error });
    });
    // Moved into place: another process never reads half a file.
    const template = join(output, 'cloudformation-template-update-stack.json');
    const copy = `${target}.${process.pid}`;
    await copyFile(template, copy);
    await rename(copy, target);
  } finally {
    packaging.delete(output);
    await rm(output, { recursive: true });
  }
}

/** What is being packaged now: the folder of the result, and the process that writes there. */
const packaging = new Map<string, ChildProcess>();

// This process may end before that one, as `pnpm dev` does on Ctrl-C.
process.once('exit', () => {
  for (const [output, child] of packaging) {
    child.kill('SIGKILL');
    rmSync(output, { recursive: true, force: true, maxRetries: 10 });
  }
});
