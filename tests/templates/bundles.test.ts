import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleFunctions, type FunctionBundle, functions } from './functionBundles.ts';
import { servicesWithApi } from './stacks.ts';

const maxKilobytes = 361;
/** What asks witnesses needs few of AWS. */
const maxKilobytesOf: Record<string, number> = { askWitnesses: 250 };
/** What writes UBL and CII, and knows what each of their profiles needs. */
const kilobytesOfXml = 42;
/** What draws PDFs, which only the function may have that does. */
const kilobytesOfPdf = 560;
/** The client of S3, which only functions have that list files. */
const kilobytesOfS3 = 84;
/** The client of Kinesis, beside those of DynamoDB and SQS. */
const kilobytesOfKinesis = 5;
/** The check digits of VAT ids and registrations, country by country, the code lists of EN 16931, and which invoices are simplified. */
const kilobytesOfFindings = 75;
/** What a refund takes back of each line, category and rate, also after one that failed. */
const kilobytesOfCredit = 10;
/** What packs items, and most of that is what they have in common. */
const kilobytesOfPacking = 6;

let bundles: Map<string, FunctionBundle>;
beforeAll(async () => {
  bundles = await bundleFunctions(true);
});
const bundleOf = (service: string, functionKey: string) =>
  bundles.get(`${service} ${functionKey}`) as FunctionBundle;

describe.each(functions)('the bundle of $service $functionKey', ({ service, functionKey }) => {
  let bundle: FunctionBundle;
  beforeAll(() => {
    bundle = bundleOf(service, functionKey);
  });

  test('is small', () => {
    const hasS3 = bundle.paths.some((path) => path.includes('@aws-sdk/client-s3/'));
    const hasKinesis = bundle.paths.some((path) => path.includes('@aws-sdk/client-kinesis/'));
    const hasFindings = bundle.paths.some((path) => path.endsWith('packages/invoicing/src/vatId.ts'));
    const hasCredit = bundle.paths.some((path) => path.endsWith('src/payment/credit.ts'));
    const packs = bundle.paths.some((path) => path.endsWith('/runtime/src/packed.ts'));
    const kilobytes = Math.ceil(bundle.bytes / 1024);
    const writes = bundle.paths.some((path) => path.endsWith('/invoicing/src/ubl.ts'));
    expect(writes).toBe(service === 'billing' && /^(consumer|releaseParked)$/.test(functionKey));
    const draws = bundle.paths.some((path) => path.includes('/pdfkit/'));
    expect(draws).toBe(functionKey === 'renderer');
    expect(kilobytes).toBeLessThanOrEqual(
      (maxKilobytesOf[functionKey] ?? maxKilobytes) +
        (hasS3 ? kilobytesOfS3 : 0) +
        (hasKinesis ? kilobytesOfKinesis : 0) +
        (hasFindings ? kilobytesOfFindings : 0) +
        (hasCredit ? kilobytesOfCredit : 0) +
        (packs ? kilobytesOfPacking : 0) +
        (writes ? kilobytesOfXml : 0) +
        (draws ? kilobytesOfPdf : 0),
    );
  });

  test('has no AWS client of which it calls nothing', () => {
    const clients = bundle.paths.flatMap(
      (path) => /@aws-sdk\/client-([a-z0-9-]+)\/dist/.exec(path)?.[1] ?? [],
    );
    const called = bundle.paths.flatMap(
      (path) => /@aws-sdk\/client-([a-z0-9-]+)\/dist-es\/commands\//.exec(path)?.[1] ?? [],
    );
    expect(new Set(clients)).toEqual(new Set(called));
  });

  test('has no schema of what it answers, which only describes it', () => {
    expect(bundle.paths.filter((path) => /(\/answers|\/description)\.ts$/.test(path))).toEqual([]);
  });

  test('has each library once', () => {
    const copies = new Map<string, Set<string>>();
    for (const path of bundle.paths) {
      const [, copy, name] =
        /node_modules\/\.pnpm\/([^/]+)\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path) ?? [];
      if (copy && name) copies.set(name, (copies.get(name) ?? new Set()).add(copy));
    }
    // A kilobyte each: what breaks the lines of PDFs asks for an old one.
    copies.delete('base64-js');
    expect([...copies.values()].filter(({ size }) => size > 1)).toEqual([]);
  });

  test('has no language but English', () => {
    const locales = bundle.paths.flatMap((path) => /zod\/v4\/locales\/([\w-]+)\.js$/.exec(path)?.[1] ?? []);
    expect(locales.filter((locale) => locale !== 'en')).toEqual([]);
  });

  test('has no event streams, which no operation that is called has', () => {
    expect(bundle.paths.filter((path) => path.includes('/submodules/event-streams/'))).toEqual([]);
  });

  test('does without what would load Node’s fetch', () => {
    expect(bundle.text).not.toMatch(/\bnew (Headers|Request|Response|FormData)\b/);
    expect(bundle.text).not.toMatch(/(from|import|import\()\s*["'](node:)?https?["']/);
  });

  test('looks for credentials nowhere but where Lambda puts them', () => {
    const providers = bundle.paths.flatMap(
      (path) => /node_modules\/@aws-sdk\/(credential-provider-[a-z-]+)\//.exec(path)?.[1] ?? [],
    );
    expect(providers.filter((provider) => provider !== 'credential-provider-env')).toEqual([]);
  });
});

test.each(servicesWithApi)(
  'what serves the document of %s has no library of schemas or tokens',
  (service) => {
    const { paths } = bundleOf(service, 'getOpenApi');
    expect(paths.filter((path) => /node_modules\/(zod|jose)\//.test(path))).toEqual([]);
    expect(paths.filter((path) => path.endsWith('openapi.json'))).toHaveLength(1);
  },
);

test('what draws PDFs is packaged with the fonts that it reads', () => {
  const draws = functions.filter(({ service, functionKey }) =>
    bundleOf(service, functionKey).paths.some((path) => path.endsWith('/invoicing/src/fontFiles.ts')),
  );
  expect(draws).not.toEqual([]);
  for (const { service, functionKey } of draws) {
    const settings = readFileSync(
      join(import.meta.dirname, `../../services/${service}/serverless.yml`),
      'utf8',
    );
    const [, own = ''] = new RegExp(`^  ${functionKey}:\n((?:    .*\n|\n)*)`, 'm').exec(settings) ?? [];
    expect(own).toContain("package: { patterns: ['node_modules/@fanfold/invoicing/fonts/*.br'] }");
  }
});

test('a function of the API starts without Node’s fetch', async () => {
  const { text } = bundleOf('payments', 'getPayment');
  const file = join(await mkdtemp(join(tmpdir(), 'bundle-')), 'getPayment.mjs');
  await writeFile(file, text);
  const load = `await import(${JSON.stringify(pathToFileURL(file))}); console.log(JSON.stringify(process.moduleLoadList))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', load]);
  await rm(dirname(file), { recursive: true });
  expect(JSON.parse(stdout)).toContain('NativeModule http');
  expect(JSON.parse(stdout).filter((name: string) => name.includes('undici'))).toEqual([]);
});
