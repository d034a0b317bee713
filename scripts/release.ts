import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { currentShapes, type ReleaseShape, upgradeFaults } from './release/shape.ts';

/**
 * Notes what is checked out as the release of the version in package.json, so that the next one is compared with it. It
 * refuses what a stage of the last release could not be updated to.
 */
const repository = join(import.meta.dirname, '..');
const file = join(import.meta.dirname, 'release/lastRelease.json');
const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8')) as {
  version: string;
};
const last = JSON.parse(await readFile(file, 'utf8')) as ReleaseShape;
const services = await currentShapes();
const faults = upgradeFaults(last.services, services);
if (last.version === version) faults.push(`Version ${version} is released: raise it in package.json.`);
const changelog = await readFile(join(repository, 'CHANGELOG.md'), 'utf8');
if (!changelog.includes(`\n## [${version}] - `)) {
  faults.push(`CHANGELOG.md has no section "## [${version}] - <date>": make one of what is unreleased.`);
}
if (faults.length === 0) {
  await writeFile(file, `${JSON.stringify({ version, services } satisfies ReleaseShape, undefined, 2)}\n`);
  console.log(`${version} is the last release now. Commit that, and: git tag v${version}`);
} else {
  for (const fault of faults) console.error(fault);
  process.exitCode = 1;
}
