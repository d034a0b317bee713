import { InexpressibleSchema } from '@fanfold/description/jsonSchema';
import { CommandError } from '../errors.ts';
import { isCurrent, makeDescriptions, writeDescription } from '../operations/descriptions.ts';
import { print, printJson } from '../terminal.ts';

type Options = { json?: true };

/** `fanfold describe`: writes the documents that describe the services, from their code. */
export async function describe({ json }: Options): Promise<void> {
  const descriptions = await makeDescriptions().catch((error: Error) => {
    throw error instanceof InexpressibleSchema ? new CommandError(error.message) : error;
  });
  const written: { path: string; changed: boolean }[] = [];
  for (const description of descriptions) {
    const changed = !(await isCurrent(description));
    if (changed) await writeDescription(description);
    written.push({ path: description.path, changed });
  }
  if (json) printJson(written);
  else print(...written.map(({ path, changed }) => `${changed ? 'written  ' : 'unchanged'}  ${path}`));
}
