import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { httpApiOf } from '@fanfold/local-cloud/httpApi';
import { serviceNames, templateOf } from '@fanfold/local-cloud/packagedTemplates';
import type { EndpointSettings } from '@fanfold/runtime/http';
import { InexpressibleSchema } from './jsonSchema.ts';
import { type Exchange, openApiOf, type Route } from './openApi.ts';
import type { ApiDescription } from './operations.ts';

const servicesFolder = join(import.meta.dirname, '../../../services');

const fileOf = (service: string, ...path: string[]): string => join(servicesFolder, service, ...path);

/** The services that have an API, sorted. */
export const servicesWithApi = async (): Promise<string[]> =>
  (await serviceNames()).filter((name) => existsSync(fileOf(name, 'description.ts'))).sort();

/** The OpenAPI document of a service, as it is committed: from its template, its functions and its description. */
export async function describeApi(name: string): Promise<string> {
  // The function that serves the document contains it, so the first one begins with none.
  const document = fileOf(name, 'openapi.json');
  if (!existsSync(document)) await writeFile(document, '{}\n');
  const { api } = (await load(name, 'description.ts')) as { api: ApiDescription };
  const { version } = JSON.parse(await readFile(fileOf(name, 'package.json'), 'utf8'));
  const routes = await routesOf(name);
  return toText(openApiOf({ name, version, api, routes }, await exchangesOf(name)));
}

const load = (service: string, ...path: string[]) => import(pathToFileURL(fileOf(service, ...path)).href);

/** The routes of the template, with the settings of the handlers behind them. */
export async function routesOf(name: string): Promise<Route[]> {
  const resources = await templateOf(name);
  const functions = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  return Promise.all(
    httpApiOf(resources)
      .routes.filter(({ routeKey }) => routeKey !== '$default')
      .map(async ({ routeKey, functionName }) => {
        const found = functions.find(({ Properties }) => Properties.FunctionName === functionName);
        const functionKey = functionName.split('-').at(-1) as string;
        const { handler } = (await load(name, 'src/functions', `${functionKey}.ts`)) as {
          handler: { settings?: EndpointSettings };
        };
        if (!handler.settings) {
          throw new InexpressibleSchema(
            `The handler of ${functionKey} says nothing of its settings: make it with endpoint(…) or publicEndpoint(…).`,
          );
        }
        const summary = String(found?.Properties.Description ?? functionKey);
        return { functionKey, routeKey, summary, settings: handler.settings };
      }),
  );
}

/** What was recorded of the running API: the examples of its document. */
export async function exchangesOf(name: string): Promise<Exchange[]> {
  const file = fileOf(name, 'examples.json');
  return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : [];
}

export const openApiFile = (name: string): string => fileOf(name, 'openapi.json');
export const asyncApiFile = (name: string): string => fileOf(name, 'asyncapi.json');
export const exchangesFile = (name: string): string => fileOf(name, 'examples.json');

/** As JSON that people can read too: characters that cannot be seen are escaped. */
export const toText = (document: unknown): string =>
  `${JSON.stringify(document, null, 2).replace(
    /[\p{C}\p{Default_Ignorable_Code_Point}\p{Z}\u2800\u{1d159}\u{16fe4}\u{13441}\u{13442}]/gu,
    (character) => (character === ' ' || character === '\n' ? character : escaped(character)),
  )}\n`;

const escaped = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
