import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bundleService,
  Libraries,
  paymentProviders,
  servicesUnderTest,
  templateUnderTest,
} from './functions.ts';

/** What cells run: the services' code and templates, their libraries, and what breaks and checks them. In hexadecimal digits. */
export async function codeHash(): Promise<string> {
  const libraries = new Libraries();
  const hash = createHash('sha256');
  for (const service of servicesUnderTest) {
    for (const provider of service === 'payments' ? paymentProviders : (['sandbox'] as const)) {
      hash.update(await bundleService(service, libraries, provider));
      hash.update(JSON.stringify(await templateUnderTest(service, provider)));
    }
  }
  hash.update(await libraries.bundle());
  for (const folder of [import.meta.dirname, join(import.meta.dirname, '../../stripe-fake/src')]) {
    for (const file of (await readdir(folder)).sort()) {
      if (!file.endsWith('.test.ts')) hash.update(await readFile(join(folder, file)));
    }
  }
  return hash.digest('hex');
}
