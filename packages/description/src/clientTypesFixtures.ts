import { readFile } from 'node:fs/promises';
import openapiTS, { astToString } from 'openapi-typescript';
import { openApiFile } from './service.ts';

/**
 * The types that a client of a service generates from its committed document, with `--default-non-nullable false`: otherwise
 * openapi-typescript demands in requests what has a default (findings/openapi-typescript-requires-defaults.sh).
 */
export async function clientTypesOf(service: string): Promise<string> {
  const document = await readFile(openApiFile(service), 'utf8');
  return astToString(await openapiTS(document, { defaultNonNullable: false }));
}
