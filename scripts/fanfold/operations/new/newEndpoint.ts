import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Script } from 'node:vm';
import {
  describeApi,
  exchangesFile,
  exchangesOf,
  openApiFile,
  servicesWithApi,
  toText,
} from '@fanfold/description/service';
import { httpApiOf } from '@fanfold/local-cloud/httpApi';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { functionKeyProblem } from '../../../../packages/topology/names.js';
import { CommandError, UsageError } from '../../errors.ts';
import {
  endpointFiles,
  exampleOfEndpoint,
  type Knowing,
  type NewEndpoint,
  objectOf,
  operationPattern,
  routePattern,
  schemaNameOf,
  variablesOf,
  withEndpoint,
} from './endpointFiles.ts';
import { format, servicesFolder, writeNew } from './writeNew.ts';

/** The paths of what was written and changed, from the root of the repository. */
export type CreatedEndpoint = { files: string[]; changed: string[] };

/**
 * Adds an endpoint to the API of a service: its handler and test, its function in serverless.yml, and its description.
 *
 * @throws UsageError when it cannot be added as it was asked for, with all that is wrong; CommandError when the service's files are
 *   not made as others are, and then they are as they were
 */
export async function newEndpoint(endpoint: NewEndpoint): Promise<CreatedEndpoint> {
  const { service, operation } = endpoint;
  const withApi = await servicesWithApi();
  if (!withApi.includes(service)) {
    throw new UsageError(`No service ${service} has an API. These have: ${withApi.join(', ')}.`);
  }
  const folder = join(servicesFolder, service);
  const paths = await pathsOf(folder);
  const knowing = await read(paths);
  const problems = await problemsOf(endpoint, knowing);
  if (problems.length > 0) throw new UsageError(...problems);

  const added = endpointFiles(endpoint);
  const changing = [...Object.values(paths), exchangesFile(service), openApiFile(service)];
  const before = new Map(
    await Promise.all(changing.map(async (path) => [path, await readFile(path)] as const)),
  );
  const written: string[] = [];
  try {
    const { template, description, answers } = withEndpoint(endpoint, knowing);
    for (const [path, text] of added) {
      await writeNew(join(folder, path), text);
      written.push(join(folder, path));
    }
    await writeFile(
      exchangesFile(service),
      toText([...(await exchangesOf(service)), exampleOfEndpoint(endpoint)]),
    );
    await writeFile(paths.description, description);
    await writeFile(paths.answers, answers);
    await format(...written, paths.description, paths.answers);
    // Now it is there: a running `dev` starts it.
    await writeFile(paths.template, template);
    await writeFile(openApiFile(service), await describeApi(service));
  } catch (error) {
    for (const [path, text] of before) await writeFile(path, text);
    for (const path of written) await rm(path);
    throw error instanceof CommandError
      ? error
      : new CommandError(
          `${operation} cannot be added, and nothing was changed: ${(error as Error).message}`,
          'CONTRIBUTING.md says what to do by hand: "Recipe: a new endpoint".',
        );
  }
  const fromRoot = (path: string) => path.replace(servicesFolder, 'services').replaceAll('\\', '/');
  return { files: written.map(fromRoot), changed: changing.map(fromRoot).sort() };
}

/** The files that know of endpoints. Where the answers are is what the description imports. */
async function pathsOf(folder: string): Promise<Record<keyof Knowing, string>> {
  const description = join(folder, 'description.ts');
  const [, answers = ''] =
    /^import \* as answers from '(.+)';$/m.exec(await readFile(description, 'utf8')) ?? [];
  return { template: join(folder, 'serverless.yml'), description, answers: join(folder, answers) };
}

async function read({ template, description, answers }: Record<keyof Knowing, string>): Promise<Knowing> {
  return {
    template: await readFile(template, 'utf8'),
    description: await readFile(description, 'utf8'),
    answers: await readFile(answers, 'utf8'),
  };
}

async function problemsOf(endpoint: NewEndpoint, { description, answers }: Knowing): Promise<string[]> {
  const { operation, service, route, scope } = endpoint;
  const routes = httpApiOf(await templateOf(service)).routes.map(({ routeKey }) => routeKey);
  const same = routes.find((each) => shapeOf(each) === shapeOf(route));
  const isTaken = existsSync(join(servicesFolder, service, 'src/functions', `${operation}.ts`));
  const object = objectOf(endpoint);
  const isKnown =
    new RegExp(`^export const ${object}\\b`, 'm').test(answers) ||
    new RegExp(`\\b${schemaNameOf(endpoint)}: `).test(description);
  const variables = variablesOf(route);
  return [
    operationPattern.test(operation)
      ? functionKeyProblem(service, operation)
      : `"${operation}" is no name of an endpoint: it is a verb and a noun, such as getBalance.`,
    isName(object)
      ? undefined
      : `"${object}" is a word of JavaScript: take another noun than that of ${operation}.`,
    isTaken ? `${service} has a function ${operation} already.` : undefined,
    !isTaken && isKnown
      ? `${service} shows ${object} already: take another noun than that of ${operation}.`
      : undefined,
    routePattern.test(route)
      ? undefined
      : `"${route}" is no route: it is GET, POST, PUT or DELETE and a path, such as GET /${service}/{paymentId}/balance.`,
    same === undefined ? undefined : `${service} has a route ${same} already.`,
    new Set(variables).size < variables.length ? `${route} names a part of its path twice.` : undefined,
    /^[a-z][a-z0-9-]*:[a-z]+$/.test(scope)
      ? undefined
      : `"${scope}" is no scope: it says of what and whether it reads or writes, such as ${service}:read.`,
  ].filter((problem) => problem !== undefined);
}

function isName(word: string): boolean {
  try {
    new Script(`'use strict'; let ${word};`);
    return true;
  } catch {
    return false;
  }
}

/** Routes that differ only in the names of their variables are the same to API Gateway. */
const shapeOf = (route: string): string => route.replaceAll(/\{\w+\}/g, '{}');
