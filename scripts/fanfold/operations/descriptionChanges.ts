import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { type Consumer, consumerOf, InvalidConsumer } from '@fanfold/description/compare/consumers';
import {
  type Change,
  type Descriptions,
  descriptionChanges,
} from '@fanfold/description/compare/descriptionChanges';
import { UsageError } from '../errors.ts';
import type { Description } from './descriptions.ts';

const root = join(import.meta.dirname, '../../..');

/**
 * What changed from a commit to the descriptions that are made now.
 *
 * @param repository where the commit and the folder `consumers` are
 * @throws UsageError when the commit is unknown or has no descriptions, or a file in `consumers` is wrong
 */
export async function changesSince(
  ref: string,
  describe: () => Promise<Description[]>,
  repository = root,
): Promise<Change[]> {
  const before = await descriptionsAt(repository, ref);
  const consumers = await consumersIn(repository);
  return orUsageError(async () => descriptionChanges(before, documentsOf(await describe()), consumers));
}

const documentPath = /^services\/([^/]+)\/(openapi|asyncapi)\.json$/;

/** The documents of services among files. */
function documentsOf(files: Description[]): Descriptions {
  const descriptions: Descriptions = new Map();
  for (const { path, text } of files) {
    const [, service, kind] = documentPath.exec(path) ?? [];
    if (service === undefined) continue;
    const document = JSON.parse(text);
    const found = descriptions.get(service) ?? {};
    if (kind === 'openapi' && document.openapi) found.openApi = document;
    if (kind === 'asyncapi' && document.asyncapi) found.asyncApi = document;
    if (Object.keys(found).length > 0) descriptions.set(service, found);
  }
  return descriptions;
}

/** The descriptions that a commit has. */
async function descriptionsAt(repository: string, ref: string): Promise<Descriptions> {
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: repository, maxBuffer: 2 ** 28 })).stdout;
  const commit = await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`).catch(
    (error: { code?: unknown }) => {
      // Otherwise there is no git, or no repository.
      if (error.code !== 1) throw error;
      throw new UsageError(
        `${ref} is no commit of this repository. Give a branch, a tag or a commit that git knows here; a shallow clone knows few: \`git fetch --unshallow\`.`,
      );
    },
  );
  const paths = (await git('ls-tree', '-r', '-z', '--name-only', commit.trim(), 'services/')).split('\0');
  const files = await Promise.all(
    paths
      .filter((path) => documentPath.test(path))
      .map(async (path) => ({ path, text: await git('show', `${commit.trim()}:${path}`) })),
  );
  const descriptions = documentsOf(files);
  if (descriptions.size > 0) return descriptions;
  throw new UsageError(
    `${ref} has no descriptions yet, so there is nothing to compare with: neither services/<name>/openapi.json nor asyncapi.json.`,
  );
}

/** The consumers in other repositories: `consumers/<name>.json`. */
async function consumersIn(repository: string): Promise<Consumer[]> {
  const folder = join(repository, 'consumers');
  if (!existsSync(folder)) return [];
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return orUsageError(async () =>
    files.map((file, i) => consumerOf(basename(file, '.json'), texts[i] ?? '')),
  );
}

const orUsageError = <Result>(read: () => Promise<Result>): Promise<Result> =>
  read().catch((error: Error) => {
    throw error instanceof InvalidConsumer ? new UsageError(error.message) : error;
  });
