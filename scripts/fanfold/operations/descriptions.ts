import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { describeEvents } from '@fanfold/description/events/describeEvents';
import type { Exchange } from '@fanfold/description/openApi';
import {
  describeApi,
  exchangesFile,
  openApiFile,
  servicesWithApi,
  toText,
} from '@fanfold/description/service';
import { describeColumns } from '../../../services/archive/src/describeColumns.ts';

/** A document that is made from the code, and committed. */
export type Description = {
  /** From the root of the repository. */
  path: string;
  text: string;
};

const root = join(import.meta.dirname, '../../..');

/**
 * What the services say about themselves, made from their code.
 *
 * @throws InexpressibleSchema when a schema has no words, with what to do
 */
export async function makeDescriptions(): Promise<Description[]> {
  const services = await servicesWithApi();
  const apis = await Promise.all(
    services.map(async (name) => ({
      path: relative(root, openApiFile(name)).replaceAll('\\', '/'),
      text: await describeApi(name),
    })),
  );
  const columns = { path: 'services/archive/columns.json', text: toText(describeColumns()) };
  return [...apis, columns, ...(await describeEvents())];
}

/** Whether the committed document says the same. */
export async function isCurrent({ path, text }: Description): Promise<boolean> {
  const file = join(root, path);
  return existsSync(file) && (await readFile(file, 'utf8')) === text;
}

export const writeDescription = ({ path, text }: Description): Promise<void> =>
  writeFile(join(root, path), text);

/** Stores what the examples are made of. */
export async function writeExchanges(exchanges: Record<string, Exchange[]>): Promise<void> {
  for (const [service, recorded] of Object.entries(exchanges)) {
    await writeFile(exchangesFile(service), toText(recorded));
  }
}
