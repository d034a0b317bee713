import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exampleFile } from '@fanfold/contracts/exampleFile';
import { UsageError } from '../../errors.ts';
import { eventFiles, exampleOf, newTypeProblem } from './eventFiles.ts';
import { format, servicesFolder, writeNew } from './writeNew.ts';

/**
 * Declares an event of a service that publishes.
 *
 * @returns the paths of its files, from the root of the repository
 * @throws UsageError when it cannot be declared, with all that is wrong
 */
export async function newEvent(type: string, service: string): Promise<string[]> {
  const publishing = (await readdir(servicesFolder)).filter((name) =>
    existsSync(join(servicesFolder, name, 'src/functions/publisher.ts')),
  );
  const problems = [
    newTypeProblem(type),
    publishing.includes(service)
      ? undefined
      : `No service ${service} publishes events. These do: ${publishing.sort().join(', ')}.`,
  ].filter((problem) => problem !== undefined);
  if (problems.length > 0) throw new UsageError(...problems);
  const captured = exampleFile({ type: 'payment.captured.v1', source: '/payments' });
  const cause = JSON.parse(await readFile(captured, 'utf8'));
  const files = eventFiles({ type, service, example: (event) => exampleOf(service, event, 1, cause) });
  for (const [path, text] of files) await writeNew(join(servicesFolder, service, path), text);
  await format(join(servicesFolder, service, 'events'));
  return [...files.keys()].map((path) => `services/${service}/${path}`);
}
