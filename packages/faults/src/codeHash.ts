import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { bundleService, Libraries, servicesUnderTest } from './functions.ts';

/** What cells run: the services' code and templates, their libraries, and what breaks and checks them. In hexadecimal digits. */
export async function codeHash(): Promise<string> {
  const libraries = new Libraries();
  const hash = createHash('sha256');
  for (const service of servicesUnderTest) {
    hash.update(await bundleService(service, libraries));
    hash.update(JSON.stringify(await templateOf(service)));
  }
  hash.update(await libraries.bundle());
  for (const file of (await readdir(import.meta.dirname)).sort()) {
    if (!file.endsWith('.test.ts')) hash.update(await readFile(join(import.meta.dirname, file)));
  }
  return hash.digest('hex');
}
