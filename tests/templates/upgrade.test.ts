import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageService } from '@fanfold/local-cloud/packagedTemplates';
import { expect, onTestFinished, test } from 'vitest';
import {
  currentShapes,
  type ReleaseShape,
  serviceShape,
  upgradeFaults,
} from '../../scripts/release/shape.ts';

const repository = join(import.meta.dirname, '../..');
const read = (path: string) => readFile(join(repository, path), 'utf8');
const released: ReleaseShape = JSON.parse(await read('scripts/release/lastRelease.json'));

test('a stage of the last release can be updated in place', async () => {
  expect(upgradeFaults(released.services, await currentShapes())).toEqual([]);
});

test('the last release is noted whole: each service with its tables', () => {
  const tables = Object.entries(released.services).map(([name, shape]) => [name, Object.keys(shape.tables)]);
  expect(Object.fromEntries(tables)).toMatchObject({
    audit: expect.arrayContaining(['Table', 'KeysTable', 'WitnessTable']),
    billing: ['Table'],
    bus: [],
    payments: expect.arrayContaining(['Table']),
  });
});

test('the last release stands in the changelog', async () => {
  expect(await read('CHANGELOG.md')).toContain(`\n## [${released.version}] - `);
});

test('a stage from before the first release is updated by what the page says, in three steps', async () => {
  // As deep as services are. Always the same one: what is packaged is kept by its name.
  const root = join(repository, '.fanfold/upgrading');
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  await symlink(join(repository, 'packages'), join(root, 'packages'), 'dir');
  for (const service of ['audit', 'billing']) {
    for (const file of [
      'serverless.yml',
      'package.json',
      'operations.js',
      'subscriptions.js',
      'src',
      'node_modules',
    ]) {
      const from = join(repository, 'services', service, file);
      await mkdir(join(root, 'services', service), { recursive: true });
      if (file === 'serverless.yml') await cp(from, join(root, 'services', service, file));
      else if (existsSync(from)) await symlink(from, join(root, 'services', service, file));
    }
  }
  const section = (await read('docs/upgrading.md')).split('\n## A stage from before').at(-1) ?? '';
  const commands = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  expect(commands).toHaveLength(6);
  const shell = (text = '') => promisify(execFile)('sh', ['-euc', text], { cwd: root });
  const packaged = (service: string) => packageService(join(root, 'services', service));

  const now = await currentShapes();
  const before = structuredClone(now);
  for (const service of ['audit', 'billing']) {
    const index = before[service]?.tables.Table?.indexes.ByMerchant;
    if (index) index.projection = 'KEYS_ONLY';
  }
  // No stage from before has it.
  delete before.billing?.tables.Table?.indexes.Waiting;
  expect(upgradeFaults(before, now)).toHaveLength(2);
  /** What a step leaves to be deployed. */
  const step = async (text: string | undefined): Promise<ReleaseShape['services']> => {
    await shell(text);
    const shapes = { ...now };
    for (const service of ['audit', 'billing']) {
      const template = await packaged(service);
      shapes[service] = serviceShape(template);
      // DynamoDB refuses an attribute that is declared and in no key.
      const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes } = (template.Resources.Table
        ?.Properties ?? {}) as Record<string, { AttributeName: string }[]>;
      const keys = JSON.stringify([KeySchema, GlobalSecondaryIndexes]);
      expect(AttributeDefinitions).toBeDefined();
      for (const { AttributeName } of AttributeDefinitions ?? [])
        expect(keys).toContain(`"AttributeName":"${AttributeName}"`);
    }
    return shapes;
  };
  const indexesOf = (shapes: ReleaseShape['services'], service: string) =>
    Object.keys(shapes[service]?.tables.Table?.indexes ?? {});

  const without = await step(commands[0]);
  expect(indexesOf(without, 'audit')).toEqual(['ByCorrelation']);
  expect(indexesOf(without, 'billing')).toEqual(['ByOrder']);
  expect(upgradeFaults(before, without)).toEqual([]);
  const mended = await step(commands[2]);
  expect(mended.audit).toEqual(now.audit);
  expect(indexesOf(mended, 'billing')).toEqual(['ByMerchant', 'ByOrder']);
  expect(upgradeFaults(without, mended)).toEqual([]);
  await shell(commands[4]);
  for (const service of ['audit', 'billing']) {
    const path = `services/${service}/serverless.yml`;
    expect(await readFile(join(root, path), 'utf8')).toBe(await read(path));
  }
  expect(upgradeFaults(mended, now)).toEqual([]);
}, 180_000);
