import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalog, type EventType, eventTypes } from '@fanfold/contracts/catalog';
import { exampleFile } from '@fanfold/contracts/exampleFile';
import { describeApi, openApiFile } from '@fanfold/description/service';
import { serviceNames, templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { serviceNameProblem } from '../../../../packages/topology/names.js';
import { pnpmCommand } from '../../../checkout.ts';
import { run } from '../../../processes.ts';
import { CommandError, UsageError } from '../../errors.ts';
import { isKnown, newTypeProblem } from './eventFiles.ts';
import { type NewService, serviceFiles } from './serviceFiles.ts';
import { format, repository, servicesFolder, writeNew } from './writeNew.ts';

const compose = join(repository, 'serverless-compose.yml');

/** What was written, by its path from the root of the repository, without what pnpm and the descriptions added. */
export type Created = { files: string[]; localPort: number };

/**
 * Makes a service that runs and is deployed: its folder, and its place in serverless-compose.yml and in the lockfile. No other file
 * changes.
 *
 * @throws UsageError when it cannot be made as it was asked for, with all that is wrong; CommandError when its packages cannot be
 *   linked, and then nothing is left of it
 */
export async function newService(service: NewService): Promise<Created> {
  const problems = await problemsOf(service);
  if (problems.length > 0) throw new UsageError(...problems);
  const { name } = service;
  const localPort = await freeLocalPort();
  const cause = JSON.parse(
    await readFile(exampleFile(catalog[service.subscribesTo[0] as EventType]), 'utf8'),
  );
  const folder = join(servicesFolder, name);
  const files = [...serviceFiles(service, { localPort, cause })];
  try {
    for (const [path, text] of files) await writeNew(join(folder, path), text);
    await format(folder);
    // A template is kept by its content: it is made while pnpm links, and a running `dev` finds it.
    await Promise.all([linkPackages(), templateOf(name)]);
    if (service.api) await writeFile(openApiFile(name), await describeApi(name));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  // Last: a running `dev` finds there what it is to start.
  await appendFile(compose, entryInCompose(name));
  return { files: files.map(([path]) => `services/${name}/${path}`), localPort };
}

async function problemsOf({ name, subscribesTo, publishes, api }: NewService): Promise<string[]> {
  const functions = [
    'consumer',
    ...(publishes.length > 0 ? ['publisher'] : []),
    ...(api ? ['unknownRoute'] : []),
  ];
  const unknown = subscribesTo.filter((type) => !isKnown(type));
  return [
    serviceNameProblem(name, functions),
    ...((await isTaken(name))
      ? [`The name ${name} is taken. These are: ${(await takenNames()).join(', ')}.`]
      : []),
    ...(subscribesTo.length === 0 ? ['A service subscribes to one type of event at least.'] : []),
    ...(unknown.length > 0
      ? [
          `${unknown.map((type) => `"${type}"`).join(', ')}: no such ${unknown.length === 1 ? 'type' : 'types'} of event. These are:`,
          ...eventTypes.map((type) => `  ${type}`),
        ]
      : []),
    ...twice(subscribesTo).map((type) => `${type} is subscribed to twice.`),
    ...twice(publishes).map((type) => `${type} is published twice.`),
    ...publishes.map((type) => newTypeProblem(type)),
  ].filter((problem) => problem !== undefined);
}

const twice = (types: string[]): string[] => types.filter((type, i) => types.indexOf(type) < i);

/** Of folders too that are no services yet. `operator` publishes as if it were one. */
const takenNames = async (): Promise<string[]> => [...(await readdir(servicesFolder)), 'operator'].sort();

const isTaken = async (name: string): Promise<boolean> => (await takenNames()).includes(name);

/** After those of the services that there are, and after those of what the services share. */
async function freeLocalPort(): Promise<number> {
  const templates = await Promise.all(
    (await serviceNames()).map((name) => readFile(join(servicesFolder, name, 'serverless.yml'), 'utf8')),
  );
  const taken = templates.map((template) => Number(/^ {2}localPort: (\d+)/m.exec(template)?.[1] ?? 0));
  return Math.max(9, ...taken) + 1;
}

async function linkPackages(): Promise<void> {
  const [command = '', ...leading] = pnpmCommand();
  const { code, output } = await run(
    command,
    [...leading, 'install', '--no-frozen-lockfile', '--prefer-offline'],
    {
      cwd: repository,
    },
  );
  if (code !== 0)
    throw new CommandError('pnpm cannot link the packages of the new service:', ...output.trim().split('\n'));
}

/** After audit, which records what it publishes. */
const entryInCompose = (name: string): string => `  ${name}:
    path: services/${name}
    component: ./scripts/deploy/service.cjs
    dependsOn: [bus, audit]
`;
