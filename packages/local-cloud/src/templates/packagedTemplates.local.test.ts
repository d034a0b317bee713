// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are variables of the Serverless Framework.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { aloneIn, packageService, serviceNames, templateOf } from './packagedTemplates.ts';
import type { Template } from './template.ts';

const packageFolder = join(import.meta.dirname, '../..');
let service: string;

beforeEach(async () => {
  service = await mkdtemp(join(tmpdir(), 'fanfold-service-'));
  onTestFinished(() => rm(service, { recursive: true }));
  await cp(join(packageFolder, 'fixtures/mapped'), service, { recursive: true });
  const plugin = await readFile(join(service, 'compile.js'), 'utf8');
  await writeFile(join(service, 'compile.js'), plugin.replace('../..', packageFolder));
  await symlink(join(packageFolder, 'node_modules'), join(service, 'node_modules'));
  // Makes this service one that was never packaged.
  await appendFile(join(service, 'serverless.yml'), `# ${crypto.randomUUID()}\n`);
});

test('A service is packaged once, until its configuration changes, whatever is bundled or edited meanwhile', async () => {
  const template = await packageService(service);
  expect(template.Resources.Table?.Properties?.TableName).toBe('mapped-table');
  for (const file of ['.fanfold/4000/chunk.mjs', '.tried-1/handler.js', 'src/functions/handler.js']) {
    await mkdir(dirname(join(service, file)), { recursive: true });
    await writeFile(join(service, file), 'export const made = "meanwhile";');
  }
  expect(await packageService(service)).toEqual(template);

  const configuration = await readFile(join(service, 'serverless.yml'), 'utf8');
  await writeFile(join(service, 'serverless.yml'), configuration.replace('-table', '-things'));
  const changed = await packageService(service);
  expect(changed.Resources.Table?.Properties?.TableName).toBe('mapped-things');
});

test('Processes that package a service at the same time do it one after the other', async () => {
  await appendFile(
    join(service, 'compile.js'),
    `
    import { mkdirSync, rmdirSync } from 'node:fs';
    mkdirSync(import.meta.dirname + '/alone');
    process.once('exit', () => rmdirSync(import.meta.dirname + '/alone'));`,
  );
  const script = (owner: string) => `
    import { packageService } from '${import.meta.dirname}/packagedTemplates.ts';
    await packageService('${service}', 'staging', { owner: '${owner}' });`;
  const packages = ['ours', 'theirs', 'ours'].map((owner) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script(owner)]),
  );
  await expect(Promise.all(packages)).resolves.toHaveLength(3);
});

test('A stage and parameters are part of what is packaged', async () => {
  const configuration = await readFile(join(service, 'serverless.yml'), 'utf8');
  await writeFile(
    join(service, 'serverless.yml'),
    configuration
      .replace('TableName: ', 'TableName: ${sls:stage}-${param:owner}-')
      .replace('stage: local', ''),
  );
  const template = await packageService(service, 'staging', { owner: 'ours' });
  expect(template.Resources.Table?.Properties?.TableName).toBe('staging-ours-mapped-table');
});

test('A service that cannot be packaged fails with the output of the framework', async () => {
  await writeFile(join(service, 'serverless.yml'), 'service: mapped\nprovider: ${file(./missing.yml)}\n');
  await expect(packageService(service)).rejects.toThrow(
    'cannot be packaged:\nError:\nCannot resolve serverless.yml',
  );
});

test('A process that ends while it packages leaves nothing behind', async () => {
  const temporary = join(service, 'temporary');
  await mkdir(temporary);
  const script = `
    import { packageService } from '${import.meta.dirname}/packagedTemplates.ts';
    process.once('SIGTERM', () => process.exit());
    await packageService('${service}');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: 'inherit',
    env: { ...process.env, TMPDIR: temporary },
  });
  await expect.poll(() => readdir(temporary), { timeout: 20_000 }).toHaveLength(1);
  child.kill();
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await readdir(temporary)).toEqual([]);
});

test('What is packaged without its bundles is what serverless package makes, beside what names code', async () => {
  const folder = join(packageFolder, '../../services/stream');
  const framework = createRequire(join(folder, 'serverless.yml')).resolve('serverless/package.json');
  const packageIt = [join(dirname(framework), 'bin/serverless.js'), 'package', '--package', service];
  const run = promisify(execFile);
  await aloneIn(folder, () => run(process.execPath, [...packageIt, '--stage', 'local'], { cwd: folder }));
  expect((await readdir(service)).filter((file) => file.endsWith('.zip'))).not.toEqual([]);
  const deployed = await readFile(join(service, 'cloudformation-template-update-stack.json'), 'utf8');

  const withoutCode = (template: string): Template =>
    JSON.parse(
      template
        .replaceAll(/"serverless\/[^"]+\.zip"/g, '"BUNDLE"')
        .replaceAll(/(LambdaVersion)\w+/g, '$1')
        .replaceAll(/("CodeSha256": ?)"[^"]+"/g, '$1"HASH"'),
    );
  expect(withoutCode(JSON.stringify(await packageService(folder)))).toEqual(withoutCode(deployed));
});

test('What is compiled inside a running framework is what is packaged', async () => {
  const serverless = createRequire(import.meta.url).resolve('serverless/package.json');
  const out = join(service, 'compiled.json');
  const compile = [join(dirname(serverless), 'bin/serverless.js'), 'compile', '--out', out];
  await promisify(execFile)(process.execPath, compile, { cwd: service });
  const compiled: Template = JSON.parse(await readFile(out, 'utf8'));
  const packaged = await packageService(service);

  for (const [logicalId, { Type, Properties }] of Object.entries(packaged.Resources)) {
    // Where bundles are kept, and versions of them, are of no use without bundles.
    if (Type === 'AWS::Lambda::Version' || logicalId.startsWith('ServerlessDeploymentBucket')) continue;
    const { Code: _location, ...properties } = Properties ?? {};
    expect(compiled.Resources[logicalId]).toMatchObject({ Type, Properties: properties });
  }
});

test('The template of a service is found by its name, resolved', async () => {
  expect(await serviceNames()).toContain('bus');
  const resources = await templateOf('bus');
  expect(resources.EventsTopic?.Properties.TopicName).toBe('fanfold-local-events');
});

test('What a parameter takes from the environment is in the template, whatever was packaged before', async () => {
  const quorumIn = async () => {
    const { GetCheckpointLambdaFunction: getCheckpoint } = await templateOf('audit');
    return Object(getCheckpoint?.Properties.Environment).Variables.LOG_QUORUM;
  };
  vi.stubEnv('FANFOLD_QUORUM', undefined);
  expect(await quorumIn()).toBe('');
  vi.stubEnv('FANFOLD_QUORUM', '2');
  expect(await quorumIn()).toBe('2');
  vi.unstubAllEnvs();
});
