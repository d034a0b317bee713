import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { definitions, documentOf, messagingFor } from '@fanfold/description/events/messagingFixtures';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changesSince } from './descriptionChanges.ts';

let repository: string;
beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'fanfold-descriptions-'));
  git('init', '--quiet', '--initial-branch', 'main');
  commit('README.md', 'No descriptions yet.');
});
afterEach(() => rmSync(repository, { recursive: true }));

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', ...args], {
    cwd: repository,
  });

function write(path: string, text: string): void {
  mkdirSync(dirname(join(repository, path)), { recursive: true });
  writeFileSync(join(repository, path), text);
}

function commit(path: string, text: string): void {
  write(path, text);
  git('add', '.');
  git('commit', '--quiet', '--message', path);
}

const path = 'services/billing/asyncapi.json';
const billing = messagingFor('billing', ['payment.captured.v1']);
const described = (defined = definitions) => JSON.stringify(documentOf(billing, defined));
const without = (type: string) => async () => [
  { path, text: described(definitions.filter((definition) => definition.type !== type)) },
];

test('a commit is compared with what the code says now, and not with the files', async () => {
  commit(path, described());
  write(path, 'not committed');
  expect(await changesSince('main', async () => [{ path, text: described() }], repository)).toEqual([]);
  expect(await changesSince('HEAD', without('payment.captured.v1'), repository)).toMatchObject([
    { of: 'payment.captured.v1', consumers: ['billing (services/billing/src/functions/consumer.handler)'] },
  ]);
});

test('consumers of other repositories are those in the folder consumers', async () => {
  commit(path, described());
  write('consumers/shop.json', '{"reads": {"payment.captured.v1": ["/data/amount"]}}');
  const [change] = await changesSince('main', without('payment.captured.v1'), repository);
  expect(change?.consumers).toContain('shop (consumers/shop.json)');
});

test.each([
  ['nowhere', 'nowhere is no commit of this repository.'],
  ['--help', '--help is no commit of this repository.'],
  ['HEAD~1', 'HEAD~1 has no descriptions yet, so there is nothing to compare with'],
])('the ref %s is bad usage', async (ref, message) => {
  commit(path, described());
  await expect(changesSince(ref, without(''), repository)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringContaining(message),
  });
});

test('without a repository nothing can be compared, and git says so', async () => {
  rmSync(join(repository, '.git'), { recursive: true });
  await expect(changesSince('main', without(''), repository)).rejects.toThrow('not a git repository');
});

test.each([
  [
    '{"reads": {"payment.captured.v1": ["/data/amounts"]}}',
    'consumers/shop.json reads /data/amounts of payment.captured.v1',
  ],
  ['{"reads": {"payment.captured.v9": ["/data/amount"]}}', 'consumers/shop.json reads payment.captured.v9'],
  ['{"reads"', 'consumers/shop.json is no JSON'],
])('the consumer %s is bad usage', async (text, message) => {
  commit(path, described());
  write('consumers/shop.json', text);
  await expect(changesSince('main', without(''), repository)).rejects.toMatchObject({
    name: 'UsageError',
    message: expect.stringContaining(message),
  });
});
